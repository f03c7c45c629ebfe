//! The planned steps are too small or too few.

use super::{Finding, Look, Measured, Rule, Severity, number, place, planned, steps};
use crate::check::case::Case;
use crate::check::evidence::Evidence;
use crate::check::forecast::{ESCAPE, escape_share, escape_steps};

/// Checks that the planned steps reach beyond the start, where the signal itself is sound.
///
/// Harm: training ends before the weights are anywhere else than where they started. Looks like: a
/// loss that falls so slowly that it seems to stand still. Fix: a larger learning rate or more
/// epochs. When to ignore it: when weights that were trained before are only to be adjusted.
pub struct StepTooSmall;

impl Rule for StepTooSmall {
    fn code(&self) -> &'static str {
        "step-too-small"
    }

    fn title(&self) -> &'static str {
        "the planned steps are too small or too few"
    }

    fn ignore(&self) -> &'static str {
        "when weights that were trained before are only to be adjusted"
    }

    fn effect(&self) -> &'static str {
        "ln(steps until something is learned / steps planned)"
    }

    fn page(&self) -> &'static str {
        "escape-time"
    }

    fn look(&self, case: &Case<'_>) -> Look {
        let Some(estimate) = case.log_escape_share() else { return Look::Skipped };
        let measured = Measured { estimate, bounds: ESCAPE };
        let shrinking = case.starts.iter().filter(|start| start.shrinks()).count();
        match estimate.judge(ESCAPE) {
            Some(severity) if 2 * shrinking <= case.starts.len() => {
                Look::from(self.explain(severity, case.shown()).map(|f| f.measured(measured)))
            }
            _ => Look::Passed(Some(measured)),
        }
    }
}

impl StepTooSmall {
    fn explain(&self, severity: Severity, evidence: &Evidence<'_>) -> Option<Finding> {
        let first = evidence.chain().next()?;
        let why = format!(
            "one step changes the weights of {} by {} of their size: to grow out of their start \
             takes about {}, and {}",
            place(evidence, first),
            number(evidence.relative_step(first)),
            steps(escape_steps(evidence)?),
            planned(evidence.horizon.steps)
        );
        // Growing takes as many steps as the rate is smaller.
        let rate = evidence.horizon.learning_rate() * escape_share(evidence)?;
        let fix = format!(
            "raise the learning rate: --learning-rate {rate:.1e}; or train for more epochs (--epochs)"
        );
        Some(Finding::new(self, severity, why, fix).at(&first.module))
    }
}
