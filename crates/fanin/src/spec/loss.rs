//! What training makes small.

use fanin_engine::{Graph, Wire};

use super::{LossName, Spec, Task};
use crate::error::Result;

/// Where Huber's loss turns linear unless the spec says otherwise, as in PyTorch.
const HUBER_DELTA: f64 = 1.0;

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

impl Spec {
    /// The loss that the spec names, or the usual one for the task.
    pub fn loss_for(&self, task: Task) -> Loss {
        match self.loss.name.unwrap_or(task.default_loss()) {
            LossName::CrossEntropy => Loss::CrossEntropy,
            LossName::BinaryCrossEntropy => Loss::BinaryCrossEntropy,
            LossName::SquaredError => Loss::SquaredError,
            LossName::MeanSquaredError => Loss::MeanSquaredError,
            LossName::Huber => Loss::Huber { delta: self.loss.delta.unwrap_or(HUBER_DELTA) },
        }
    }
}
