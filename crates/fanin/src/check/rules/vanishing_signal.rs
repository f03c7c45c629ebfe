//! The signal forward and the gradient back shrink from layer to layer.

use super::{Finding, Look, Measured, Rule, Severity, advice, because, number, planned, steps};
use crate::check::case::Case;
use crate::check::evidence::Evidence;
use crate::check::forecast::{ESCAPE, escape_steps};

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

    fn ignore(&self) -> &'static str {
        "never for the planned training; a shrinking signal that the planned steps mend is not reported"
    }

    fn effect(&self) -> &'static str {
        "ln(steps until something is learned / steps planned)"
    }

    fn page(&self) -> &'static str {
        "escape-time"
    }

    fn consequences(&self) -> &'static [&'static str] {
        &[
            "gain-mismatch",
            "dead-units",
            "vanishing-gradient",
            "correlation-collapse",
            "underflow",
            "step-too-small",
            "ill-conditioned-jacobian",
        ]
    }

    fn look(&self, case: &Case<'_>) -> Look {
        let Some(estimate) = case.log_escape_share() else { return Look::Skipped };
        let measured = Measured { estimate, bounds: ESCAPE };
        let shrinking = case.starts.iter().filter(|start| start.shrinks()).count();
        match estimate.judge(ESCAPE) {
            Some(severity) if 2 * shrinking > case.starts.len() => {
                Look::from(self.explain(severity, case.shown()).map(|f| f.measured(measured)))
            }
            _ => Look::Passed(Some(measured)),
        }
    }
}

impl VanishingSignal {
    fn explain(&self, severity: Severity, evidence: &Evidence<'_>) -> Option<Finding> {
        let escape = escape_steps(evidence)?;
        let (signal, hidden) = (evidence.signal_factor()?, evidence.hidden());
        let back = match evidence.gradient_factor() {
            Some(factor) => format!(" and the gradient ×{} on its way back", number(factor)),
            None => String::new(),
        };
        let why = format!(
            "the signal shrinks ×{} per layer{back}{}: to grow out of that takes about {}, and {}",
            number(signal),
            because(hidden.last()?),
            steps(escape),
            planned(evidence.horizon.steps)
        );
        let fix = advice::variance_that_fits(evidence);
        Some(Finding::new(self, severity, why, fix).at(&hidden.first()?.module))
    }
}
