//! Standardized features, by preparation or folded into the first layer.

use super::Remedy;
use crate::check::Diagnosis;
use crate::recommend::{Offer, Problem};

/// Standardized features.
#[derive(Clone, Copy, Debug)]
pub struct StandardizedInput;

/// Second moments of the features outside this range strain schemes that assume 1.
const USUAL: std::ops::RangeInclusive<f64> = 0.1..=10.0;

/// Means further from 0 than so many deviations make rows resemble each other.
const LARGEST_OFFSET: f64 = 3.0;

/// Deviations further apart than this leave small features unseen.
const LARGEST_RATIO: f64 = 100.0;

impl Remedy for StandardizedInput {
    fn name(&self) -> &'static str {
        "standardized-input"
    }

    fn offer(&self, _problem: &Problem<'_>, diagnosis: &Diagnosis) -> Option<Offer> {
        let measured = &diagnosis.measurement;
        let (second, scales) = (measured.input_second_moment, &measured.features);
        let is_usual = USUAL.contains(&second)
            && scales.largest_offset <= LARGEST_OFFSET
            && scales.deviation_ratio <= LARGEST_RATIO;
        if is_usual || !second.is_finite() {
            return None;
        }
        Some(Offer {
            change: "features of mean 0 and variance 1".to_owned(),
            reason: format!(
                "their second moment is {second:.3}, the largest mean is {:.1} deviations from 0, \
                 and deviations differ by a factor of {:.0}",
                scales.largest_offset, scales.deviation_ratio
            ),
            how: "`--standardize standard`, in a spec `[data] standardize = \"standard\"`; or, in Rust, \
                  `recommend::fold_standardization`, which gives W/σ and b − W·μ/σ to the first \
                  layer, so that the features stay as they are"
                .to_owned(),
        })
    }
}
