//! Features or numbers to learn far from unit scale.

use super::wrong_output_scale::{BOUNDS as OUTPUT, excess};
use super::{Finding, Look, Rule, Severity, count, number};
use crate::check::case::Case;
use crate::check::evidence::Evidence;
use crate::check::features::{FeatureScales, TargetScales};
use crate::check::forecast::{ESCAPE, LARGEST_SHARPNESS, escape_share};
use crate::check::measurement::Measurement;

/// Second moments of the features outside this range strain every scheme that divides by the
/// fan-in, because it assumes inputs of unit scale; of numbers to learn, every usual learning rate.
const USUAL: std::ops::RangeInclusive<f64> = 0.1..=10.0;

/// Means further from 0 than so many deviations make rows resemble each other: two rows have the
/// cosine μ²/(μ² + σ²), 0.9 here (`LeCun` et al. 1998 on the Hessian's condition).
const LARGEST_OFFSET: f64 = 3.0;

/// The same of numbers to learn, whose mean the last bias learns in few steps: only at this size it is a
/// hundred times the rest of the loss.
const LARGEST_TARGET_OFFSET: f64 = 10.0;

/// Deviations further apart than this leave the small ones unseen.
const LARGEST_RATIO: f64 = 100.0;

/// Checks that the second moments of features and of numbers to learn are near 1, their means near 0 and
/// their deviations near each other.
///
/// Harm: every scheme that divides by the fan-in assumes inputs of unit scale; with others the
/// first layer saturates, dies or whispers, and no learning rate fits all layers. The gradient goes with
/// the size of what is to be learned, so no usual learning rate fits that of dollars or of meters.
/// Looks like: a loss that jumps or stands still until the learning rate is retuned.
/// Fix: standardize with the training split's statistics. When to ignore it: where the first layer
/// is followed by a normalization.
pub struct UnnormalizedData;

impl Rule for UnnormalizedData {
    fn code(&self) -> &'static str {
        "unnormalized-data"
    }

    fn title(&self) -> &'static str {
        "data far from unit scale"
    }

    fn ignore(&self) -> &'static str {
        "where the first layer is followed by a normalization"
    }

    fn page(&self) -> &'static str {
        "fan-in"
    }

    fn consequences(&self) -> &'static [&'static str] {
        &[
            "vanishing-signal",
            "saturation",
            "wrong-output-scale",
            "step-too-large",
            "step-too-small",
            "nearly-linear",
        ]
    }

    /// Where the same weights would not have the symptom on data of unit scale.
    fn explains(&self, case: &Case<'_>, finding: &Finding) -> bool {
        let start = case.shown();
        let Some(scaled) = Scaled::of(start) else { return false };
        match finding.code {
            "vanishing-signal" | "step-too-small" => scaled.is_soon_enough(start, finding.severity),
            "step-too-large" => scaled.jumps_no_more(start),
            "nearly-linear" => scaled.bends(start),
            "wrong-output-scale" => finding.measured.is_some() && scaled.starts_in_scale(start),
            "saturation" => {
                let first = start.hidden().first().map(|layer| layer.module.as_str());
                scaled.features < 1.0 && finding.module.as_deref() == first
            }
            _ => false,
        }
    }

    fn look(&self, case: &Case<'_>) -> Look {
        self.find(case.shown()).into()
    }
}

impl UnnormalizedData {
    fn find(&self, evidence: &Evidence<'_>) -> Option<Finding> {
        let Measurement { input_second_moment: second, features, .. } = evidence.measurement;
        let targets = judged_targets(evidence);
        let size = |second: f64| second.ln().abs();
        let of_targets = targets.and_then(off_scale_targets);
        let are_worse = targets.is_some_and(|targets| size(targets.second_moment) > size(*second));
        if let Some(why) = of_targets.filter(|_| are_worse || USUAL.contains(second)) {
            return Some(self.of_targets(why, targets?));
        }
        let of_features = off_scale(*second, features)
            .or_else(|| off_center(features))
            .or_else(|| unequal(features))
            .or_else(|| constant(features));
        if let Some(why) = of_features {
            let fix = fix(evidence);
            return Some(Finding::new(self, Severity::Warn, why, fix));
        }
        Some(self.of_targets(unequal_targets(targets?)?, targets?))
    }

    fn of_targets(&self, why: String, targets: &TargetScales) -> Finding {
        if targets.scales.varying == 0 {
            let fix =
                "look at the column that is to be learned: a constant needs no network".to_owned();
            return Finding::new(self, Severity::Warn, why, fix);
        }
        let own = if targets.columns == 1 {
            format!("subtract {} and divide by {}", number(targets.mean), number(targets.deviation))
        } else {
            "subtract each column's mean and divide by its deviation".to_owned()
        };
        let fix = format!(
            "standardize the data, numbers to learn too (--standardize standard); in your own training \
             {own}"
        );
        let finding = Finding::new(self, Severity::Warn, why, fix);
        Finding { ignore: "where the learning rate was tuned for numbers of this size", ..finding }
    }
}

/// Numbers to learn, where the outputs can give any number: else they have to lie within what those can.
fn judged_targets<'a>(start: &Evidence<'a>) -> Option<&'a TargetScales> {
    let measurement = start.measurement;
    let is_free = measurement.output_range.is_none() && !measurement.is_part;
    let targets = measurement.targets.as_ref().filter(|_| is_free)?;
    // Zeros stand in where no loss is known.
    (!targets.are_features && targets.second_moment > 0.0).then_some(targets)
}

/// What brings the features to unit scale.
fn fix(start: &Evidence<'_>) -> String {
    let Measurement { features, targets, output_range, input_second_moment, .. } =
        start.measurement;
    if features.is_standard {
        let factor = number(input_second_moment.sqrt().recip());
        return format!(
            "leave out the features that are the same in every row, or make the first layer's weights \
             {factor} times as large: the others are standardized already"
        );
    }
    match output_range.filter(|_| targets.is_some()) {
        Some(range) => format!(
            "standardize inside of the network, by a normalization in front, or the features alone: \
             numbers to learn have to stay in what its last activation gives, {}",
            in_words(range)
        ),
        None => "standardize the data (--standardize standard)".to_owned(),
    }
}

/// `0 to 1`, `0 and more`.
pub(super) fn in_words(range: [f64; 2]) -> String {
    // A 0 without its sign.
    let told = |x: f64| if x.fract() == 0.0 { format!("{:.0}", x + 0.0) } else { number(x) };
    match range {
        [low, high] if high == f64::INFINITY => format!("{} and more", told(low)),
        [low, high] if low == f64::NEG_INFINITY => format!("{} and less", told(high)),
        [low, high] => format!("{} to {}", told(low), told(high)),
    }
}

fn off_scale(second: f64, features: &FeatureScales) -> Option<String> {
    if USUAL.contains(&second) {
        return None;
    }
    let harm = if second == 0.0 {
        "the first layer has nothing to learn from".to_owned()
    } else {
        format!("the first layer's outputs are off by a factor of {}", number(second.sqrt()))
    };
    let of_all = if features.is_standard && features.constant > features.varying {
        format!(", since {} the same in every row", count(features.constant, "is", "are"))
    } else {
        String::new()
    };
    let second = number(second);
    Some(format!("the features' mean square is {second} where schemes assume 1{of_all}, so {harm}"))
}

fn off_center(features: &FeatureScales) -> Option<String> {
    (features.largest_offset > LARGEST_OFFSET).then(|| {
        format!(
            "the mean of feature {} is {} of its deviations away from 0, so all rows look alike to \
             the first layer, and its Hessian is badly conditioned",
            features.offset_feature,
            number(features.largest_offset)
        )
    })
}

fn unequal(features: &FeatureScales) -> Option<String> {
    (features.deviation_ratio > LARGEST_RATIO).then(|| {
        format!(
            "the largest deviation of a feature is {} times the smallest, so the first layer sees \
             hardly more than the largest ones",
            number(features.deviation_ratio)
        )
    })
}

fn constant(features: &FeatureScales) -> Option<String> {
    (features.largest_constant > LARGEST_OFFSET).then(|| {
        format!(
            "{} the same in every row, up to {}: such a feature says nothing and acts as a large \
             second bias",
            count(features.constant, "feature is", "features are"),
            number(features.largest_constant)
        )
    })
}

fn off_scale_targets(targets: &TargetScales) -> Option<String> {
    let size = targets.second_moment.sqrt();
    let harm = if size > 1.0 {
        format!(
            "gradients are about {} times what learning rates are made for, and outputs of size 1 have \
             as far to go",
            number(size)
        )
    } else {
        format!("outputs of size 1 are {} times as large", number(size.recip()))
    };
    (!USUAL.contains(&targets.second_moment)).then(|| {
        format!(
            "the mean square of the numbers to learn is {} where learning rates assume 1, so {harm}",
            number(targets.second_moment)
        )
    })
}

fn unequal_targets(targets: &TargetScales) -> Option<String> {
    let scales = &targets.scales;
    if scales.largest_offset > LARGEST_TARGET_OFFSET {
        return Some(format!(
            "the mean of the numbers to learn is {} of their deviations away from 0, so the loss is \
             nearly all of the mean, and hides what is learned of the rest",
            number(scales.largest_offset)
        ));
    }
    (scales.deviation_ratio > LARGEST_RATIO).then(|| {
        format!(
            "the largest deviation of a number to learn is {} times the smallest, so the loss sees \
             hardly more than the largest ones",
            number(scales.deviation_ratio)
        )
    })
}

/// The same start on data of unit scale: what features and numbers to learn would be multiplied by.
#[derive(Clone, Copy, Debug)]
struct Scaled {
    features: f64,
    targets: f64,
}

impl Scaled {
    /// None where both are in scale, or the loss is not known.
    fn of(start: &Evidence<'_>) -> Option<Self> {
        let factor = |second: f64| {
            let is_off = second > 0.0 && second.is_finite() && !USUAL.contains(&second);
            if is_off { second.sqrt().recip() } else { 1.0 }
        };
        // A normalization takes the features' size out of all gradients behind it; and where numbers to learn
        // are small, the error at the start is the output, whatever they are.
        let is_normalized = start.hidden().first().is_some_and(|layer| layer.normalized);
        let second = start.measurement.input_second_moment;
        let features = if is_normalized { 1.0 } else { factor(second) };
        let targets = judged_targets(start).map_or(1.0, |own| factor(own.second_moment).min(1.0));
        let is_off = features != 1.0 || targets != 1.0;
        (is_off && !start.measurement.is_part).then_some(Self { features, targets })
    }

    /// What would be measured then, about: the gradient of a matrix goes with what enters the network and
    /// with the error of what leaves it, which at the start is what is to be learned.
    fn measurement(self, start: &Evidence<'_>) -> Measurement {
        let mut scaled = start.measurement.clone();
        scaled.loss *= self.targets * self.targets;
        scaled.loss_of_zero_output *= self.targets * self.targets;
        for layer in &mut scaled.layers {
            let norms = [
                &mut layer.gradient_norm,
                &mut layer.telling_norm,
                &mut layer.row_gradient_norm,
                &mut layer.row_telling_norm,
            ];
            norms.into_iter().for_each(|norm| *norm *= self.features * self.targets);
        }
        scaled
    }

    /// Whether the planned steps would then suffice, as far as a finding of this severity says they do not.
    fn is_soon_enough(self, start: &Evidence<'_>, severity: Severity) -> bool {
        let measurement = &self.measurement(start);
        let limit = if severity == Severity::Fail { ESCAPE.fail } else { ESCAPE.warn };
        let share = escape_share(&Evidence { measurement, ..*start });
        share.is_some_and(|share| share.ln() < limit)
    }

    /// Whether the planned steps would then be short enough: by their size and by the curvature, which goes
    /// with the square of what enters and, far from what is to be learned, with the error.
    fn jumps_no_more(self, start: &Evidence<'_>) -> bool {
        let measurement = &self.measurement(start);
        let later = Evidence { measurement, ..*start };
        let curvature = self.features * self.features * self.targets;
        let ratio = start.sharpness_ratio().map_or(0.0, |ratio| ratio * curvature);
        let is_flat = !start.is_too_sharp() || ratio <= LARGEST_SHARPNESS;
        is_flat && later.jump().is_none_or(|(jump, _)| jump < later.largest_jump())
    }

    /// Whether the network would then bend enough: what it gives beyond a line goes with the fourth power of what
    /// enters smooth activations.
    fn bends(self, start: &Evidence<'_>) -> bool {
        let mut scaled = self.measurement(start);
        if let Some(bend) = &mut scaled.bend {
            bend.given = (bend.given * self.features.powi(4)).min(1.0);
        }
        Evidence { measurement: &scaled, ..*start }.bending() == 1.0
    }

    /// Whether the loss would then begin near that of an output of 0.
    fn starts_in_scale(self, start: &Evidence<'_>) -> bool {
        let factor = self.features / self.targets;
        excess(start).is_some_and(|excess| excess * factor * factor < OUTPUT.warn)
    }
}

#[cfg(test)]
mod tests;
