//! One step changes weights by as much as they are.

use super::{Finding, Rule, Severity};
use crate::check::evidence::Evidence;
use crate::check::forecast::LARGEST_JUMP;

/// Checks that one step changes no weight matrix by a large share of itself.
///
/// Harm: the first steps throw the weights far beyond where the gradient is valid, and training
/// diverges or destroys units. Looks like: a loss that jumps up in the first steps, then NaN or a
/// plateau. Fix: a smaller learning rate, warm-up, or weights whose gradients fit. When to ignore
/// it: with a warm-up that begins at a small share of the learning rate. Weights that start near 0
/// on purpose are measured against a matrix that keeps the signal, so they are not reported.
pub struct StepTooLarge;

impl Rule for StepTooLarge {
    fn code(&self) -> &'static str {
        "step-too-large"
    }

    fn title(&self) -> &'static str {
        "one step changes weights by as much as they are"
    }

    fn find(&self, evidence: &Evidence<'_>) -> Option<Finding> {
        let (jump, layer) = evidence.largest_jump().filter(|(jump, _)| *jump > LARGEST_JUMP)?;
        Some(Finding {
            code: self.code(),
            severity: Severity::Fail,
            module: Some(layer.module.clone()),
            why: format!(
                "one step changes the weights of layer {} by {:.0} % of their size, so it leaves \
                 the region where their gradient means anything",
                layer.module,
                100.0 * jump
            ),
            fix: "lower the learning rate, or use a scheme that divides by the fan-in".to_owned(),
        })
    }
}
