//! A repair with what was repaired: what every form of its report is made from.

use std::path::PathBuf;

use serde::Serialize;

use super::Asked;
use crate::compare::proof::Proven;
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
