//! A hidden weight matrix starts at 0.

use super::{Finding, Look, Rule, Severity, advice, place};
use crate::check::case::Case;
use crate::check::evidence::Evidence;

/// Checks that no hidden matrix outside the ends of residual branches is exactly 0.
///
/// Harm: nothing passes a matrix of zeros, forward or back; until it has moved, no layer before it
/// learns, and if the activation behind it has slope 0 at 0 it never moves. Looks like: a loss that
/// starts at that of guessing and stands still, or waits before it falls. Fix: random weights
/// there. When to ignore it: at an output, at the end of a residual branch, in biases and in the B of
/// a `LoRA` pair, where zeros are right; these are not reported.
pub struct ZeroWeights;

impl Rule for ZeroWeights {
    fn code(&self) -> &'static str {
        "zero-weights"
    }

    fn title(&self) -> &'static str {
        "a hidden weight matrix starts at 0"
    }

    fn ignore(&self) -> &'static str {
        "at an output, at the end of a residual branch, in biases and in the B of a LoRA pair, where zeros are right; these are not reported"
    }

    fn page(&self) -> &'static str {
        "symmetry"
    }

    fn consequences(&self) -> &'static [&'static str] {
        &["no-gradient", "correlation-collapse", "vanishing-signal", "vanishing-gradient"]
    }

    fn look(&self, case: &Case<'_>) -> Look {
        if case.shown().symmetric().is_some() {
            return Look::Skipped;
        }
        case.starts.iter().find_map(|start| self.find(start)).into()
    }
}

impl ZeroWeights {
    fn find(&self, start: &Evidence<'_>) -> Option<Finding> {
        let zero = |layer: &&_| start.is_zero_where_it_hurts(layer);
        let layer = start.hidden().iter().find(zero)?;
        let (severity, how_long) = if layer.gradient_norm > 0.0 {
            (Severity::Warn, "until its first steps have moved it, and it gets a gradient")
        } else {
            (Severity::Fail, "ever, since it gets no gradient itself")
        };
        let why = format!(
            "all weights of {} are 0, so nothing passes it, forward or back. The layers before it \
             learn nothing {how_long}",
            place(start, layer)
        );
        let scheme =
            advice::usual_scheme(layer.activation.as_deref()).map_or("he-normal", |own| own.0);
        let fix = format!("give it random weights: --rule \"{}.weight={scheme}\"", layer.module);
        Some(Finding::new(self, severity, why, fix).at(&layer.module))
    }
}
