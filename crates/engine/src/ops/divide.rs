//! Quotient of two tensors, element by element.

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Type, Wire};
use crate::run::{Element, Io};

use super::broadcast::{compute_binary, infer_binary};
use super::operator::run_generic;
use super::{Entry, Operator, Sample};

/// Quotient of two tensors, element by element.
#[derive(Clone, Copy, Debug)]
pub struct Divide;

pub const ENTRY: Entry = Entry {
    name: "divide",
    about: "a / b, element by element",
    samples: || {
        vec![
            Sample::new(Divide, &[Type::float([3, 4]), Type::float([3, 4])]).within(0.5, 2.0),
            Sample::new(Divide, &[Type::float([3, 4]), Type::float([4])]).within(0.5, 2.0),
            Sample::new(Divide, &[Type::float([3, 1]), Type::float([2, 1, 4])]).within(0.5, 2.0),
            Sample::new(Divide, &[Type::float([1]), Type::float([2, 3])]).within(0.5, 2.0),
        ]
    },
};

impl Divide {
    fn compute<T: Element>(self, io: &mut Io<'_, T>) {
        compute_binary(io, |a, b| a / b);
    }
}

impl Operator for Divide {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        infer_binary(ENTRY.name, inputs)
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        let d_out = backward.output_gradient();
        let [a, b] = [backward.inputs[0], backward.inputs[1]];
        let wanted = backward.wanted.clone();
        let graph = &mut *backward.graph;
        let d_a = if wanted[0] {
            let part = graph.divide(d_out, b)?;
            Some(graph.sum_to_shape_of(part, a)?)
        } else {
            None
        };
        let d_b = if wanted[1] {
            let quotient = graph.divide(backward.outputs[0], b)?;
            let part = graph.multiply(d_out, quotient)?;
            let sum = graph.sum_to_shape_of(part, b)?;
            Some(graph.affine(sum, -1.0, 0.0)?)
        } else {
            None
        };
        Ok(vec![d_a, d_b])
    }

    run_generic!();

    fn in_place(&self) -> &'static [usize] {
        &[0, 1]
    }
}

impl Graph {
    /// Quotient of two tensors, element by element, stretched to a common shape.
    ///
    /// # Errors
    /// If the shapes do not stretch to fit each other.
    pub fn divide(&mut self, a: Wire, b: Wire) -> Result<Wire> {
        self.apply(Divide, &[a, b])
    }
}
