//! Cross-entropy of softmax probabilities, computed from logits.
//!
//! Key: z logits, t target probabilities, both of shape (rows, classes); the loss of a row is
//! Σ t · (ln Σ exp z − z), which never takes the logarithm of a rounded probability.

use fanin_kernels::softmax::log_sum_exp;
use fanin_kernels::threads::{ELEMENTWISE_CHUNK, for_each_chunk};

use crate::error::{Error, Result};
use crate::gradient::Backward;
use crate::graph::{Graph, Kind, Type, Wire, misfit};
use crate::run::{Element, Io};

use super::operator::run_generic;
use super::{Entry, Operator, Sample};

/// −Σ t · ln softmax(z) of every row.
#[derive(Clone, Copy, Debug)]
pub struct CrossEntropy;

pub const ENTRY: Entry = Entry {
    name: "cross_entropy",
    about: "cross-entropy of target probabilities and softmax of logits, per row",
    samples: || {
        let types = [Type::float([3, 4]), Type::float([3, 4])];
        vec![Sample::new(CrossEntropy, &types).differentiable(&[0])]
    },
};

impl CrossEntropy {
    fn compute<T: Element>(self, io: &mut Io<'_, T>) {
        let classes = io.input_shape(0).axes()[1];
        let ([z, t], out) = io.split([0, 1]);
        for_each_chunk(out, (ELEMENTWISE_CHUNK / classes).max(1), &|start, piece| {
            let range = start * classes..(start + piece.len()) * classes;
            let (z, t) = (&z[range.clone()], &t[range]);
            log_sum_exp(z, classes, &mut |row, largest, log_sum| {
                let range = row * classes..(row + 1) * classes;
                let row_of = z[range.clone()].iter().zip(&t[range]);
                piece[row] = row_of.map(|(&z, &t)| t * (log_sum - (z - largest))).sum();
            });
        });
    }
}

impl Operator for CrossEntropy {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        match inputs {
            [z, t]
                if z == t
                    && z.kind == Kind::Float
                    && z.shape.rank() == 2
                    && z.shape.axes()[1] > 0 =>
            {
                Ok(vec![Type::float([z.shape.axes()[0]])])
            }
            _ => Err(misfit(ENTRY.name, inputs, "logits and targets of shape (rows, classes)")),
        }
    }

    /// dz = (softmax(z) · Σt − t) · dy, row by row.
    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        let d_out = backward.output_gradient();
        let [z, t] = [backward.inputs[0], backward.inputs[1]];
        let graph = &mut *backward.graph;
        if backward.wanted[1] {
            let place = graph.name(t);
            return Err(Error::NoDerivative { place, operator: ENTRY.name, input: 1 });
        }
        let column = [graph.shape(z).axes()[0], 1];
        let total = graph.sum_to(t, column)?;
        let probability = graph.softmax(z)?;
        let expected = graph.multiply(probability, total)?;
        let error = graph.subtract(expected, t)?;
        let d_rows = graph.reshape(d_out, column)?;
        Ok(vec![Some(graph.multiply(error, d_rows)?), None])
    }

    run_generic!();
}

impl Graph {
    /// −Σ t · ln softmax(z) of every row, shape (rows).
    ///
    /// # Errors
    /// If the shapes are not both (rows, classes).
    pub fn cross_entropy(&mut self, logits: Wire, targets: Wire) -> Result<Wire> {
        self.apply(CrossEntropy, &[logits, targets])
    }
}
