//! What training makes small.

use fanin_engine::{Graph, Wire};

use crate::error::Result;

/// A loss, averaged over the rows of a batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Loss {
    /// Softmax cross-entropy on logits.
    CrossEntropy,
    /// Sigmoid cross-entropy on logits, mean over outputs.
    BinaryCrossEntropy,
    /// ½‖h − y‖², the tutorial's.
    SquaredError,
    /// (h − y)², mean over outputs: PyTorch's `MSELoss`.
    MeanSquaredError,
    /// Quadratic near 0 and linear beyond `delta`, mean over outputs.
    Huber {
        /// Where the quadratic part ends.
        delta: f64,
    },
}

impl Loss {
    /// Adds the loss of `output` against `targets` to a graph, as a scalar.
    ///
    /// # Errors
    /// If the shapes differ.
    pub fn build(&self, graph: &mut Graph, output: Wire, targets: Wire) -> Result<Wire> {
        Ok(match self {
            Self::CrossEntropy => graph.softmax_cross_entropy(output, targets)?,
            Self::BinaryCrossEntropy => graph.binary_cross_entropy(output, targets)?,
            Self::SquaredError => graph.half_squared_error(output, targets)?,
            Self::MeanSquaredError => graph.mean_squared_error(output, targets)?,
            Self::Huber { delta } => graph.huber(output, targets, *delta)?,
        })
    }
}
