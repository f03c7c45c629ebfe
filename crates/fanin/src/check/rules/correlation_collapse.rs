//! All inputs look alike after some layers.

use super::{Bounds, Finding, Look, Rule, Severity, advice, number, place};
use crate::check::case::Case;
use crate::check::estimate::Estimate;
use crate::check::evidence::Evidence;
use crate::check::measurement::LayerMeasurement;

/// −ln(1 − c) for the median cosine c between two rows: c = 0.98 and c = 0.99.
const BOUNDS: Bounds = Bounds { warn: 3.912_023_005_428_146, fail: 4.605_170_185_988_091 };

/// Rows that differ in at least so many directions can still be told apart, however close: then it
/// is no more than a warning.
const DIRECTIONS: f64 = 2.0;

/// Checks that different inputs still look different to the last hidden layer (the ordered phase of
/// Poole et al. 2016).
///
/// Harm: where all inputs give the same activations, the loss cannot depend on the input, and the
/// gradient that would change this is as small as what is left of the difference. Looks like: a
/// loss that stays at that of guessing the most frequent answer. Fix: weights of larger variance or
/// biases of 0; for smooth activations a point on the critical line. When to ignore it: where the
/// data really consist of rows that hardly differ.
pub struct CorrelationCollapse;

impl Rule for CorrelationCollapse {
    fn code(&self) -> &'static str {
        "correlation-collapse"
    }

    fn title(&self) -> &'static str {
        "all inputs look alike after some layers"
    }

    fn ignore(&self) -> &'static str {
        "where the data really consist of rows that hardly differ"
    }

    fn effect(&self) -> &'static str {
        "−ln(1 − median cosine)"
    }

    fn page(&self) -> &'static str {
        "signal-propagation"
    }

    fn consequences(&self) -> &'static [&'static str] {
        &["few-directions", "ill-conditioned-jacobian"]
    }

    fn look(&self, case: &Case<'_>) -> Look {
        let apart = |start: &&Evidence<'_>| {
            start.last_hidden().is_none_or(|layer| layer.directions >= DIRECTIONS)
        };
        let few = 2 * case.starts.iter().filter(apart).count() < case.starts.len();
        let worst = if few { Severity::Fail } else { Severity::Warn };
        let effect = |start: &Evidence<'_>| {
            start.last_hidden().filter(|_| !has_bottleneck(start)).map(closeness)
        };
        let pairs = |start: &Evidence<'_>| start.last_hidden().map_or(0.0, pair_error);
        case.look_at(effect, pairs, BOUNDS, |severity, estimate| {
            self.explain(severity.min(worst), case.shown(), estimate)
        })
    }
}

/// Whether all passes through a single unit: between single numbers a cosine is 1 or −1, whatever they
/// are.
fn has_bottleneck(start: &Evidence<'_>) -> bool {
    start.hidden().iter().any(|layer| layer.units == 1 && !layer.in_branch())
}

/// −ln(1 − c), at most that of the smallest difference in single precision.
fn closeness(layer: &LayerMeasurement) -> f64 {
    -(1.0 - layer.cosine).max(f64::from(f32::EPSILON)).ln()
}

/// The standard error of −ln(1 − c): that of a cosine over N units is (1 − c²)/√N.
fn pair_error(layer: &LayerMeasurement) -> f64 {
    (1.0 + layer.cosine) / (layer.units as f64).sqrt()
}

impl CorrelationCollapse {
    fn explain(&self, severity: Severity, start: &Evidence<'_>, estimate: Estimate) -> Finding {
        let layer = start.last_hidden().expect("the effect was measured there");
        let why = format!(
            "the median cosine between two inputs is 1 − {} in {}, where they differ in {} \
             directions. The less inputs differ, the less an output can learn from what they are",
            number((-estimate.value).exp()),
            place(start, layer),
            number(layer.directions)
        );
        let fix = format!(
            "{}; start biases at 0, and take wider layers or fewer of them",
            advice::variance_that_fits(start)
        );
        Finding::new(self, severity, why, fix).at(&layer.module)
    }
}
