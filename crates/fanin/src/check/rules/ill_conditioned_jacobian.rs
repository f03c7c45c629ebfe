//! Depth stretches some directions and loses others.

use super::{Bounds, Finding, Look, Rule, Severity, number};
use crate::check::case::Case;
use crate::check::estimate::Estimate;
use crate::check::evidence::Evidence;

/// ln of the 95 % over the 5 % point of the singular values between the first and the last hidden
/// layer: a thousandfold, and a millionfold.
const BOUNDS: Bounds = Bounds { warn: 6.907_755_278_982_137, fail: 13.815_510_557_964_274 };

/// From this condition on a direction is lost to rounding, and it is infinite where one is 0.
const LOST: f64 = 1e12;

/// Checks that the Jacobian from the first to the last hidden layer keeps most directions alive
/// (Pennington, Schoenholz & Ganguli 2017).
///
/// Harm: gradient descent learns along directions at speeds as far apart as the squares of the
/// singular values; what depth loses can hardly be learned. Looks like: a loss that falls fast and
/// then creeps. Fix: orthogonal weights, a point on the critical line, residual branches; for relu
/// no scheme gives isometry. When to ignore it: with few units per layer, or where Adam or a
/// normalization evens speeds out.
pub struct IllConditionedJacobian;

impl Rule for IllConditionedJacobian {
    fn code(&self) -> &'static str {
        "ill-conditioned-jacobian"
    }

    fn title(&self) -> &'static str {
        "depth stretches some directions and loses others"
    }

    fn page(&self) -> &'static str {
        "instruments"
    }

    fn look(&self, case: &Case<'_>) -> Look {
        if case.mends() {
            return Look::Passed(None);
        }
        let Some(readings) = case.shown().readings else { return Look::Skipped };
        let Some(condition) = readings.depth_condition else { return Look::Skipped };
        let effect = |_: &Evidence<'_>| Some(condition.clamp(1.0, LOST).ln());
        case.look_at(
            effect,
            |_| 0.0,
            BOUNDS,
            |severity, estimate| self.explain(severity.min(Severity::Warn), estimate),
        )
    }
}

impl IllConditionedJacobian {
    fn explain(&self, severity: Severity, estimate: Estimate) -> Finding {
        let condition = estimate.value.exp();
        let spread = if condition < LOST {
            format!("the largest singular values are {} times the smallest", number(condition))
        } else {
            "more than 5 % of the directions are lost altogether".to_owned()
        };
        let why = format!(
            "from the first to the last hidden layer {spread}. Directions that depth loses can \
             hardly be learned"
        );
        let fix = "use orthogonal weights (--scheme orthogonal), or residual branches";
        Finding::new(self, severity, why, fix.to_owned())
    }
}
