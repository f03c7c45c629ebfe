//! Logarithm of softmax over the last axis, without the logarithm of a rounded probability.

use fanin_kernels::softmax::log_sum_exp;
use fanin_kernels::threads::for_each_chunk;

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Kind, Type, Wire, misfit};
use crate::run::{Element, Io};
use crate::spread::Spread;
use crate::tensor::Shape;

use super::operator::run_generic;
use super::span::whole_rows;
use super::{Entry, Operator, Sample};

/// x − m − ln Σ exp(x − m) over the last axis, m its largest element.
#[derive(Clone, Copy, Debug)]
pub struct LogSoftmax;

pub const ENTRY: Entry = Entry {
    name: "log_softmax",
    about: "logarithm of softmax along the last axis",
    samples: || vec![Sample::new(LogSoftmax, &[Type::float([3, 4])])],
};

impl LogSoftmax {
    fn compute<T: Element>(self, io: &mut Io<'_, T>) {
        let columns = *io.input_shape(0).axes().last().expect("the shape rule has been applied");
        let ([x], out) = io.split([0]);
        for_each_chunk(out, whole_rows(columns), &|start, out| {
            let x = &x[start..start + out.len()];
            log_sum_exp(x, columns, &mut |row, largest, log_sum| {
                let range = row * columns..(row + 1) * columns;
                let row = out[range.clone()].iter_mut().zip(&x[range]);
                row.for_each(|(out, &x)| *out = x - largest - log_sum);
            });
        });
    }
}

impl Operator for LogSoftmax {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        match inputs {
            [x] if x.kind == Kind::Float && x.shape.rank() > 0 => Ok(vec![(*x).clone()]),
            _ => Err(misfit(ENTRY.name, inputs, "floating-point numbers with a last axis")),
        }
    }

    /// dx = dy − exp(y) · Σ dy.
    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        let d_out = backward.output_gradient();
        let y = backward.outputs[0];
        let graph = &mut *backward.graph;
        let mut row = graph.shape(y).axes().to_vec();
        *row.last_mut().expect("the shape rule has been applied") = 1;
        let sum = graph.sum_to(d_out, Shape::new(row))?;
        let share = graph.exp(y)?;
        let part = graph.multiply(share, sum)?;
        Ok(vec![Some(graph.subtract(d_out, part)?)])
    }

    run_generic!();

    fn spread(&self, _types: &[&Type], inputs: &[&Spread]) -> Option<Vec<Spread>> {
        let x = inputs.first()?.with_whole_axes();
        let (last, count) = (x.shape().rank() - 1, *x.shape().axes().last()? as f64);
        let centered = x.centered(&[last]);
        let below = count.ln() + 0.5 * centered.second();
        Some(vec![centered.shifted(-below)])
    }
}

impl Graph {
    /// Logarithm of softmax over one axis.
    ///
    /// # Errors
    /// If there is no such axis, or `x` holds integers.
    pub fn log_softmax(&mut self, x: Wire, axis: usize) -> Result<Wire> {
        self.along_last(x, axis, |graph, x| graph.apply(LogSoftmax, &[x]))
    }

    /// Softmax over one axis.
    ///
    /// # Errors
    /// If there is no such axis or it is empty, or `x` holds integers.
    pub fn softmax_along(&mut self, x: Wire, axis: usize) -> Result<Wire> {
        self.along_last(x, axis, Self::softmax)
    }

    /// What `apply` makes of x when `axis` stands last, put back into its place.
    fn along_last(
        &mut self,
        x: Wire,
        axis: usize,
        apply: impl FnOnce(&mut Self, Wire) -> Result<Wire>,
    ) -> Result<Wire> {
        let rank = self.shape(x).rank();
        if axis + 1 == rank {
            return apply(self, x);
        }
        let mut order: Vec<usize> = (0..rank).collect();
        if axis >= rank {
            return Err(misfit(ENTRY.name, &[self.type_of(x)], format!("an axis {axis}")));
        }
        order.swap(axis, rank - 1);
        let turned = self.transpose(x, &order)?;
        let result = apply(self, turned)?;
        self.transpose(result, &order)
    }
}
