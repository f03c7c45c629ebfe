//! Quotient of two tensors, element by element.

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Type, Wire};
use crate::run::{Element, Io};
use crate::spread::Spread;

use super::broadcast::{
    common_shape, compute_binary, gradient_binary, infer_binary, samples_binary,
};
use super::integer_binary::IntegerOperation;
use super::operator::run_generic;
use super::{Entry, Operator};

/// Quotient of two tensors, element by element.
#[derive(Clone, Copy, Debug)]
pub struct Divide;

pub const ENTRY: Entry = Entry {
    name: "divide",
    about: "a / b, element by element",
    samples: || samples_binary(Divide).into_iter().map(|s| s.within(0.5, 2.0)).collect(),
};

impl Divide {
    fn compute<T: Element>(self, io: &mut Io<'_, T>) {
        compute_binary(io, |a: T, b: T| a / b);
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
        let [a, b] = [backward.inputs[0], backward.inputs[1]];
        let out = backward.outputs[0];
        gradient_binary(
            backward,
            |graph, d_out| {
                let part = graph.divide(d_out, b)?;
                graph.sum_to_shape_of(part, a)
            },
            |graph, d_out| {
                let quotient = graph.divide(out, b)?;
                let part = graph.multiply(d_out, quotient)?;
                let sum = graph.sum_to_shape_of(part, b)?;
                graph.affine(sum, -1.0, 0.0)
            },
        )
    }

    run_generic!();

    fn in_place(&self) -> &'static [usize] {
        &[0, 1]
    }

    fn is_pointwise(&self) -> bool {
        true
    }

    fn spread(&self, _types: &[&Type], inputs: &[&Spread]) -> Option<Vec<Spread>> {
        let &[a, b] = inputs else { return None };
        let shape = common_shape(&a.shape(), &b.shape())?;
        Some(vec![a.stretched(&shape).times(&reciprocal(b).stretched(&shape))])
    }

    fn knows_rows(&self) -> bool {
        true
    }
}

/// 1/x away from its pole: a divisor near 0, far from its mean, counts as a quarter of the mean.
fn reciprocal(x: &Spread) -> Spread {
    let least = 0.25 * x.mean().abs();
    x.of_function(|x| x.signum() / x.abs().max(least))
}

impl Graph {
    /// Quotient of two tensors, element by element, stretched to a common shape.
    ///
    /// # Errors
    /// If the shapes do not stretch to fit each other, or the kinds differ.
    pub fn divide(&mut self, a: Wire, b: Wire) -> Result<Wire> {
        if self.both_integer(a, b) {
            return self.integer_binary(IntegerOperation::Divide, a, b);
        }
        self.apply(Divide, &[a, b])
    }
}
