//! The signal forward and the gradient back shrink from layer to layer.

use super::{Finding, Rule, Severity, because, number, planned, steps};
use crate::check::evidence::Evidence;
use crate::check::forecast::{SLOW_SHARE, STUCK_SHARE, escape_share, escape_steps};

/// Checks that a signal which shrinks leaves the weights time to grow out of their start.
///
/// Harm: gradients are products of weights, so small weights move slowly and in a deep network
/// never (`docs/theory/escape-time.md`). Looks like: a loss that stays at that of guessing for
/// long or for ever. Fix: a scheme whose variance fits the activation. When to ignore it: never
/// for the planned training; a shrinking signal that the planned steps mend is not reported.
pub struct VanishingSignal;

impl Rule for VanishingSignal {
    fn code(&self) -> &'static str {
        "vanishing-signal"
    }

    fn title(&self) -> &'static str {
        "signal and gradient shrink from layer to layer"
    }

    fn find(&self, evidence: &Evidence<'_>) -> Option<Finding> {
        let (escape, share) = (escape_steps(evidence)?, escape_share(evidence)?);
        if share <= SLOW_SHARE || !evidence.shrinks() {
            return None;
        }
        let (signal, hidden) = (evidence.signal_factor()?, evidence.hidden());
        let back = match evidence.gradient_factor() {
            Some(factor) => format!(" and the gradient ×{} on its way back", number(factor)),
            None => String::new(),
        };
        Some(Finding {
            code: self.code(),
            severity: if share > STUCK_SHARE { Severity::Fail } else { Severity::Warn },
            module: hidden.first().map(|l| l.module.clone()),
            why: format!(
                "the signal shrinks ×{} per layer{back}{}: to grow out of that takes about {}, and \
                 {}",
                number(signal),
                because(hidden.last()?),
                steps(escape),
                planned(evidence.horizon.steps)
            ),
            fix: "use weights whose variance fits the activation: he-normal for relu, \
                  xavier-uniform for tanh"
                .to_owned(),
        })
    }
}
