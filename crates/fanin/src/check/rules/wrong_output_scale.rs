//! Outputs start at another scale than that of the targets, or cannot reach it.

use super::unnormalized_data::in_words;
use super::{Bounds, Finding, Look, Rule, Severity, advice, number};
use crate::check::case::Case;
use crate::check::estimate::Estimate;
use crate::check::evidence::Evidence;
use crate::check::features::TargetScales;
use crate::check::measurement::LayerMeasurement;

/// The loss before the first step over that of an output of 0, less 1. Networks that learn well
/// were seen up to 1.8, so twice ln K, the usual alarm, would be a false one.
pub(super) const BOUNDS: Bounds = Bounds { warn: 2.0, fail: f64::INFINITY };

/// Variances of hidden layers so many times 1/d make answers large by themselves: an output of zeros would
/// only hide that. Schemes give 2/d at most, and 3/d with the gain of a squashing activation.
const LARGE: f64 = 10.0;

/// A larger share of numbers to learn outside of what the outputs can give is no matter of outliers.
const LARGEST_SHARE: f64 = 0.05;

/// Checks that the loss before the first step is near that of saying nothing (ln K for K classes), and that
/// the activation behind the last layer can give the numbers to learn.
///
/// Harm: the first steps are spent on unlearning random answers, with large gradients; a loss well
/// above that of an output of 0 means outputs of the wrong size. For outputs of mean square q and
/// cross-entropy over K classes the loss is near ln K + q/2·(1 − 1/K) while q is at most 1.
/// Numbers that no output can be are never met, and weights grow without end on their way there.
/// Looks like: a loss that drops steeply in the first steps, like a hockey stick, or leaps; or one that stays
/// far above 0. Fix: smaller weights in the last layer, such as zeros, in all where all are large, or
/// standardized targets; targets within the outputs' range. When to ignore it: when the last layer was
/// trained before.
pub struct WrongOutputScale;

impl Rule for WrongOutputScale {
    fn code(&self) -> &'static str {
        "wrong-output-scale"
    }

    fn title(&self) -> &'static str {
        "the outputs' scale does not fit what is to be learned"
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
        if let Some(found) = self.out_of_reach(case.shown()) {
            return Look::Found(found);
        }
        case.look_at(
            excess,
            |_| 0.0,
            BOUNDS,
            |severity, estimate| self.explain(severity, case.shown(), estimate),
        )
    }
}

pub(super) fn excess(start: &Evidence<'_>) -> Option<f64> {
    let (loss, zero) = (start.measurement.loss, start.measurement.loss_of_zero_output);
    (zero > 0.0 && loss.is_finite()).then(|| loss / zero - 1.0)
}

impl WrongOutputScale {
    fn out_of_reach(&self, start: &Evidence<'_>) -> Option<Finding> {
        let range @ [low, high] = start.measurement.output_range?;
        let is_part = start.measurement.is_part;
        let is_large = |targets: &&TargetScales| targets.out_of_reach > LARGEST_SHARE;
        let targets = start.measurement.targets.as_ref().filter(|_| !is_part).filter(is_large)?;
        let last = start.measurement.layers.last()?;
        let why = format!(
            "{:.0} % of the numbers to learn lie outside of {}, which is all that the {} behind the last \
             layer can give: no training reaches them",
            100.0 * targets.out_of_reach,
            in_words(range),
            last.activation.as_deref().unwrap_or("activation")
        );
        let fix = if low <= 0.0 && high >= 1.0 {
            "bring them into this range (--standardize min-max, and the same in your own training), or take \
             the last activation away"
        } else {
            "bring them into this range, or take the last activation away"
        };
        let finding = Finding::new(self, Severity::Warn, why, fix.to_owned()).at(&last.module);
        Some(Finding {
            effect: "",
            ignore: "where those are outliers that need not be met",
            ..finding
        })
    }

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
