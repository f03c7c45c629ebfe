//! NaN or infinity before the first step.

use super::{Finding, Rule, Severity};
use crate::check::evidence::Evidence;

/// Checks that every pre-activation, activation and gradient is a finite number.
///
/// Harm: one NaN spreads to every weight in the first step. Looks like: a loss of NaN at step 0.
/// Fix: smaller weights, or clean data. Never ignore it.
pub struct NonFinite;

impl Rule for NonFinite {
    fn code(&self) -> &'static str {
        "non-finite"
    }

    fn title(&self) -> &'static str {
        "NaN or infinity before the first step"
    }

    fn find(&self, evidence: &Evidence<'_>) -> Option<Finding> {
        let module = evidence.measurement.first_non_finite()?;
        Some(Finding {
            code: self.code(),
            severity: Severity::Fail,
            module: Some(module.to_owned()),
            why: format!(
                "numbers overflow in layer {module} before the first step, so the first update \
                 makes every weight NaN"
            ),
            fix: "use a scheme that divides by the fan-in, such as he-normal".to_owned(),
        })
    }
}
