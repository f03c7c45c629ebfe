//! Softmax over the last axis.

use fanin_kernels::softmax;

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Kind, Type, Wire, misfit};
use crate::run::{Element, Io};
use crate::tensor::Shape;

use super::operator::run_generic;
use super::span::for_each_row;
use super::{Entry, Operator, Sample};

/// exp(x) / Σ exp(x) over the last axis, with the row's maximum subtracted first, which changes
/// nothing but keeps exp from overflowing.
#[derive(Clone, Copy, Debug)]
pub struct Softmax;

pub const ENTRY: Entry = Entry {
    name: "softmax",
    about: "exp(x) over its sum along the last axis",
    samples: || {
        let shapes: [&[usize]; 3] = [&[3, 4], &[2, 0], &[0, 2]];
        shapes.map(|shape| Sample::new(Softmax, &[Type::float(shape)])).into()
    },
};

impl Softmax {
    fn compute<T: Element>(self, io: &mut Io<'_, T>) {
        let columns = *io.input_shape(0).axes().last().expect("the shape rule has been applied");
        let ([x], out) = io.split([0]);
        for_each_row(out, columns, &|row, out| {
            softmax::softmax(&x[row * columns..(row + 1) * columns], out);
        });
    }
}

impl Operator for Softmax {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        match inputs {
            [x] if x.kind == Kind::Float && x.shape.rank() > 0 => Ok(vec![(*x).clone()]),
            _ => Err(misfit(ENTRY.name, inputs, "one input with an axis")),
        }
    }

    /// dx = y · (dy − Σ dy·y).
    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        let d_out = backward.output_gradient();
        let y = backward.outputs[0];
        let graph = &mut *backward.graph;
        let mut row = graph.shape(y).axes().to_vec();
        *row.last_mut().expect("the shape rule has been applied") = 1;
        let product = graph.multiply(d_out, y)?;
        let sum = graph.sum_to(product, Shape::new(row))?;
        let centered = graph.subtract(d_out, sum)?;
        Ok(vec![Some(graph.multiply(y, centered)?)])
    }

    run_generic!();
}

impl Graph {
    /// Softmax over the last axis.
    ///
    /// # Errors
    /// If `x` has no axis.
    pub fn softmax(&mut self, x: Wire) -> Result<Wire> {
        self.apply(Softmax, &[x])
    }
}
