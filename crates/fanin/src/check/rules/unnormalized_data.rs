//! Features far from unit scale.

use super::{Finding, Look, Rule, Severity, count, number};
use crate::check::case::Case;
use crate::check::evidence::Evidence;
use crate::check::features::FeatureScales;

/// Second moments of the features outside this range strain every scheme that divides by the
/// fan-in, because it assumes inputs of unit scale.
const USUAL: std::ops::RangeInclusive<f64> = 0.1..=10.0;

/// Means further from 0 than so many deviations make rows resemble each other: two rows have the
/// cosine μ²/(μ² + σ²), 0.9 here (`LeCun` et al. 1998 on the Hessian's condition).
const LARGEST_OFFSET: f64 = 3.0;

/// Deviations of features further apart than this leave the small ones unseen.
const LARGEST_RATIO: f64 = 100.0;

/// Checks that the features' second moment is near 1, their means near 0 and their deviations near
/// each other.
///
/// Harm: every scheme that divides by the fan-in assumes inputs of unit scale; with others the
/// first layer saturates, dies or whispers, and no learning rate fits all layers.
/// Looks like: a loss that jumps or stands still until the learning rate is retuned.
/// Fix: standardize with the training split's statistics. When to ignore it: where the first layer
/// is followed by a normalization.
pub struct UnnormalizedData;

impl Rule for UnnormalizedData {
    fn code(&self) -> &'static str {
        "unnormalized-data"
    }

    fn title(&self) -> &'static str {
        "features far from unit scale"
    }

    fn ignore(&self) -> &'static str {
        "where the first layer is followed by a normalization"
    }

    fn page(&self) -> &'static str {
        "fan-in"
    }

    fn look(&self, case: &Case<'_>) -> Look {
        self.find(case.shown()).into()
    }
}

impl UnnormalizedData {
    fn find(&self, evidence: &Evidence<'_>) -> Option<Finding> {
        let why = off_scale(evidence.measurement.input_second_moment)
            .or_else(|| off_center(&evidence.measurement.features))
            .or_else(|| unequal(&evidence.measurement.features))
            .or_else(|| constant(&evidence.measurement.features))?;
        let fix = "standardize the data (--standardize standard)".to_owned();
        Some(Finding::new(self, Severity::Warn, why, fix))
    }
}

fn off_scale(second: f64) -> Option<String> {
    let harm = if second == 0.0 {
        "the first layer has nothing to learn from".to_owned()
    } else {
        format!("the first layer's outputs are off by a factor of {}", number(second.sqrt()))
    };
    (!USUAL.contains(&second)).then(|| {
        format!("the features' mean square is {} where schemes assume 1, so {harm}", number(second))
    })
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
