//! Cross-entropy of softmax probabilities where one class is right, computed from logits.
//!
//! Key: z logits of shape (rows, classes), c the right class of each row; the loss of a row is
//! ln Σ exp z − z at c.

use fanin_kernels::softmax::log_sum_exp;
use fanin_kernels::threads::{ELEMENTWISE_CHUNK, for_each_chunk};

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Type, Wire, misfit};
use crate::run::{Element, Io};

use super::compare::Relation;
use super::operator::run_generic;
use super::{Entry, Operator, Sample};

/// −ln softmax(z) of every row at its class; 0 where there is no such class.
#[derive(Clone, Copy, Debug)]
pub struct LabelCrossEntropy;

pub const ENTRY: Entry = Entry {
    name: "label_cross_entropy",
    about: "cross-entropy of softmax of logits at the right class, per row",
    samples: || {
        let types = [Type::float([5, 4]), Type::integer([5])];
        vec![Sample::new(LabelCrossEntropy, &types).integers(&[3, 0, -1, 1, 4])]
    },
};

/// The place of a class among so many, if it is one of them.
pub(super) fn place(class: i64, classes: usize) -> Option<usize> {
    usize::try_from(class).ok().filter(|class| *class < classes)
}

/// Whether logits of shape (rows, classes) have a label each.
pub(super) fn fit(z: &Type, labels: &Type) -> bool {
    z.is_float()
        && z.shape.rank() == 2
        && z.shape.axes()[1] > 0
        && *labels == Type::integer([z.shape.axes()[0]])
}

impl LabelCrossEntropy {
    fn compute<T: Element>(self, io: &mut Io<'_, T>) {
        let classes = io.input_shape(0).axes()[1];
        let (labels, z, out) = io.split_indexed(1, 0);
        for_each_chunk(out, (ELEMENTWISE_CHUNK / classes).max(1), &|start, piece| {
            let z = &z[start * classes..(start + piece.len()) * classes];
            log_sum_exp(z, classes, &mut |row, largest, log_sum| {
                piece[row] = match place(labels[start + row], classes) {
                    Some(class) => log_sum - (z[row * classes + class] - largest),
                    None => T::ZERO,
                };
            });
        });
    }
}

impl Operator for LabelCrossEntropy {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        match inputs {
            [z, labels] if fit(z, labels) => Ok(vec![Type::float([z.shape.axes()[0]])]),
            _ => Err(misfit(ENTRY.name, inputs, "logits (rows, classes) and an integer per row")),
        }
    }

    /// dz = (softmax(z) − 1 at the class) · dy, row by row, where there is such a class.
    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        let d_out = backward.output_gradient();
        let [z, labels] = [backward.inputs[0], backward.inputs[1]];
        let graph = &mut *backward.graph;
        let &[rows, classes] = graph.shape(z).axes() else { return Ok(vec![None, None]) };
        let (zero, end) = (graph.integer(0)?, graph.integer(classes as i64)?);
        let from = graph.compare(Relation::GreaterOrEqual, labels, zero)?;
        let below = graph.compare(Relation::Less, labels, end)?;
        let counts = graph.multiply(from, below)?;
        let counts = graph.to_float(counts)?;
        let d_rows = graph.multiply(d_out, counts)?;
        let d_rows = graph.reshape(d_rows, [rows, 1])?;
        let probability = graph.softmax(z)?;
        let error = graph.one_less_at(probability, labels)?;
        Ok(vec![Some(graph.multiply(error, d_rows)?), None])
    }

    run_generic!();
}

impl Graph {
    /// −ln softmax(z) of every row at its class, shape (rows); a row whose class is none of
    /// them adds nothing, neither loss nor gradient.
    ///
    /// # Errors
    /// If the logits are not (rows, classes) or the labels not an integer per row.
    pub fn label_cross_entropy(&mut self, logits: Wire, labels: Wire) -> Result<Wire> {
        self.apply(LabelCrossEntropy, &[logits, labels])
    }
}

#[cfg(test)]
mod tests {
    use crate::evaluate::{Array, compute};
    use crate::gradients;

    #[test]
    fn loss_and_gradient_equal_those_of_target_probabilities() {
        let z = (0..20).map(|i| f64::from(i * i % 11) - 5.0).collect();
        let z = Array::float([5, 4], z).unwrap();
        let labels = Array::integer([5], vec![3, 0, -100, 1, 4]).unwrap();
        let mut shares = vec![0.0; 20];
        [3, 4, 13].into_iter().for_each(|at| shares[at] = 1.0);
        let shares = Array::float([5, 4], shares).unwrap();
        let got = compute(&[&z, &labels, &shares], 1000, |g, w| {
            let by_label = g.label_cross_entropy(w[0], w[1])?;
            let by_share = g.cross_entropy(w[0], w[2])?;
            let d = [gradients(g, by_label, &w[..1])?[0], gradients(g, by_share, &w[..1])?[0]];
            Ok(vec![by_label, by_share, d[0], d[1]])
        });
        let got: Vec<_> = got.unwrap().iter().map(|a| a.floats().unwrap().to_vec()).collect();
        for (a, b) in got[0].iter().chain(&got[2]).zip(got[1].iter().chain(&got[3])) {
            assert!((a - b).abs() < 1e-14, "{a} {b}");
        }
        assert_eq!((got[0][2], &got[2][8..12]), (0.0, &[0.0; 4][..]));
    }
}
