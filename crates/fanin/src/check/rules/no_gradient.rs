//! No weight gets any gradient.

use super::{Finding, Rule, Severity};
use crate::check::evidence::Evidence;

/// Checks that some hidden weight gets a gradient that is not exactly 0.
///
/// Harm: weights without a gradient never move; only the last bias learns the mean of the
/// targets. Looks like: a loss that stays at that of guessing. Fix: start from random weights of
/// the right scale. Never ignore it.
pub struct NoGradient;

impl Rule for NoGradient {
    fn code(&self) -> &'static str {
        "no-gradient"
    }

    fn title(&self) -> &'static str {
        "no weight gets any gradient"
    }

    fn find(&self, evidence: &Evidence<'_>) -> Option<Finding> {
        let hidden = evidence.hidden();
        if hidden.is_empty() || hidden.iter().any(|l| l.gradient_norm != 0.0) {
            return None;
        }
        Some(Finding {
            code: self.code(),
            severity: Severity::Fail,
            module: hidden.first().map(|l| l.module.clone()),
            why: "the gradient of every hidden weight is exactly 0, because it is a product in \
                  which a weight or an activation is 0: no step moves them"
                .to_owned(),
            fix: "start from random weights, such as he-normal".to_owned(),
        })
    }
}
