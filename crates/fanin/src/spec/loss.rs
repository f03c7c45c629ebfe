//! What training makes small.

use fanin_engine::{Graph, Shape, Wire};

use super::{LossName, Spec, Task};
use crate::error::{Error, Result};

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
    /// Numbers of one row's targets, for a row's result with these axes.
    ///
    /// As many as the result has, but one number for each position, the index of its class, where
    /// cross-entropy judges a class for every position.
    pub fn target_columns(&self, output: &Shape) -> usize {
        output.elements()
    }

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

impl LossName {
    /// Whether the loss means something for targets of this task: cross-entropy needs
    /// probabilities, binary cross-entropy numbers from 0 to 1.
    pub fn fits(self, task: Task) -> bool {
        match self {
            Self::CrossEntropy => task == Task::Classification,
            Self::BinaryCrossEntropy => matches!(task, Task::Classification | Task::MultiLabel),
            Self::SquaredError | Self::MeanSquaredError | Self::Huber => true,
        }
    }
}

impl Spec {
    /// Refuses a loss that means nothing for the task.
    ///
    /// # Errors
    /// [`Error::Setting`] naming the losses that fit.
    pub fn check_loss(&self, task: Task) -> Result<()> {
        match self.loss.name {
            Some(name) if !name.fits(task) => {
                let fitting = LossName::ALL.iter().filter(|loss| loss.fits(task));
                let names: Vec<&str> = fitting.map(|loss| loss.name()).collect();
                Err(Error::Setting {
                    place: "loss".to_owned(),
                    found: format!("{name} for {task}"),
                    expected: format!("one of: {}", names.join(", ")),
                })
            }
            _ => Ok(()),
        }
    }

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
