//! A layer gets no gradient at all.

use super::{Finding, Rule, Severity};
use crate::check::evidence::Evidence;

/// Checks that every layer outside residual branches gets a gradient that is not exactly 0.
///
/// Harm: weights without a gradient never move, and what stands before them learns nothing.
/// Looks like: a loss that stays at that of guessing. Fix: start from random weights of the right
/// scale, with biases of 0. When to ignore it: never; an output or the end of a branch that starts
/// at 0 on purpose is not reported, since the first step opens it.
pub struct NoGradient;

impl Rule for NoGradient {
    fn code(&self) -> &'static str {
        "no-gradient"
    }

    fn title(&self) -> &'static str {
        "a layer gets no gradient"
    }

    fn find(&self, evidence: &Evidence<'_>) -> Option<Finding> {
        let layer = evidence.without_gradient()?;
        let without = evidence.chain().filter(|l| l.gradient_norm == 0.0).count();
        let silent = evidence.hidden().iter().find(|l| l.silent_share == 1.0);
        let cause = match silent {
            Some(silent) => format!(
                "the {} units of layer {} answer every row alike",
                silent.units, silent.module
            ),
            None => "a factor of that product is 0".to_owned(),
        };
        Some(Finding {
            code: self.code(),
            severity: Severity::Fail,
            module: Some(layer.module.clone()),
            why: format!(
                "the gradient of {without} of {} weight matrices, that of layer {} first, is \
                 exactly 0, because {cause}: no step moves them",
                evidence.chain().count(),
                layer.module
            ),
            fix: "start from random weights, such as he-normal, and biases of 0".to_owned(),
        })
    }
}
