//! `task` and `[loss]`: what the network is for, and what training makes small.

use serde::{Deserialize, Serialize};

use super::range::{above_zero, below_one, ensure};
use crate::error::Result;
use crate::spec::named::named;

named! {
    /// What the network's outputs mean.
    Task, "task" {
        /// One class per row.
        Classification = "classification",
        /// Several labels per row, each there or not.
        MultiLabel = "multi-label",
        /// One or several numbers per row.
        Regression = "regression",
        /// The row's own features.
        AutoEncoder = "auto-encoder",
    }
}

named! {
    /// A loss by name; h are the network's outputs, y the targets.
    LossName, "loss" {
        /// Softmax cross-entropy on logits, mean over the batch.
        CrossEntropy = "cross-entropy",
        /// Binary cross-entropy on logits, mean over all elements.
        BinaryCrossEntropy = "binary-cross-entropy",
        /// ½‖h − y‖², sum over the outputs, mean over the batch: the textbook's.
        SquaredError = "squared-error",
        /// (h − y)², mean over all elements: PyTorch's.
        MeanSquaredError = "mean-squared-error",
        /// Quadratic up to `delta`, linear beyond (Huber 1964), mean over all elements.
        Huber = "huber",
    }
}

impl Task {
    /// The loss that is taken when none is named.
    pub fn default_loss(self) -> LossName {
        match self {
            Self::Classification => LossName::CrossEntropy,
            Self::MultiLabel => LossName::BinaryCrossEntropy,
            Self::Regression | Self::AutoEncoder => LossName::SquaredError,
        }
    }
}

/// The loss and its settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LossSpec {
    /// Default: that of the task ([`Task::default_loss`]).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<LossName>,
    /// Cross-entropy only: share of each target spread evenly over all classes, in [0, 1).
    /// Default 0.
    pub label_smoothing: f64,
    /// Huber only: the error at which the loss turns linear, above 0. Default 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delta: Option<f64>,
}

impl LossSpec {
    pub(in crate::spec) fn validate(&self, task: Option<Task>) -> Result<()> {
        let name = self.name.or(task.map(Task::default_loss));
        below_one("loss.label_smoothing", self.label_smoothing)?;
        let smooths =
            self.label_smoothing == 0.0 || name.is_none_or(|name| name == LossName::CrossEntropy);
        let expected = "0, since only cross-entropy smooths its labels";
        ensure(smooths, "loss.label_smoothing", &self.label_smoothing, expected)?;
        let Some(delta) = self.delta else {
            return Ok(());
        };
        above_zero("loss.delta", delta)?;
        let is_huber = name == Some(LossName::Huber);
        ensure(is_huber, "loss.delta", &delta, "`name = \"huber\"` beside it")
    }
}
