//! One step changes weights by as much as they are.

use super::{Finding, Rule, Severity};
use crate::check::evidence::Evidence;
use crate::check::forecast::LARGEST_RELATIVE_STEP;

/// Checks that one step changes no weight matrix by a large share of itself.
///
/// Harm: the first steps throw the weights far beyond where the gradient is valid, and training
/// diverges or destroys units. Looks like: a loss that jumps up in the first steps, then NaN or a
/// plateau. Fix: a smaller learning rate, warm-up, or weights whose gradients fit. Ignore it for
/// weights that start near zero on purpose.
pub struct StepTooLarge;

impl Rule for StepTooLarge {
    fn code(&self) -> &'static str {
        "step-too-large"
    }

    fn title(&self) -> &'static str {
        "one step changes weights by as much as they are"
    }

    fn find(&self, evidence: &Evidence<'_>) -> Option<Finding> {
        let layers = evidence.measurement.layers.iter();
        let (step, layer) = layers
            .map(|l| (evidence.relative_step(l), l))
            .filter(|(step, _)| *step > LARGEST_RELATIVE_STEP)
            .max_by(|a, b| a.0.total_cmp(&b.0))?;
        Some(Finding {
            code: self.code(),
            severity: Severity::Fail,
            module: Some(layer.module.clone()),
            why: format!(
                "one step changes the weights of layer {} by {:.0} % of their size",
                layer.module,
                100.0 * step
            ),
            fix: "lower the learning rate, or use a scheme that divides by the fan-in".to_owned(),
        })
    }
}
