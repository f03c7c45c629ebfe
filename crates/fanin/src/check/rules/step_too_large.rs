//! One step changes weights by as much as they are.

use super::{Bounds, Finding, Look, Rule, Severity, number, place};
use crate::check::case::Case;
use crate::check::evidence::Evidence;
use crate::check::fitting_rate;

/// ln of the jump over the largest one that was seen to come right.
const BOUNDS: Bounds = Bounds { warn: 0.0, fail: 0.0 };

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

    fn ignore(&self) -> &'static str {
        "with a warm-up that begins at a small share of the learning rate, or where batch normalization follows every layer"
    }

    fn effect(&self) -> &'static str {
        "ln(jump / largest that comes right)"
    }

    fn page(&self) -> &'static str {
        "escape-time"
    }

    fn look(&self, case: &Case<'_>) -> Look {
        if case.shown().is_too_sharp() {
            return Look::Found(self.too_sharp(case.shown()));
        }
        let effect =
            |start: &Evidence<'_>| start.jump().map(|(jump, _)| (jump / start.largest_jump()).ln());
        case.look_at(effect, |_| 0.0, BOUNDS, |severity, _| self.explain(severity, case.shown()))
    }
}

impl StepTooLarge {
    fn too_sharp(&self, start: &Evidence<'_>) -> Finding {
        let ratio = start.sharpness_ratio().unwrap_or(f64::NAN);
        let why = format!(
            "the learning rate is {} times the largest that the curvature of the loss allows, so \
             the first steps overshoot",
            number(ratio)
        );
        let stable = start.horizon.learning_rate() / ratio;
        let rate = fitting_rate::below_curvature(stable, &start.horizon).unwrap_or(f64::NAN);
        let fix = format!("lower the learning rate: --learning-rate {rate:.1e}");
        Finding::new(self, Severity::Fail, why, fix)
    }

    fn explain(&self, severity: Severity, evidence: &Evidence<'_>) -> Finding {
        let (jump, layer) = evidence.jump().expect("the effect was measured");
        let why = format!(
            "one step changes the hidden weights by {} times their size, added up over layers and \
             most in {}; up to {} was seen to come right",
            number(jump),
            place(evidence, layer),
            number(evidence.largest_jump())
        );
        let rate = fitting_rate::below_jump(evidence).expect("the jump was measured");
        let fix = format!(
            "lower the learning rate: --learning-rate {rate:.1e}; or use a scheme that divides by the \
             fan-in"
        );
        Finding::new(self, severity, why, fix).at(&layer.module)
    }
}
