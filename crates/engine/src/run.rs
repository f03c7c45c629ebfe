//! Running a plan: buffers, and what an operator sees of them.

use fanin_kernels::change::Change;
use fanin_kernels::{Float, elementwise};

use crate::graph::Type;
use crate::ops::{InPieces, Operator};
use crate::plan::{Changed, Place, Plan, Slot, Step};
use crate::tensor::Shape;

pub use crate::buffer::{Buffer, Number, Stored};

/// The type that a graph is run in; dispatches an operator to the code for it.
pub trait Element: Float + Stored<Self> {
    #[doc(hidden)]
    fn run(operator: &dyn Operator, io: &mut Io<'_, Self>);

    #[doc(hidden)]
    fn change(operator: &dyn InPieces, io: &Io<'_, Self>, change: Change<'_, Self>);
}

impl Element for f32 {
    fn run(operator: &dyn Operator, io: &mut Io<'_, Self>) {
        operator.run_f32(io);
    }

    fn change(operator: &dyn InPieces, io: &Io<'_, Self>, change: Change<'_, Self>) {
        operator.change_f32(io, change);
    }
}

impl Element for f64 {
    fn run(operator: &dyn Operator, io: &mut Io<'_, Self>) {
        operator.run_f64(io);
    }

    fn change(operator: &dyn InPieces, io: &Io<'_, Self>, change: Change<'_, Self>) {
        operator.change_f64(io, change);
    }
}

/// The memory that a plan runs in: inputs, everything in between, and results.
#[derive(Clone, Debug)]
pub struct Workspace<T> {
    buffers: Vec<Buffer<T>>,
    outputs: Vec<Buffer<T>>,
    feeds: Vec<Slot>,
    kept: Vec<Slot>,
}

impl<T: Element> Workspace<T> {
    /// The n-th input, to fill before a run.
    ///
    /// # Panics
    /// If the input holds integers.
    pub fn feed(&mut self, input: usize) -> &mut [T] {
        let (buffer, elements) = locate(&self.feeds[input]);
        &mut self.buffers[buffer].floats_mut()[..elements]
    }

    /// Exchanges the n-th input for a buffer of the same length, so that a run reads a batch where it
    /// lies. No run changes an input: what is exchanged back is what it was.
    ///
    /// # Panics
    /// If the input holds integers, or the lengths differ.
    pub fn exchange_feed(&mut self, input: usize, values: &mut Vec<T>) {
        let (buffer, _) = locate(&self.feeds[input]);
        self.buffers[buffer].exchange(values);
    }

    /// Two different inputs, to fill side by side before a run.
    ///
    /// # Panics
    /// If the inputs are the same or hold integers.
    pub fn feed_pair(&mut self, first: usize, second: usize) -> (&mut [T], &mut [T]) {
        let (a, a_elements) = locate(&self.feeds[first]);
        let (b, b_elements) = locate(&self.feeds[second]);
        let pair = self.buffers.get_disjoint_mut([a, b]);
        let [a, b] = pair.expect("two different inputs have different buffers");
        (&mut a.floats_mut()[..a_elements], &mut b.floats_mut()[..b_elements])
    }

    /// The n-th input, to fill with integers before a run.
    ///
    /// # Panics
    /// If the input holds floating-point numbers.
    pub fn feed_integers(&mut self, input: usize) -> &mut [i64] {
        let (buffer, elements) = locate(&self.feeds[input]);
        &mut self.buffers[buffer].integers_mut()[..elements]
    }

    /// The values of the n-th wire that the plan was asked to compute, after a run.
    pub fn read(&self, kept: usize) -> &[T] {
        let (buffer, elements) = locate(&self.kept[kept]);
        &self.buffers[buffer].floats()[..elements]
    }

    /// The integers of the n-th wire that the plan was asked to compute, after a run.
    ///
    /// # Panics
    /// If the wire holds floating-point numbers.
    pub fn read_integers(&self, kept: usize) -> &[i64] {
        let (buffer, elements) = locate(&self.kept[kept]);
        &self.buffers[buffer].integers()[..elements]
    }

    /// The values of the n-th wire that the plan was asked to compute, to change after a run, as
    /// gradient clipping does.
    pub fn read_mut(&mut self, kept: usize) -> &mut [T] {
        let (buffer, elements) = locate(&self.kept[kept]);
        &mut self.buffers[buffer].floats_mut()[..elements]
    }
}

fn locate(slot: &Slot) -> (usize, usize) {
    match slot.place {
        Place::Buffer(buffer) => (buffer, slot.elements),
        Place::Parameter(_) | Place::Nowhere => {
            unreachable!("inputs and results lie in buffers")
        }
    }
}

impl Plan {
    /// Memory for runs of this plan, with its constants computed.
    pub fn workspace<T: Element>(&self) -> Workspace<T> {
        let all = self.steps.iter().chain(&self.fixed).chain(&self.constants);
        let widest = all.map(|s| s.outputs.len()).max();
        let mut workspace = Workspace {
            buffers: self.buffers.iter().map(|b| Buffer::new(b.kind, b.elements)).collect(),
            outputs: (0..widest.unwrap_or(0)).map(|_| Buffer::default()).collect(),
            feeds: self.feeds.clone(),
            kept: self.kept.clone(),
        };
        for step in &self.constants {
            run_step(step, &[], &mut workspace);
        }
        workspace
    }

    /// Computes the wires asked for, from the parameters given and the inputs in `workspace`.
    ///
    /// `parameters` stand in the graph's order. Allocates nothing.
    ///
    /// # Panics
    /// If the number or the sizes of the parameters are not the graph's.
    pub fn run<T: Element>(&self, parameters: &[Vec<T>], workspace: &mut Workspace<T>) {
        self.prepare(parameters, workspace);
        self.rerun(parameters, workspace);
    }

    /// Computes what depends on none of the inputs that the plan was [staged](Plan::staged) for:
    /// wires kept among that can be read, and [`rerun`](Plan::rerun) computes the others. Allocates
    /// nothing.
    ///
    /// # Panics
    /// As [`run`](Plan::run).
    pub fn prepare<T: Element>(&self, parameters: &[Vec<T>], workspace: &mut Workspace<T>) {
        assert!(
            parameters.iter().map(Vec::len).eq(self.parameter_elements.iter().copied()),
            "a plan runs with the parameters of its graph"
        );
        for step in &self.fixed {
            run_step(step, parameters, workspace);
        }
    }

    /// Computes anew what depends on the inputs that the plan was [staged](Plan::staged) for, after
    /// a run or a [`prepare`](Plan::prepare) with the same parameters and the same other inputs. Allocates nothing.
    ///
    /// # Panics
    /// If the plan was made for parameters that [change](Plan::run_changing).
    pub fn rerun<T: Element>(&self, parameters: &[Vec<T>], workspace: &mut Workspace<T>) {
        assert!(!self.changing, "parameters of this plan change as it runs");
        for step in &self.steps {
            run_step(step, parameters, workspace);
        }
    }
}

/// What a caller does with parameters while a plan [runs](Plan::run_changing).
pub trait Update<T> {
    /// Whether parameters change in this run: asked once, when wires are there that no change needs,
    /// such as the loss.
    fn begins(&mut self, _workspace: &Workspace<T>) -> bool {
        true
    }

    /// Calls `make` once with how the parameter of this change does so, and what changes with it; the
    /// pieces that its rule gets are disjoint and make up the parameter.
    fn change(&mut self, number: usize, parameter: &mut [T], make: &mut dyn FnMut(Change<'_, T>));
}

impl Plan {
    /// Runs, and changes each parameter that the plan was [made for](Plan::changing) by its wire.
    /// Allocates nothing.
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
        for step in &self.steps {
            let Some(Changed { number, parameter }) = step.change else {
                run_step(step, parameters, workspace);
                continue;
            };
            if !*begins.get_or_insert_with(|| update.begins(workspace)) {
                continue;
            }
            // No step reads the parameter from here on.
            let mut own = std::mem::take(&mut parameters[parameter]);
            update.change(number, &mut own, &mut |change| {
                run_step_changing(step, parameters, workspace, change);
            });
            parameters[parameter] = own;
        }
        if !begins.unwrap_or_else(|| update.begins(workspace)) {
            return;
        }
        for (change, by) in &self.late {
            let (buffer, elements) = locate(by);
            let by = &workspace.buffers[buffer].floats()[..elements];
            let own = &mut parameters[change.parameter];
            update.change(change.number, own, &mut |change| change.by(by));
        }
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

/// Lifts the outputs' buffers out of the workspace, so that inputs and outputs are disjoint, and
/// puts them back when the operator is done.
fn run_step<T: Element>(step: &Step, parameters: &[Vec<T>], workspace: &mut Workspace<T>) {
    let Workspace { buffers, outputs, .. } = workspace;
    for (slot, output) in step.outputs.iter().zip(outputs.iter_mut()) {
        std::mem::swap(&mut buffers[locate(slot).0], output);
    }
    T::run(&*step.operator, &mut Io { step, parameters, buffers, outputs });
    for (slot, output) in step.outputs.iter().zip(outputs.iter_mut()) {
        std::mem::swap(&mut buffers[locate(slot).0], output);
    }
}

/// What an operator sees while it runs: its inputs to read and its outputs to write.
#[derive(Debug)]
pub struct Io<'a, T> {
    step: &'a Step,
    parameters: &'a [Vec<T>],
    buffers: &'a [Buffer<T>],
    outputs: &'a mut [Buffer<T>],
}

impl<'a, T: Element> Io<'a, T> {
    /// The type of an input.
    pub fn input_type(&self, input: usize) -> &'a Type {
        &self.step.inputs[input].r#type
    }

    /// The shape of an input.
    pub fn input_shape(&self, input: usize) -> &'a Shape {
        &self.step.inputs[input].r#type.shape
    }

    /// The shape of an output.
    pub fn output_shape(&self, output: usize) -> &'a Shape {
        &self.step.outputs[output].r#type.shape
    }

    /// The type of an output.
    pub fn output_type(&self, output: usize) -> &'a Type {
        &self.step.outputs[output].r#type
    }

    /// The number of inputs.
    pub fn input_count(&self) -> usize {
        self.step.inputs.len()
    }

    /// The inputs, to be read as whatever each holds, and the first output to write.
    ///
    /// # Panics
    /// If the output holds another kind.
    pub fn parts<O: Stored<T>>(&mut self) -> (Inputs<'_, T>, &mut [O]) {
        let elements = self.step.outputs[0].elements;
        let Self { step, parameters, buffers, .. } = *self;
        let inputs = Inputs { step, parameters, buffers };
        (inputs, &mut O::slice_mut(&mut self.outputs[0])[..elements])
    }

    /// The floating-point elements of an input.
    ///
    /// # Panics
    /// If it holds integers.
    pub fn read(&self, input: usize) -> &[T] {
        floats(&self.step.inputs[input], self.parameters, self.buffers)
    }

    /// The input whose values stand in the first output already, to be changed in place.
    pub fn in_place(&self) -> Option<usize> {
        self.step.in_place
    }

    /// The floating-point elements of the inputs, and those of the first output to write.
    ///
    /// # Panics
    /// If one of them holds integers, or an input is the one that is changed in place.
    pub fn split<const N: usize>(&mut self, inputs: [usize; N]) -> ([&[T]; N], &mut [T]) {
        let elements = self.step.outputs[0].elements;
        let read = inputs.map(|input| {
            assert_ne!(
                self.step.in_place,
                Some(input),
                "an input in place has no slice of its own"
            );
            floats(&self.step.inputs[input], self.parameters, self.buffers)
        });
        (read, &mut self.outputs[0].floats_mut()[..elements])
    }

    /// The floating-point elements of the inputs, and those of the first `M` outputs to write.
    ///
    /// # Panics
    /// If one of them holds integers.
    pub fn split_outputs<const N: usize, const M: usize>(
        &mut self,
        inputs: [usize; N],
    ) -> ([&[T]; N], [&mut [T]; M]) {
        let read =
            inputs.map(|input| floats(&self.step.inputs[input], self.parameters, self.buffers));
        let mut outputs = self.outputs.iter_mut().zip(&self.step.outputs);
        let write = std::array::from_fn(|_| {
            let (buffer, slot) = outputs.next().expect("the operator has as many outputs");
            &mut buffer.floats_mut()[..slot.elements]
        });
        (read, write)
    }

    /// The floating-point elements of an input, those of the first output, and the integers of
    /// the second.
    ///
    /// # Panics
    /// If the kinds are others.
    pub fn split_indexing(&mut self, input: usize) -> (&[T], &mut [T], &mut [i64]) {
        let read = floats(&self.step.inputs[input], self.parameters, self.buffers);
        let [values, indices, ..] = &mut self.outputs[..] else {
            panic!("the operator has two outputs");
        };
        let elements = [0, 1].map(|output| self.step.outputs[output].elements);
        (read, &mut values.floats_mut()[..elements[0]], &mut indices.integers_mut()[..elements[1]])
    }

    /// The integers of an input, the floating-point elements of another, and the first output.
    pub fn split_indexed(&mut self, indices: usize, input: usize) -> (&[i64], &[T], &mut [T]) {
        let elements = self.step.outputs[0].elements;
        let slot = &self.step.inputs[indices];
        let (buffer, count) = locate(slot);
        let integers = &self.buffers[buffer].integers()[..count];
        let read = floats(&self.step.inputs[input], self.parameters, self.buffers);
        (integers, read, &mut self.outputs[0].floats_mut()[..elements])
    }

    /// The integers of an input, and the first output to write.
    pub fn split_integers(&mut self, input: usize) -> (&[i64], &mut [T]) {
        let elements = self.step.outputs[0].elements;
        let (buffer, count) = locate(&self.step.inputs[input]);
        (&self.buffers[buffer].integers()[..count], &mut self.outputs[0].floats_mut()[..elements])
    }

    /// The first output alone.
    pub fn output(&mut self) -> &mut [T] {
        let elements = self.step.outputs[0].elements;
        &mut self.outputs[0].floats_mut()[..elements]
    }

    /// Writes f(x) for every element x of input 0, in place where the plan says so.
    pub fn map<E: Stored<T>>(&mut self, f: impl Fn(E) -> E + Sync) {
        let in_place = self.step.in_place == Some(0);
        let (inputs, out) = self.parts::<E>();
        if in_place {
            elementwise::map_in_place(out, f);
        } else {
            elementwise::map(inputs.get::<E>(0), out, f);
        }
    }
}

/// The inputs of a step, each to be read as what it holds.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a, T> {
    step: &'a Step,
    parameters: &'a [Vec<T>],
    buffers: &'a [Buffer<T>],
}

impl<'a, T: Element> Inputs<'a, T> {
    /// The elements of an input.
    ///
    /// # Panics
    /// If it holds another kind, or is the one that is changed in place.
    pub fn get<E: Stored<T>>(&self, input: usize) -> &'a [E] {
        assert_ne!(self.step.in_place, Some(input), "an input in place has no slice of its own");
        let slot = &self.step.inputs[input];
        match slot.place {
            Place::Parameter(index) => E::parameter(&self.parameters[index]),
            Place::Buffer(buffer) => &E::slice(&self.buffers[buffer])[..slot.elements],
            Place::Nowhere => unreachable!("nothing reads what is handed on"),
        }
    }

    /// The shape of an input.
    pub fn shape(&self, input: usize) -> &'a Shape {
        &self.step.inputs[input].r#type.shape
    }
}

fn floats<'a, T: Element>(
    slot: &Slot,
    parameters: &'a [Vec<T>],
    buffers: &'a [Buffer<T>],
) -> &'a [T] {
    match slot.place {
        Place::Parameter(index) => &parameters[index],
        Place::Buffer(buffer) => &buffers[buffer].floats()[..slot.elements],
        Place::Nowhere => unreachable!("nothing reads what is handed on"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Graph, gradients};

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
    fn graph() -> (Graph, crate::Wire, Vec<(crate::Wire, crate::Wire)>) {
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
        assert_eq!(plan.steps.iter().filter(nowhere).count(), 1);
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
