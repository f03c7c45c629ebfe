//! A layer gets no gradient at all.

use super::{Finding, Look, Rule, Severity, advice, count, place};
use crate::check::case::Case;
use crate::check::evidence::Evidence;

/// Checks that every layer outside residual branches gets a gradient that is not exactly 0.
///
/// Harm: weights without a gradient never move, and what stands before them learns nothing.
/// Looks like: a loss that stays at that of guessing. Fix: start from random weights of the right
/// scale, with biases of 0. When to ignore it: never; an output or the end of a branch that starts
/// at 0 on purpose is not reported, since the first step opens it. Nor is a network whose units are
/// all the same, which [`UnitSymmetry`](super::unit_symmetry::UnitSymmetry) reports.
pub struct NoGradient;

impl Rule for NoGradient {
    fn code(&self) -> &'static str {
        "no-gradient"
    }

    fn title(&self) -> &'static str {
        "a layer gets no gradient"
    }

    fn ignore(&self) -> &'static str {
        "never; an output or the end of a branch that starts at 0 on purpose is not reported, since the first step opens it"
    }

    fn page(&self) -> &'static str {
        "escape-time"
    }

    fn look(&self, case: &Case<'_>) -> Look {
        if case.shown().symmetric().is_some() {
            return Look::Skipped;
        }
        case.starts.iter().find_map(|start| self.find(start)).into()
    }
}

impl NoGradient {
    fn find(&self, evidence: &Evidence<'_>) -> Option<Finding> {
        let layer = evidence.without_gradient()?;
        let without = evidence.chain().filter(|l| l.gradient_norm == 0.0).count();
        let silent = evidence.hidden().iter().find(|l| l.silent_share == 1.0);
        let cause = match silent {
            Some(silent) => format!(
                "the {} of {} answer every row alike",
                count(silent.units, "unit", "units"),
                place(evidence, silent)
            ),
            None => "a gradient is a product of weights, and one of these is 0".to_owned(),
        };
        let why = format!(
            "the gradient of {without} of {} weight matrices, that of {} first, is exactly \
                 0, because {cause}: no step moves them",
            evidence.chain().count(),
            place(evidence, layer)
        );
        let fix = match silent {
            Some(silent) if silent.weight_norm > 0.0 => format!(
                "bring the biases of {} near 0: {}",
                place(evidence, silent),
                advice::variance_that_fits(evidence)
            ),
            _ => advice::random_weights(evidence),
        };
        Some(Finding::new(self, Severity::Fail, why, fix).at(&layer.module))
    }
}
