//! An activation, or one of its derivatives, applied to every element.

use std::sync::Arc;

use crate::activations::{ACTIVATIONS, Activation};
use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Kind, Source, Type, Wire, misfit};
use crate::run::Io;
use crate::spread::Spread;

use super::activate_scale::ActivateScale;
use super::take_positions::TakePositions;
use super::{Entry, Operator, Sample, Structure};

/// φ^(order) of every element.
#[derive(Clone, Debug)]
pub struct Activate {
    pub(super) activation: Arc<dyn Activation>,
    pub(super) order: usize,
}

pub const ENTRY: Entry = Entry {
    name: "activate",
    about: "an activation, or one of its derivatives, of every element",
    samples: || {
        let sample = |a: &&dyn Activation| {
            let operator = Activate { activation: a.boxed().into(), order: 0 };
            Sample::new(operator, &[Type::float([4, 5])]).within(0.05, 0.95)
        };
        ACTIVATIONS.iter().map(sample).collect()
    },
};

impl Operator for Activate {
    fn name(&self) -> &'static str {
        self.activation.name()
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        match inputs {
            [x] if x.kind == Kind::Float => Ok(vec![(*x).clone()]),
            _ => Err(misfit(self.name(), inputs, "one input of floating-point numbers")),
        }
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        let d_out = backward.output_gradient();
        let activation = Arc::clone(&self.activation);
        let by_value = self.order == 0 && activation.of_value().is_some();
        let operator = ActivateScale { activation, order: self.order + 1 };
        let (x, y) = (backward.inputs[0], backward.outputs[0]);
        let count = if by_value { 3 } else { 2 };
        let graph = &mut *backward.graph;
        let Some(Chosen { put, gradient, values, indices }) = Chosen::of(graph, y, d_out) else {
            return Ok(vec![Some(graph.apply(operator, &[x, d_out, y][..count])?)]);
        };
        let x = graph.apply(TakePositions, &[x, indices])?;
        let gradient = graph.apply(operator, &[x, gradient, values][..count])?;
        Ok(vec![Some(graph.apply_shared(put, &[gradient, indices])?[0])])
    }

    fn run_f32(&self, io: &mut Io<'_, f32>) {
        if io.in_place() == Some(0) {
            return self.activation.change_f32(self.order, io.output());
        }
        let ([x], out) = io.split([0]);
        self.activation.apply_f32(self.order, x, out);
    }

    fn run_f64(&self, io: &mut Io<'_, f64>) {
        if io.in_place() == Some(0) {
            return self.activation.change_f64(self.order, io.output());
        }
        let ([x], out) = io.split([0]);
        self.activation.apply_f64(self.order, x, out);
    }

    fn in_place(&self) -> &'static [usize] {
        &[0]
    }

    fn is_pointwise(&self) -> bool {
        true
    }

    fn spread(&self, _types: &[&Type], inputs: &[&Spread]) -> Option<Vec<Spread>> {
        let x = inputs.first()?;
        Some(vec![x.of_partial_function(|x| self.activation.at(self.order, x))?])
    }

    fn knows_rows(&self) -> bool {
        true
    }
}

/// A gradient that a pool hands back to the elements that it chose. Only these need a slope, so it is
/// applied before they are put in their places: to fewer elements, by values that the pool keeps.
struct Chosen {
    put: Arc<dyn Operator>,
    gradient: Wire,
    values: Wire,
    indices: Wire,
}

impl Chosen {
    /// What `gradient` with respect to `y` is made of, if it is such a one.
    fn of(graph: &Graph, y: Wire, gradient: Wire) -> Option<Self> {
        let node = |wire| match graph.source(wire) {
            Source::Node(node, output) => Some((&graph.nodes()[node], output)),
            _ => None,
        };
        let (put, _) = node(gradient).filter(|(node, _)| node.operator.puts_at_positions())?;
        let (gradient, indices) = (put.inputs[0], put.inputs[1]);
        let (pool, output) = node(indices)?;
        let is_of_y = pool.operator.structure() == Structure::Largest && pool.inputs[..] == [y];
        let put = Arc::clone(&put.operator);
        (is_of_y && output == 1).then(|| Self { put, gradient, values: pool.outputs[0], indices })
    }
}

impl Graph {
    /// φ(x), element by element.
    ///
    /// # Errors
    /// None that a wire of this graph can cause.
    pub fn activate(&mut self, x: Wire, activation: &dyn Activation) -> Result<Wire> {
        self.apply(Activate { activation: activation.boxed().into(), order: 0 }, &[x])
    }
}

#[cfg(test)]
mod tests {
    use crate::activations::find;
    use crate::evaluate::{Array, compute};
    use crate::ops::window::{Rounding, Window};
    use crate::{Plan, gradients};

    /// The gradient of Σ pool(φ(x))² with respect to x, and how many elements the plan of it has; a
    /// detour through a copy of φ(x) hides from the pool what it is of.
    fn through_a_pool(activation: &str, stride: usize, detour: bool) -> (Vec<f64>, usize) {
        let numbers = (0..72).map(|i| f64::from(i * i % 31) / 9.0 - 1.4).collect();
        let x = Array::float([1, 2, 6, 6], numbers).unwrap();
        let window =
            Window { strides: vec![stride; 2], dilations: vec![1; 2], pads: vec![(0, 0); 2] };
        let mut elements = 0;
        let found = compute(&[&x], 1000, |graph, wires| {
            let mut y = graph.activate(wires[0], &*find(activation).unwrap())?;
            if detour {
                y = graph.affine(y, 1.0, 0.0)?;
            }
            let (values, _) = graph.max_pool(y, &[2, 2], &window, Rounding::Down)?;
            let square = graph.multiply(values, values)?;
            let loss = graph.sum_to(square, [])?;
            let slope = gradients(graph, loss, &wires[..1])?;
            elements = Plan::new(graph, &slope)?.buffer_elements();
            Ok(slope)
        });
        (found.unwrap().remove(0).floats().unwrap().to_vec(), elements)
    }

    #[test]
    fn a_slope_before_a_pool_is_applied_to_what_it_chose() {
        for activation in ["relu", "tanh", "gelu"] {
            for stride in [2, 1] {
                let (short, few) = through_a_pool(activation, stride, false);
                let (long, many) = through_a_pool(activation, stride, true);
                // The slope of gelu needs what went in, which lies there anyway.
                let saves = activation != "gelu" && stride == 2;
                assert!(
                    if saves { few < many } else { few <= many },
                    "{activation}: {few} and {many}"
                );
                for (short, long) in short.iter().zip(&long) {
                    assert!((short - long).abs() < 1e-12, "{activation}: {short} and {long}");
                }
            }
        }
    }
}
