//! A diagnosis with what was diagnosed: what every form of a check's report is made from.

use serde::Serialize;

use super::terminal::check::remedy;
use crate::check::Diagnosis;
use crate::check::rules::RULES;
use crate::spec::Spec;

/// A diagnosis with what was diagnosed.
#[derive(Clone, Debug, Serialize)]
pub struct Checked<'a> {
    /// The network as short text.
    pub model: String,
    /// Where the weights come from: a scheme, a file or a run.
    pub start: String,
    /// What was asked for; suggested commands repeat its data and training.
    #[serde(skip)]
    pub spec: &'a Spec,
    /// What was found.
    #[serde(flatten)]
    pub diagnosis: &'a Diagnosis,
}

impl Checked<'_> {
    /// The scheme that the fix of the first cause names for this network, if it names one.
    pub fn other_scheme(&self) -> Option<String> {
        self.diagnosis.cause().and_then(|cause| remedy::other_scheme(self, cause))
    }
}

/// What is wrong, in a few words: the title of the symptom with this code.
pub fn title(code: &str) -> &'static str {
    RULES.iter().find(|rule| rule.code() == code).map_or("", |rule| rule.title())
}
