//! The registry of symptoms: one file each, in the order of cause and effect.
//!
//! To add one: a new file with a [`Rule`], `mod x;` and `&x::X,` in [`RULES`]. The laws in
//! `tests.rs` then hold: its code is unique, it says why and how to fix, it is silent on healthy
//! networks and fires on its own sick one.

mod non_finite;
mod unnormalized_data;
mod scheme_mismatch;
mod unit_symmetry;
mod duplicated_weights;
mod near_duplicate_units;
mod zero_weights;
mod no_gradient;
mod residual_growth;
mod exploding_signal;
mod vanishing_signal;
mod gain_mismatch;
mod dead_units;
mod correlation_collapse;
mod chaos;
mod saturation;
mod exploding_gradient;
mod vanishing_gradient;
mod saturated_gates;
mod exploding_memory;
mod fading_memory;
mod few_directions;
mod nearly_linear;
mod ill_conditioned_jacobian;
mod underflow;
mod wrong_output_scale;
mod step_too_large;
mod step_too_small;

pub(crate) mod wording;
pub(crate) mod advice;

#[cfg(test)]
mod tests;

pub(super) use saturation::BOUNDS as SATURATION;

use serde::Serialize;

use super::case::Case;
use super::estimate::{Bounds, Estimate};
use super::evidence::Evidence;
use super::part;
use super::severity::Severity;
use wording::{because, count, module_of, number, place, planned, steps};

/// An effect with its standard error and the bounds it was judged by.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Measured {
    /// The effect.
    pub estimate: Estimate,
    /// What it was judged by.
    pub bounds: Bounds,
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
    /// What is wrong and why it harms, with the network's own numbers.
    pub why: String,
    /// What to do about it.
    pub fix: String,
    /// The effect in numbers, where one number says it.
    pub measured: Option<Measured>,
    /// The finding that this one follows from, if it has a cause among the others.
    pub consequence_of: Option<&'static str>,
    /// When to ignore it.
    pub ignore: &'static str,
    /// What the number in `measured` is; empty where there is none.
    pub effect: &'static str,
    /// The page of `docs/theory` that derives it, without its ending.
    pub page: Option<&'static str>,
}

impl Finding {
    /// A finding of `rule` without place and number.
    pub fn new(rule: &dyn Rule, severity: Severity, why: String, fix: String) -> Self {
        let (ignore, effect, page) = (rule.ignore(), rule.effect(), Some(rule.page()));
        Self { ignore, effect, page, ..Self::plain(rule.code(), severity, why, fix) }
    }

    /// A finding that no rule of this room made.
    pub fn plain(code: &'static str, severity: Severity, why: String, fix: String) -> Self {
        let (module, measured) = (None, None);
        Self {
            code,
            severity,
            module,
            why,
            fix,
            measured,
            consequence_of: None,
            ignore: "",
            effect: "",
            page: None,
        }
    }

    /// The same finding at a module.
    pub fn at(self, module: &str) -> Self {
        Self { module: Some(module.to_owned()), ..self }
    }

    /// The same finding at the first hidden layer of `start`.
    pub fn in_first_hidden_layer(self, start: &Evidence<'_>) -> Self {
        let module = start.hidden().first().map(|layer| layer.module.clone());
        Self { module, ..self }
    }

    /// The same finding with its effect in numbers; it says so where only the error of the estimate
    /// reaches the bound.
    pub fn measured(self, measured: Measured) -> Self {
        let Measured { estimate, bounds } = measured;
        let (_, high) = estimate.interval();
        let is_doubt = self.severity == Severity::Warn && estimate.value < bounds.warn;
        let doubt = if is_doubt && high.is_finite() {
            format!(
                ". That may be so, not more: the estimate, {}, is below the bound of {}, and with its \
                 error it may be as large as {}",
                number(estimate.value),
                number(bounds.warn),
                number(high)
            )
        } else {
            String::new()
        };
        Self { why: self.why + &doubt, measured: Some(measured), ..self }
    }
}

/// A symptom that was looked for and not found.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Passed {
    /// The symptom's code.
    pub code: &'static str,
    /// The effect in numbers, where one number says it.
    pub measured: Option<Measured>,
}

/// What a rule saw.
#[derive(Clone, Debug, PartialEq)]
pub enum Look {
    /// The symptom cannot occur here, or what it needs was not measured.
    Skipped,
    /// The symptom is not there.
    Passed(Option<Measured>),
    /// The symptom is there, or may be.
    Found(Finding),
}

impl From<Option<Finding>> for Look {
    fn from(found: Option<Finding>) -> Self {
        found.map_or(Self::Passed(None), Self::Found)
    }
}

/// What a check looks for. Its type's documentation says what it checks, why it harms, what it
/// looks like, the fix, and when to ignore it.
pub trait Rule: Sync {
    /// The symptom's code: its file's name with hyphens.
    fn code(&self) -> &'static str;
    /// What is wrong, in a few words.
    fn title(&self) -> &'static str;
    /// When to ignore it.
    fn ignore(&self) -> &'static str;
    /// What the number in a finding is; empty where there is none.
    fn effect(&self) -> &'static str {
        ""
    }
    /// The page of `docs/theory` that derives it, without its ending.
    fn page(&self) -> &'static str;
    /// Codes of symptoms that follow from this one.
    fn consequences(&self) -> &'static [&'static str] {
        &[]
    }
    /// Whether a finding of this rule is the cause of another one.
    fn explains(&self, _case: &Case<'_>, finding: &Finding) -> bool {
        self.consequences().contains(&finding.code)
    }
    /// What the case shows of the symptom.
    fn look(&self, case: &Case<'_>) -> Look;
}

/// Every symptom, causes before their consequences.
pub static RULES: &[&dyn Rule] = &[
    &non_finite::NonFinite,
    &unnormalized_data::UnnormalizedData,
    &scheme_mismatch::SchemeMismatch,
    &unit_symmetry::UnitSymmetry,
    &duplicated_weights::DuplicatedWeights,
    &near_duplicate_units::NearDuplicateUnits,
    &zero_weights::ZeroWeights,
    &no_gradient::NoGradient,
    &residual_growth::ResidualGrowth,
    &exploding_signal::ExplodingSignal,
    &vanishing_signal::VanishingSignal,
    &gain_mismatch::GainMismatch,
    &dead_units::DeadUnits,
    &correlation_collapse::CorrelationCollapse,
    &chaos::Chaos,
    &saturation::Saturation,
    &exploding_gradient::ExplodingGradient,
    &vanishing_gradient::VanishingGradient,
    &saturated_gates::SaturatedGates,
    &exploding_memory::ExplodingMemory,
    &fading_memory::FadingMemory,
    &few_directions::FewDirections,
    &nearly_linear::NearlyLinear,
    &ill_conditioned_jacobian::IllConditionedJacobian,
    &underflow::Underflow,
    &wrong_output_scale::WrongOutputScale,
    &step_too_large::StepTooLarge,
    &step_too_small::StepTooSmall,
];

/// What all rules saw: findings, causes before their consequences, and what is sound.
///
/// A cause is as bad as the worst of what follows from it. Of a part whose last layer is hidden rules are left
/// out that ask for a loss.
pub fn look(case: &Case<'_>) -> (Vec<Finding>, Vec<Passed>) {
    let (mut findings, mut passed) = (Vec::<Finding>::new(), Vec::new());
    let is_part = case.shown().measurement.is_part;
    for rule in RULES.iter().filter(|rule| !is_part || part::is_told(rule.code())) {
        match rule.look(case) {
            Look::Skipped => {}
            Look::Passed(measured) => passed.push(Passed { code: rule.code(), measured }),
            Look::Found(finding) => {
                let explains = |cause: &&mut Finding| explains(cause.code, case, &finding);
                let cause = findings.iter_mut().find(explains);
                let consequence_of = cause.map(|cause| {
                    cause.severity = cause.severity.max(finding.severity);
                    cause.code
                });
                findings.push(Finding { consequence_of, ..finding });
            }
        }
    }
    (findings, passed)
}

fn explains(code: &str, case: &Case<'_>, finding: &Finding) -> bool {
    RULES.iter().any(|rule| rule.code() == code && rule.explains(case, finding))
}
