//! The network starts with confident answers.

use super::{Bounds, Finding, Look, Rule, Severity, advice, number};
use crate::check::case::Case;
use crate::check::estimate::Estimate;
use crate::check::evidence::Evidence;
use crate::check::measurement::LayerMeasurement;

/// The loss before the first step over that of an output of 0, less 1. Networks that learn well
/// were seen up to 1.8, so twice ln K, the usual alarm, would be a false one.
const BOUNDS: Bounds = Bounds { warn: 2.0, fail: f64::INFINITY };

/// Variances of hidden layers so many times 1/d make answers large by themselves: an output of zeros would
/// only hide that. Schemes give 2/d at most, and 3/d with the gain of a squashing activation.
const LARGE: f64 = 10.0;

/// Checks that the loss before the first step is near that of saying nothing (ln K for K classes).
///
/// Harm: the first steps are spent on unlearning random answers, with large gradients; a loss well
/// above that of an output of 0 means outputs of the wrong size. For outputs of mean square q and
/// cross-entropy over K classes the loss is near ln K + q/2·(1 − 1/K) while q is at most 1.
/// Looks like: a loss that drops steeply in the first steps, like a hockey stick, or leaps. Fix:
/// smaller weights in the last layer, such as zeros, in all where all are large, or standardized targets. When to ignore it:
/// when the last layer was trained before.
pub struct WrongOutputScale;

impl Rule for WrongOutputScale {
    fn code(&self) -> &'static str {
        "wrong-output-scale"
    }

    fn title(&self) -> &'static str {
        "the network starts with confident answers"
    }

    fn ignore(&self) -> &'static str {
        "when the last layer was trained before"
    }

    fn effect(&self) -> &'static str {
        "loss / loss of an output of 0, less 1"
    }

    fn page(&self) -> &'static str {
        "verdict"
    }

    fn look(&self, case: &Case<'_>) -> Look {
        case.look_at(
            excess,
            |_| 0.0,
            BOUNDS,
            |severity, estimate| self.explain(severity, case.shown(), estimate),
        )
    }
}

fn excess(start: &Evidence<'_>) -> Option<f64> {
    let (loss, zero) = (start.measurement.loss, start.measurement.loss_of_zero_output);
    (zero > 0.0 && loss.is_finite()).then(|| loss / zero - 1.0)
}

impl WrongOutputScale {
    fn explain(&self, severity: Severity, start: &Evidence<'_>, estimate: Estimate) -> Finding {
        let zero = start.measurement.loss_of_zero_output;
        let why = format!(
            "the loss before the first step is {}, mean over seeds, and an output of 0 would have \
             {}. The first steps go into unlearning random answers",
            number((1.0 + estimate.value) * zero),
            number(zero)
        );
        let output = start.measurement.layers.last().map_or("", |layer| &layer.module);
        let is_large = |layer: &LayerMeasurement| layer.scaled_weight_variance > LARGE;
        let is_body = start.hidden().iter().any(|layer| !layer.normalized && is_large(layer));
        let fix = if is_body {
            advice::variance_that_fits(start)
        } else {
            format!("start the last layer smaller: --rule \"{output}.weight=zeros\"")
        };
        Finding::new(self, severity, why, fix).at(output)
    }
}
