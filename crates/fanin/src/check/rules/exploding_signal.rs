//! The signal or the gradient grows from layer to layer.

use super::{Bounds, Finding, Look, Measured, Rule, Severity, because, number};
use crate::check::case::Case;
use crate::check::evidence::Evidence;

/// Growth of the signal's mean square over all hidden layers, as a logarithm: a hundredfold is
/// worth a warning, a millionfold leaves no learning rate that fits all layers.
const BOUNDS: Bounds = Bounds { warn: 4.605_170_185_988_092, fail: 13.815_510_557_964_274 };

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
        let effect = |start: &Evidence<'_>| Some(2.0 * growth(start)?.ln());
        let error = |start: &Evidence<'_>| start.hidden().last().map_or(0.0, |l| l.growth_error);
        let Some(estimate) = case.estimate(effect, error) else { return Look::Skipped };
        let measured = Measured { estimate, bounds: BOUNDS };
        match estimate.judge(BOUNDS) {
            None => Look::Passed(Some(measured)),
            Some(severity) => Look::from(
                self.explain(severity.min(Severity::Warn), case.shown())
                    .map(|finding| finding.measured(measured)),
            ),
        }
    }
}

/// Growth of the signal from the first to the last hidden layer.
fn growth(evidence: &Evidence<'_>) -> Option<f64> {
    Some(evidence.signal_factor()?.powi(evidence.hidden().len() as i32 - 1))
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
            number(growth(evidence)?),
            because(last)
        );
        let fix = "divide the weights by the root of the fan-in: he-normal for relu";
        Some(Finding::new(self, severity, why, fix.to_owned()).at(&last.module))
    }
}
