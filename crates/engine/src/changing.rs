//! Running a plan whose parameters change while it runs, each as soon as nothing reads it any more.
//!
//! A gradient that only changes its parameter is used at once: its memory is free again, or was never
//! needed, where its operator hands it out [in pieces](crate::ops::InPieces).

use fanin_kernels::change::Change;
use fanin_kernels::memory::{Extent, gather};

use crate::buffer::Buffer;
use crate::plan::{Changed, Place, Plan, Step};
use crate::run::{Element, Io, Workspace, locate, run_step};

/// What a caller does with parameters while a plan [runs](Plan::run_changing).
pub trait Update<T> {
    /// Whether parameters change in this run: asked once, before the first change, when wires that were
    /// computed until then can be read, such as the loss of a graph to which its gradients were added.
    fn begins(&mut self, _workspace: &Workspace<T>) -> bool {
        true
    }

    /// Calls `make` once with how the parameter of this change does so, and what changes with it; the
    /// pieces that its rule gets are disjoint and make up the parameter.
    fn change(&mut self, number: usize, parameter: &mut [T], make: &mut dyn FnMut(Change<'_, T>));
}

impl Plan {
    /// Runs, and changes each parameter that the plan was [made for](Plan::changing) by its wire.
    /// Allocates nothing, but for the first run in a workspace: that puts all memory that was used on
    /// [large pages](fanin_kernels::memory::gather).
    ///
    /// # Panics
    /// As [`run`](Plan::run), or if `update` calls back with buffers of other lengths.
    pub fn run_changing<T: Element>(
        &self,
        parameters: &mut [Vec<T>],
        workspace: &mut Workspace<T>,
        update: &mut dyn Update<T>,
    ) {
        self.prepare(parameters, workspace);
        let mut begins = None;
        let mut used = (!workspace.gathered).then(Vec::new);
        let mut note = |change: &Change<'_, T>| {
            if let Some(used) = &mut used {
                used.extend(change.buffers.each_ref().map(|buffer| Extent::of(buffer)));
            }
        };
        for step in &self.steps {
            let Some(Changed { number, parameter }) = step.change else {
                run_step(step, parameters, workspace);
                continue;
            };
            if !*begins.get_or_insert_with(|| update.begins(workspace)) {
                continue;
            }
            // No step reads the parameter from here on.
            let mut lent = Lent::new(parameters, parameter);
            let Lent { all, own, .. } = &mut lent;
            update.change(number, own, &mut |change| {
                note(&change);
                run_step_changing(step, all, workspace, change);
            });
        }
        if !begins.unwrap_or_else(|| update.begins(workspace)) {
            return;
        }
        for (change, by) in &self.late {
            let (buffer, elements) = locate(by);
            let by = &workspace.buffers[buffer].floats()[..elements];
            let own = &mut parameters[change.parameter];
            update.change(change.number, own, &mut |change| {
                note(&change);
                change.by(by);
            });
        }
        if let Some(used) = used {
            workspace.gathered = true;
            gather(used.into_iter().chain(workspace.buffers.iter().map(Buffer::extent)));
        }
    }
}

/// A parameter taken out of all of them, which is put back whatever happens.
struct Lent<'a, T> {
    all: &'a mut [Vec<T>],
    own: Vec<T>,
    place: usize,
}

impl<'a, T> Lent<'a, T> {
    fn new(all: &'a mut [Vec<T>], place: usize) -> Self {
        let own = std::mem::take(&mut all[place]);
        Self { all, own, place }
    }
}

impl<T> Drop for Lent<'_, T> {
    fn drop(&mut self) {
        self.all[self.place] = std::mem::take(&mut self.own);
    }
}

/// Runs a step and changes by its output, in pieces where it lies nowhere.
fn run_step_changing<T: Element>(
    step: &Step,
    parameters: &[Vec<T>],
    workspace: &mut Workspace<T>,
    change: Change<'_, T>,
) {
    if step.outputs[0].place != Place::Nowhere {
        run_step(step, parameters, workspace);
        let (buffer, elements) = locate(&step.outputs[0]);
        return change.by(&workspace.buffers[buffer].floats()[..elements]);
    }
    let Workspace { buffers, outputs, .. } = workspace;
    let io = Io { step, parameters, buffers, outputs };
    T::change(step.operator.in_pieces().expect("the plan has asked"), &io, change);
}

#[cfg(test)]
mod tests {
    use super::*;
    use fanin_kernels::matmul::comes_in_pieces;

    use crate::{Graph, Type, Wire, gradients};

    /// W := W − ½·g.
    struct Descent;

    impl Update<f64> for Descent {
        fn change(
            &mut self,
            _number: usize,
            parameter: &mut [f64],
            make: &mut dyn FnMut(Change<'_, f64>),
        ) {
            let rule = |_, [w, ..]: [&mut [f64]; 3], g: &[f64]| {
                w.iter_mut().zip(g).for_each(|(w, g)| *w -= 0.5 * g);
            };
            make(Change { buffers: [parameter, &mut [], &mut []], rule: &rule });
        }
    }

    /// Three layers, the first with a bias, the others with one weight.
    fn graph() -> (Graph, Wire, Vec<(Wire, Wire)>) {
        let mut graph = Graph::new();
        let x = graph.input("x", Type::float([3, 40]));
        let shapes: [&[usize]; 3] = [&[40, 40], &[40], &[40, 40]];
        let wires = [0, 1, 2].map(|i| graph.parameter(&format!("{i}"), shapes[i]));
        let mut y = graph.linear(x, wires[0], Some(wires[1])).unwrap();
        for _ in 0..2 {
            y = graph.activate(y, &*crate::activations::find("tanh").unwrap()).unwrap();
            y = graph.linear(y, wires[2], None).unwrap();
        }
        let loss = graph.sum_to(y, []).unwrap();
        let slopes = gradients(&mut graph, loss, &wires).unwrap();
        (graph, loss, slopes.into_iter().zip(wires).collect())
    }

    fn parameters() -> Vec<Vec<f64>> {
        let numbers =
            |count: usize| (0..count).map(|i| (i * i % 29) as f64 / 99.0 - 0.14).collect();
        [1600, 40, 1600].map(numbers).into()
    }

    #[test]
    fn parameters_that_change_as_gradients_come_end_where_kept_gradients_bring_them() {
        let (graph, loss, changes) = graph();
        let by: Vec<_> = changes.iter().map(|(by, _)| *by).collect();
        let kept = Plan::new(&graph, &[&[loss][..], &by].concat()).unwrap();
        let plan = Plan::changing(&graph, &[loss], &changes).unwrap();
        let nowhere = |step: &&Step| step.outputs[0].place == Place::Nowhere;
        let comes = comes_in_pieces::<f32>(3) && comes_in_pieces::<f64>(3);
        assert_eq!(plan.steps.iter().filter(nowhere).count(), usize::from(comes));
        assert_eq!(plan.steps.iter().filter(|step| step.change.is_some()).count(), 3);
        assert!(plan.buffer_elements() <= kept.buffer_elements() && plan.late.is_empty());
        let [mut a, mut b] = [kept.workspace::<f64>(), plan.workspace()];
        for workspace in [&mut a, &mut b] {
            workspace.feed(0).iter_mut().enumerate().for_each(|(i, x)| *x = (i % 7) as f64 - 3.0);
        }
        let [mut wanted, mut found] = [parameters(), parameters()];
        for _ in 0..3 {
            kept.run(&wanted, &mut a);
            for (n, w) in wanted.iter_mut().enumerate() {
                w.iter_mut().zip(a.read(n + 1)).for_each(|(w, g)| *w -= 0.5 * g);
            }
            plan.run_changing(&mut found, &mut b, &mut Descent);
            assert_eq!(a.read(0), b.read(0));
            assert!(wanted == found);
        }
        let counted = allocation_counter::measure(|| {
            plan.run_changing(&mut found, &mut b, &mut Descent);
        });
        assert_eq!(counted.count_total, 0);
    }

    #[test]
    fn a_wire_that_is_read_besides_changes_its_parameter_when_all_is_done() {
        let (graph, loss, changes) = graph();
        let plan = Plan::changing(&graph, &[loss, changes[0].0], &changes).unwrap();
        assert_eq!(plan.late.len(), 1);
        let [mut found, before] = [parameters(), parameters()];
        let mut workspace = plan.workspace();
        workspace.feed(0).fill(1.0);
        plan.run_changing(&mut found, &mut workspace, &mut Descent);
        for ((w, before), g) in found[0].iter().zip(&before[0]).zip(workspace.read(1)) {
            assert_eq!(*w, before - 0.5 * g);
        }
    }

    #[test]
    fn nothing_changes_where_the_caller_does_not_begin() {
        struct Never;
        impl Update<f64> for Never {
            fn begins(&mut self, workspace: &Workspace<f64>) -> bool {
                assert!(workspace.read(0)[0].is_finite());
                false
            }
            fn change(&mut self, _: usize, _: &mut [f64], _: &mut dyn FnMut(Change<'_, f64>)) {
                panic!("no change was begun");
            }
        }
        let (graph, loss, changes) = graph();
        let plan = Plan::changing(&graph, &[loss], &changes).unwrap();
        let mut found = parameters();
        plan.run_changing(&mut found, &mut plan.workspace(), &mut Never);
        assert!(found == parameters());
    }

    #[test]
    #[should_panic(expected = "parameters of this plan change as it runs")]
    fn a_plan_that_changes_parameters_does_not_run_without_a_change() {
        let (graph, loss, changes) = graph();
        let plan = Plan::changing(&graph, &[loss], &changes).unwrap();
        plan.run::<f64>(&parameters(), &mut plan.workspace());
    }
}
