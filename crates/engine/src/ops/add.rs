//! Sum of two tensors.

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
use super::{Entry, Operator, Structure};

/// Sum of two tensors.
#[derive(Clone, Copy, Debug)]
pub struct Add;

pub const ENTRY: Entry = Entry { name: "add", about: "a + b", samples: || samples_binary(Add) };

impl Add {
    fn compute<T: Element>(self, io: &mut Io<'_, T>) {
        compute_binary(io, |a: T, b: T| a + b);
    }
}

impl Operator for Add {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        infer_binary(ENTRY.name, inputs)
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        let [a, b] = [backward.inputs[0], backward.inputs[1]];
        gradient_binary(
            backward,
            |graph, d_out| graph.sum_to_shape_of(d_out, a),
            |graph, d_out| graph.sum_to_shape_of(d_out, b),
        )
    }

    run_generic!();

    fn in_place(&self) -> &'static [usize] {
        &[0, 1]
    }

    fn is_pointwise(&self) -> bool {
        true
    }

    fn structure(&self) -> Structure {
        Structure::Sum { factors: vec![1.0, 1.0], shift: 0.0 }
    }

    fn spread(&self, _types: &[&Type], inputs: &[&Spread]) -> Option<Vec<Spread>> {
        let &[a, b] = inputs else { return None };
        let shape = common_shape(&a.shape(), &b.shape())?;
        Some(vec![a.stretched(&shape).plus(&b.stretched(&shape))])
    }

    fn knows_rows(&self) -> bool {
        true
    }
}

impl Graph {
    /// Sum of two tensors, stretched to a common shape.
    ///
    /// # Errors
    /// If the shapes do not stretch to fit each other, or the kinds differ.
    pub fn add(&mut self, a: Wire, b: Wire) -> Result<Wire> {
        if self.both_integer(a, b) {
            return self.integer_binary(IntegerOperation::Add, a, b);
        }
        self.apply(Add, &[a, b])
    }
}
