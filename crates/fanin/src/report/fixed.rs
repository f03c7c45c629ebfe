//! A repair with what was repaired: what every form of its report is made from.

use std::path::PathBuf;

use serde::Serialize;

use super::Asked;
use crate::check::{Diagnosis, Severity, Verdict, gate};
use crate::compare::proof::{Conclusion, Proof, Proven};
use crate::recommend::Repair;
use crate::spec::Spec;

/// A repair with what was repaired.
#[derive(Clone, Debug, Serialize)]
pub struct Fixed<'a> {
    /// The network as short text.
    pub model: String,
    /// The network as it was named: short text or a file.
    #[serde(skip)]
    pub named: String,
    /// Where the weights come from: a scheme or a file.
    pub start: String,
    /// Where the rows come from.
    pub data: String,
    /// Whether those rows stand in for data that were not named.
    pub is_stand_in: bool,
    /// What was asked for; suggested commands repeat its data and training.
    #[serde(skip)]
    pub spec: &'a Spec,
    /// What was asked for beside it; suggested commands repeat it too.
    #[serde(skip)]
    pub asked: &'a Asked,
    /// What was found, and what is recommended.
    #[serde(flatten)]
    pub repair: &'a Repair,
    /// What training from both showed; none where nothing changes, or it was not asked for.
    pub proof: Option<&'a Proven>,
    /// The files that were written.
    pub files: &'a [PathBuf],
    /// What a user should know of the names in those files and in the code.
    pub notes: &'a [String],
    /// Source code that draws the start, where it was asked for and not written to a file.
    pub code: Option<&'a str>,
}

impl<'a> Fixed<'a> {
    /// Training from both, where it came to its end.
    pub(super) fn trained(&self) -> Option<&'a Proof> {
        self.proof.and_then(Proven::trained)
    }

    /// Whether training from the recommended start went worse.
    pub(super) fn is_worse(&self) -> bool {
        self.trained().is_some_and(|proof| proof.conclusion == Conclusion::Worse)
    }

    /// Whether the start as it was is the one to keep: training from it went better, and no finding
    /// calls it stuck.
    pub fn keeps_start(&self) -> bool {
        let before = &self.repair.before;
        let is_stuck =
            before.forecast == Verdict::Stuck && before.severity() == Some(Severity::Fail);
        self.is_worse() && !is_stuck
    }

    /// Whether the start that is advised has nothing that it may not have, and no forecast of failure.
    pub fn is_healthy(&self) -> bool {
        let advised: &Diagnosis =
            if self.keeps_start() { &self.repair.before } else { self.repair.result() };
        !gate::fails(advised, self.repair.limit)
    }
}
