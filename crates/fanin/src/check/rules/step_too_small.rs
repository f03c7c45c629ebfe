//! The planned steps are too small or too few.

use super::{Finding, Rule, Severity, number, place, planned, steps};
use crate::check::evidence::Evidence;
use crate::check::forecast::{SLOW_SHARE, STUCK_SHARE, escape_share, escape_steps};

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

    fn find(&self, evidence: &Evidence<'_>) -> Option<Finding> {
        let (escape, share) = (escape_steps(evidence)?, escape_share(evidence)?);
        if share <= SLOW_SHARE || evidence.shrinks() {
            return None;
        }
        let first = evidence.chain().next()?;
        Some(Finding {
            code: self.code(),
            severity: if share > STUCK_SHARE { Severity::Fail } else { Severity::Warn },
            module: Some(first.module.clone()),
            why: format!(
                "one step changes the weights of {} by {} of their size: to grow out of their \
                 start takes about {}, and {}",
                place(evidence, first),
                number(evidence.relative_step(first)),
                steps(escape),
                planned(evidence.horizon.steps)
            ),
            fix: "raise the learning rate, or train for more epochs".to_owned(),
        })
    }
}
