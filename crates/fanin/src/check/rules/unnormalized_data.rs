//! Features far from unit scale.

use super::{Finding, Rule, Severity, number};
use crate::check::evidence::Evidence;

/// Second moments of the features outside this range strain every scheme that divides by the
/// fan-in, because it assumes inputs of unit scale.
const USUAL: std::ops::RangeInclusive<f64> = 0.1..=10.0;

/// Checks that the features' second moment is near 1.
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

    fn find(&self, evidence: &Evidence<'_>) -> Option<Finding> {
        let second = evidence.measurement.input_second_moment;
        if USUAL.contains(&second) {
            return None;
        }
        let harm = if second == 0.0 {
            "the first layer has nothing to learn from".to_owned()
        } else {
            format!("the first layer's outputs are off by a factor of {}", number(second.sqrt()))
        };
        Some(Finding {
            code: self.code(),
            severity: Severity::Warn,
            module: None,
            why: format!(
                "the features' mean square is {} where schemes assume 1, so {harm}",
                number(second)
            ),
            fix: "standardize the data (--standardize standard)".to_owned(),
        })
    }
}
