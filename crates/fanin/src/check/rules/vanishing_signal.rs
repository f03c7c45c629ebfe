//! The signal forward and the gradient back shrink from layer to layer.

use super::{Finding, Rule, Severity};
use crate::check::evidence::Evidence;
use crate::check::forecast::{SLOW_SHARE, STUCK_SHARE, escape_steps};

/// Checks that the weights will have grown out of their start within the planned training.
///
/// Harm: gradients are products of weights, so small weights move slowly and in a deep network
/// never. Looks like: a loss that stays at that of guessing for long or for ever. Fix: a scheme
/// whose variance fits the activation. Ignore it where a normalization follows.
pub struct VanishingSignal;

impl Rule for VanishingSignal {
    fn code(&self) -> &'static str {
        "vanishing-signal"
    }

    fn title(&self) -> &'static str {
        "signal and gradient shrink from layer to layer"
    }

    fn find(&self, evidence: &Evidence<'_>) -> Option<Finding> {
        let steps = escape_steps(evidence)?;
        let share = steps / evidence.horizon.steps as f64;
        let signal = evidence.signal_factor()?;
        if share <= SLOW_SHARE || signal >= 1.0 {
            return None;
        }
        let hidden = evidence.hidden();
        let gradient = evidence.gradient_factor()?;
        let severity = if share > STUCK_SHARE { Severity::Fail } else { Severity::Warn };
        Some(Finding {
            code: self.code(),
            severity,
            module: hidden.first().map(|l| l.module.clone()),
            why: format!(
                "the signal shrinks ×{signal:.2} per layer and the gradient ×{gradient:.2} on its \
                 way back, because the weights' variance is {:.2}/d: to grow out of that takes \
                 about {steps:.0} steps, and {} are planned",
                hidden.last()?.scaled_weight_variance,
                evidence.horizon.steps
            ),
            fix: "use weights whose variance fits the activation: he-normal for relu, \
                  xavier-uniform for tanh"
                .to_owned(),
        })
    }
}
