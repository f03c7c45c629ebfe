//! Depth stretches some directions and loses others.

use super::{Bounds, Finding, Look, Rule, Severity, advice, number};
use crate::check::case::Case;
use crate::check::estimate::Estimate;
use crate::check::evidence::Evidence;
use crate::check::measurement::LayerMeasurement;
use crate::check::readings::Readings;

/// ln(1 + σ²) for the relative variance σ² of the squared singular values between the first and the
/// last hidden layer: of all directions one in 1 + σ² is left. Relu and Gaussian weights have
/// σ² = 2L over L layers, which 25 layers bring to 50.
const BOUNDS: Bounds = Bounds { warn: 3.931_825_632_724_326, fail: f64::INFINITY };

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

    fn ignore(&self) -> &'static str {
        "with few units per layer, or where Adam or a normalization evens speeds out"
    }

    fn effect(&self) -> &'static str {
        "ln(1 + relative variance of squared singular values)"
    }

    fn page(&self) -> &'static str {
        "instruments"
    }

    fn look(&self, case: &Case<'_>) -> Look {
        if case.mends() {
            return Look::Skipped;
        }
        let effect = |readings: &Readings| readings.depth_relative_variance.map(f64::ln_1p);
        case.look_at_readings(effect, BOUNDS, |severity, estimate| {
            self.explain(severity, case.shown(), estimate)
        })
    }
}

impl IllConditionedJacobian {
    fn explain(&self, severity: Severity, start: &Evidence<'_>, estimate: Estimate) -> Finding {
        let why = format!(
            "from the first to the last hidden layer one direction in {} carries what comes \
             through. Directions that depth loses can hardly be learned",
            number(estimate.value.exp())
        );
        let known = |layer: &LayerMeasurement| advice::usual_scheme(layer.activation.as_deref());
        let fix = if start.hidden().iter().all(|layer| known(layer).is_some()) {
            "use orthogonal weights (--scheme orthogonal), or residual branches".to_owned()
        } else {
            format!("{}; or residual branches", advice::BY_FIX)
        };
        Finding::new(self, severity, why, fix)
    }
}
