//! NaN or infinity before the first step.

use super::{Finding, Look, Rule, Severity, count, place};
use crate::check::case::Case;
use crate::check::evidence::Evidence;
use crate::check::measurement::LayerMeasurement;

/// Checks that every pre-activation, activation and gradient is a finite number.
///
/// Harm: one NaN spreads to every weight in the first step. Looks like: a loss of NaN or infinity
/// at step 0. Fix: smaller weights, or clean data. When to ignore it: never.
pub struct NonFinite;

impl Rule for NonFinite {
    fn code(&self) -> &'static str {
        "non-finite"
    }

    fn title(&self) -> &'static str {
        "NaN or infinity before the first step"
    }

    fn ignore(&self) -> &'static str {
        "never"
    }

    fn page(&self) -> &'static str {
        "fan-in"
    }

    fn consequences(&self) -> &'static [&'static str] {
        &[
            "exploding-signal",
            "correlation-collapse",
            "exploding-gradient",
            "wrong-output-scale",
            "step-too-large",
            "saturation",
            "dead-units",
            "no-gradient",
        ]
    }

    fn look(&self, case: &Case<'_>) -> Look {
        case.starts.iter().find_map(|start| self.find(start)).into()
    }
}

impl NonFinite {
    fn find(&self, evidence: &Evidence<'_>) -> Option<Finding> {
        let layers = &evidence.measurement.layers;
        // A gradient carries what one layer holds to those before it.
        let broken = |l: &&LayerMeasurement| !(l.weight_norm + l.bias_mean_square).is_finite();
        let first = layers.iter().find(|l| l.non_finite > 0)?;
        let layer = layers.iter().find(broken).unwrap_or(first);
        let data = evidence.measurement.input_second_moment;
        let (cause, fix) = if broken(&layer) {
            ("its weights or biases hold such numbers", "draw the weights again: fanin init")
        } else if data.is_finite() {
            let fix = "use a scheme that divides by the fan-in, such as he-normal";
            ("the weights are too large", fix)
        } else {
            let fix = "clean the data: `fanin data` says which columns are not finite";
            ("the features are not finite", fix)
        };
        let why = format!(
            "{} NaN or infinite in {} before the first step, because {cause}: the first \
                 update makes every weight NaN",
            count(layer.non_finite, "number is", "numbers are"),
            place(evidence, layer)
        );
        let fix = fix.to_owned();
        Some(Finding::new(self, Severity::Fail, why, fix).at(&layer.module))
    }
}
