//! One step changes weights by as much as they are.

use super::{Finding, Look, Rule, Severity, number, place};
use crate::check::case::Case;
use crate::check::evidence::Evidence;
use crate::check::forecast::LARGEST_JUMP;

/// Checks that one step does not change the hidden layers by a large share of what they are.
///
/// Harm: the first steps throw the weights far beyond where the gradient is valid, and training
/// diverges or destroys units. Looks like: a loss that jumps up in the first steps, then NaN or a
/// plateau. Fix: a smaller learning rate, warm-up, or weights whose gradients fit. When to ignore
/// it: with a warm-up that begins at a small share of the learning rate, or where batch normalization
/// follows every layer. Weights that start near 0 on purpose are not reported.
pub struct StepTooLarge;

impl Rule for StepTooLarge {
    fn code(&self) -> &'static str {
        "step-too-large"
    }

    fn title(&self) -> &'static str {
        "one step changes weights by as much as they are"
    }

    fn page(&self) -> &'static str {
        "escape-time"
    }

    fn look(&self, case: &Case<'_>) -> Look {
        self.find(case.shown()).into()
    }
}

impl StepTooLarge {
    fn find(&self, evidence: &Evidence<'_>) -> Option<Finding> {
        let (jump, layer) = evidence.jump().filter(|(jump, _)| *jump > LARGEST_JUMP)?;
        let why = format!(
            "one step changes the hidden weights by {} times their size, added up over layers \
                 and most in {}, so it leaves the region where their gradient means anything",
            number(jump),
            place(evidence, layer)
        );
        let fix = "lower the learning rate, or use a scheme that divides by the fan-in".to_owned();
        Some(Finding::new(self, Severity::Fail, why, fix).at(&layer.module))
    }
}
