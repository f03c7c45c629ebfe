//! The signal or the gradient grows from layer to layer.

use super::{Bounds, Finding, Look, Measured, Rule, Severity, advice, because, number};
use crate::check::case::Case;
use crate::check::evidence::Evidence;
use crate::check::forecast::LARGEST_GROWTH;

/// ln of the growth of the signal's mean square over all hidden layers: a hundredfold is worth a
/// warning, ten thousandfold is more than training was seen to settle from.
const BOUNDS: Bounds = Bounds { warn: 4.605_170_185_988_092, fail: LARGEST_GROWTH };

/// Checks that the signal does not grow much through the hidden layers.
///
/// Harm: activations saturate, logits and loss are huge, gradients explode. Looks like: a loss
/// far above that of guessing, then NaN. Fix: divide the weights by the root of the fan-in; scale
/// residual branches down. When to ignore it: where the last layer is made small on purpose.
pub struct ExplodingSignal;

impl Rule for ExplodingSignal {
    fn code(&self) -> &'static str {
        "exploding-signal"
    }

    fn title(&self) -> &'static str {
        "the signal grows from layer to layer"
    }

    fn ignore(&self) -> &'static str {
        "where the last layer is made small on purpose"
    }

    fn effect(&self) -> &'static str {
        "ln(signal² in the last hidden layer / in the first)"
    }

    fn page(&self) -> &'static str {
        "signal-propagation"
    }

    fn consequences(&self) -> &'static [&'static str] {
        &[
            "gain-mismatch",
            "dead-units",
            "saturation",
            "chaos",
            "exploding-gradient",
            "wrong-output-scale",
            "step-too-large",
            "ill-conditioned-jacobian",
        ]
    }

    fn look(&self, case: &Case<'_>) -> Look {
        // Each is that against the first hidden layer, so that of two against each other is at most this.
        let error = |start: &Evidence<'_>| match start.compared() {
            [first, .., last] => first.growth_error.hypot(last.growth_error),
            _ => 0.0,
        };
        let Some(estimate) = case.estimate(Evidence::log_signal_growth, error) else {
            return Look::Skipped;
        };
        let measured = Measured { estimate, bounds: BOUNDS };
        match estimate.judge(BOUNDS) {
            None => Look::Passed(Some(measured)),
            Some(severity) => Look::from(
                self.explain(severity, case.shown()).map(|finding| finding.measured(measured)),
            ),
        }
    }
}

impl ExplodingSignal {
    fn explain(&self, severity: Severity, evidence: &Evidence<'_>) -> Option<Finding> {
        let (layers, growth) = (evidence.compared(), 0.5 * evidence.log_signal_growth()?);
        let last = layers.last()?;
        let between = layers.len() - 1;
        let per_layer = match between {
            1 => String::new(),
            _ => format!("×{} per layer, ", number((growth / between as f64).exp())),
        };
        let first = if layers.len() == evidence.hidden().len() {
            "the first"
        } else {
            "the first that is normalized"
        };
        let why = format!(
            "the signal grows {per_layer}×{} from {first} to the last hidden layer{}",
            number(growth.exp()),
            because(last)
        );
        let fix = advice::variance_that_fits(evidence);
        Some(Finding::new(self, severity, why, fix).at(&last.module))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::evidence::Horizon;
    use crate::check::probe::{Batch, measure};
    use crate::init::{Rules, for_model};
    use crate::spec::{Loss, Model};

    fn found(layers: &[(f64, bool)]) -> Look {
        let model: Model = format!("2 -> {}x3 relu -> 2", layers.len()).parse().unwrap();
        let weights = for_model(&model, &Rules::new("he-normal"), 0).unwrap();
        let batch = Batch { rows: 1, features: &[1.0, 2.0], targets: &[1.0, 0.0] };
        let mut measurement = measure(&model, &Loss::CrossEntropy, &weights, batch).unwrap();
        for (layer, &(signal, normalized)) in measurement.layers.iter_mut().zip(layers) {
            (layer.signal, layer.normalized, layer.growth_error) = (signal, normalized, 0.0);
        }
        let (measurement, horizon) = (&measurement, Horizon::SAMPLE);
        let start = Evidence { measurement, units: &[], horizon, readings: None };
        ExplodingSignal.look(&Case { starts: vec![start] })
    }

    /// In a discriminator whose second layer alone is normalized the signal is small only before.
    #[test]
    fn what_a_normalization_makes_of_a_small_signal_is_no_growth() {
        assert!(matches!(found(&[(0.04, false), (0.6, false)]), Look::Found(_)));
        assert!(matches!(found(&[(0.04, false), (0.6, true)]), Look::Skipped));
        let passed = found(&[(0.04, false), (0.6, true), (0.6, true)]);
        assert!(matches!(passed, Look::Passed(Some(_))), "{passed:?}");
        let Look::Found(found) = found(&[(0.04, false), (0.6, true), (60.0, false)]) else {
            panic!("it grows behind the normalization, too")
        };
        let expected = "the signal grows ×100 from the first that is normalized to the last";
        assert!(found.why.starts_with(expected), "{}", found.why);
    }
}
