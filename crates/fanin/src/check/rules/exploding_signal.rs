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
        let error = |start: &Evidence<'_>| start.hidden().last().map_or(0.0, |l| l.growth_error);
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
        let (factor, last) = (evidence.signal_factor()?, evidence.hidden().last()?);
        let per_layer = match evidence.hidden().len() {
            2 => String::new(),
            _ => format!("×{} per layer, ", number(factor)),
        };
        let why = format!(
            "the signal grows {per_layer}×{} from the first to the last hidden layer{}",
            number((0.5 * evidence.log_signal_growth()?).exp()),
            because(last)
        );
        let fix = advice::variance_that_fits(evidence);
        Some(Finding::new(self, severity, why, fix).at(&last.module))
    }
}
