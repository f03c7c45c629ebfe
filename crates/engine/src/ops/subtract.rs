//! Difference of two tensors.

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Type, Wire};
use crate::run::{Element, Io};

use super::broadcast::{compute_binary, infer_binary};
use super::operator::run_generic;
use super::{Entry, Moments, Operator, Sample};

/// Difference of two tensors.
#[derive(Clone, Copy, Debug)]
pub struct Subtract;

pub const ENTRY: Entry = Entry {
    name: "subtract",
    about: "a − b",
    samples: || {
        vec![
            Sample::new(Subtract, &[Type::float([3, 4]), Type::float([3, 4])]),
            Sample::new(Subtract, &[Type::float([3, 4]), Type::float([4])]),
            Sample::new(Subtract, &[Type::float([3, 1]), Type::float([2, 1, 4])]),
            Sample::new(Subtract, &[Type::float([1]), Type::float([2, 3])]),
        ]
    },
};

impl Subtract {
    fn compute<T: Element>(self, io: &mut Io<'_, T>) {
        compute_binary(io, |a, b| a - b);
    }
}

impl Operator for Subtract {
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
        let d_a = if wanted[0] { Some(graph.sum_to_shape_of(d_out, a)?) } else { None };
        let d_b = if wanted[1] {
            let sum = graph.sum_to_shape_of(d_out, b)?;
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

    fn moments(&self, _types: &[&Type], inputs: &[Moments]) -> Option<Moments> {
        let [a, b] = inputs else { return None };
        Some(Moments { mean: a.mean - b.mean, variance: a.variance + b.variance })
    }
}

impl Graph {
    /// Difference of two tensors, stretched to a common shape.
    ///
    /// # Errors
    /// If the shapes do not stretch to fit each other.
    pub fn subtract(&mut self, a: Wire, b: Wire) -> Result<Wire> {
        self.apply(Subtract, &[a, b])
    }
}
