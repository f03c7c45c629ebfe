//! The registry of symptoms: one file each, in the order of cause and effect.
//!
//! To add one: a new file with a [`Rule`], `mod x;` and `&x::X,` in [`RULES`]. The laws in
//! `tests.rs` then hold: its code is unique, it says why and how to fix, it is silent on healthy
//! networks and fires on its own sick one.

mod non_finite;
mod unnormalized_data;
mod unit_symmetry;
mod no_gradient;
mod exploding_signal;
mod step_too_large;
mod vanishing_signal;
mod step_too_small;

pub(crate) mod wording;

#[cfg(test)]
mod tests;

use serde::Serialize;

use super::evidence::Evidence;
use wording::{because, count, number, place, planned, steps};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Training will suffer.
    Warn,
    /// Training will fail.
    Fail,
}

/// One instance of a symptom, with its numbers in words.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// The symptom's code, as in `fanin check --json`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// The module where it shows first, if it has a place.
    pub module: Option<String>,
    /// One plain sentence on what is wrong and why it harms, with the network's own numbers.
    pub why: String,
    /// What to do about it.
    pub fix: String,
}

/// What a check looks for. Its type's documentation says what it checks, why it harms, what it
/// looks like, the fix, and when to ignore it.
pub trait Rule: Sync {
    /// The symptom's code: its file's name with hyphens.
    fn code(&self) -> &'static str;
    /// What is wrong, in a few words.
    fn title(&self) -> &'static str;
    /// The finding, if the evidence shows the symptom.
    fn find(&self, evidence: &Evidence<'_>) -> Option<Finding>;
}

/// Every symptom, causes before their consequences.
pub static RULES: &[&dyn Rule] = &[
    &non_finite::NonFinite,
    &unnormalized_data::UnnormalizedData,
    &unit_symmetry::UnitSymmetry,
    &no_gradient::NoGradient,
    &exploding_signal::ExplodingSignal,
    &step_too_large::StepTooLarge,
    &vanishing_signal::VanishingSignal,
    &step_too_small::StepTooSmall,
];

/// All findings, causes before their consequences.
pub fn findings(evidence: &Evidence<'_>) -> Vec<Finding> {
    RULES.iter().filter_map(|rule| rule.find(evidence)).collect()
}
