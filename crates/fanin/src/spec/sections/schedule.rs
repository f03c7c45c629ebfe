//! `[schedule]`: how the learning rate changes while training goes on.

use serde::{Deserialize, Serialize};

use super::range::{at_least_one, ensure, share};
use crate::error::Result;
use crate::spec::named::named;

named! {
    /// A schedule by name.
    ScheduleName, "schedule" {
        /// The same learning rate throughout.
        Constant = "constant",
        /// Times `factor` after every `every_epochs` epochs.
        Step = "step",
        /// Half a cosine from the learning rate to `final_factor` of it (Loshchilov & Hutter
        /// 2017, eq. 5).
        Cosine = "cosine",
    }
}

/// The schedule and its settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScheduleSpec {
    /// Default `constant`.
    pub name: ScheduleName,
    /// Steps in which the learning rate first grows linearly from 0. Default 0.
    pub warmup_steps: usize,
    /// `step` only: epochs between two changes, at least 1. Default 5.
    pub every_epochs: usize,
    /// `step` only: factor at each change, above 0 and at most 1. Default 0.1.
    pub factor: f64,
    /// `cosine` only: share of the learning rate that is left at the end, in [0, 1]. Default 0.
    pub final_factor: f64,
}

impl Default for ScheduleSpec {
    fn default() -> Self {
        Self {
            name: ScheduleName::Constant,
            warmup_steps: 0,
            every_epochs: 5,
            factor: 0.1,
            final_factor: 0.0,
        }
    }
}

impl ScheduleSpec {
    pub(in crate::spec) fn validate(&self) -> Result<()> {
        at_least_one("schedule.every_epochs", self.every_epochs)?;
        share("schedule.factor", self.factor)?;
        let is_share = (0.0..=1.0).contains(&self.final_factor);
        ensure(is_share, "schedule.final_factor", &self.final_factor, "a number from 0 to 1")
    }
}
