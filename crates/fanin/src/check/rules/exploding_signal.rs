//! The signal or the gradient grows from layer to layer.

use super::{Finding, Rule, Severity, because, number};
use crate::check::evidence::Evidence;

/// Growth of the signal over all hidden layers that is worth a warning: the mirror of a second
/// moment that grows a hundredfold.
const GROWTH: f64 = 10.0;

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

    fn find(&self, evidence: &Evidence<'_>) -> Option<Finding> {
        let factor = evidence.signal_factor()?;
        let hidden = evidence.hidden();
        let between = hidden.len() as i32 - 1;
        let growth = factor.powi(between);
        if growth <= GROWTH {
            return None;
        }
        let last = hidden.last()?;
        let per_layer = match between {
            1 => String::new(),
            _ => format!("×{} per layer, ", number(factor)),
        };
        Some(Finding {
            code: self.code(),
            severity: Severity::Warn,
            module: Some(last.module.clone()),
            why: format!(
                "the signal grows {per_layer}×{} from the first to the last hidden layer{}",
                number(growth),
                because(last)
            ),
            fix: "divide the weights by the root of the fan-in: he-normal for relu".to_owned(),
        })
    }
}
