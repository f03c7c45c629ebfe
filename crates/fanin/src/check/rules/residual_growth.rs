//! Residual branches add up.

use super::{Bounds, Finding, Look, Rule, Severity, count, number};
use crate::check::case::Case;
use crate::check::estimate::Estimate;
use crate::check::evidence::Evidence;
use crate::check::forecast::LARGEST_GROWTH;

/// ln of the stream's mean square at the last block over that at the first: a hundredfold, and more
/// than training was seen to settle from.
const BOUNDS: Bounds = Bounds { warn: 4.605_170_185_988_092, fail: LARGEST_GROWTH };

/// Checks that the stream of a residual network does not grow much from block to block.
///
/// Harm: a branch that keeps the mean square doubles the stream's, so L blocks multiply it by 2ᴸ,
/// forward and backward. Looks like: huge logits, a loss that leaps, NaN in deep networks. Fix:
/// scale branches by 1/√L (`residual:0.2`), or start their last layers at 0 (Fixup, `SkipInit`). When
/// to ignore it: where a normalization follows every sum, or opens every branch.
pub struct ResidualGrowth;

impl Rule for ResidualGrowth {
    fn code(&self) -> &'static str {
        "residual-growth"
    }

    fn title(&self) -> &'static str {
        "residual branches add up"
    }

    fn ignore(&self) -> &'static str {
        "where a normalization follows every sum, or opens every branch"
    }

    fn effect(&self) -> &'static str {
        "ln(stream² at the last block / at the first)"
    }

    fn page(&self) -> &'static str {
        "signal-propagation"
    }

    fn consequences(&self) -> &'static [&'static str] {
        &["exploding-signal", "exploding-gradient", "wrong-output-scale", "step-too-large"]
    }

    fn look(&self, case: &Case<'_>) -> Look {
        let error =
            |start: &Evidence<'_>| start.branch_openings().last().map_or(0.0, |l| l.growth_error);
        case.look_at(Evidence::log_stream_growth, error, BOUNDS, |severity, estimate| {
            self.explain(severity, case.shown(), estimate)
        })
    }
}

impl ResidualGrowth {
    fn explain(&self, severity: Severity, start: &Evidence<'_>, estimate: Estimate) -> Finding {
        let openings = start.branch_openings();
        let blocks = openings.len();
        let per_block = (estimate.value / (blocks as f64 - 1.0)).exp();
        let why = format!(
            "the stream's mean square grows ×{} per block, ×{} over {}. Every branch adds to \
             the stream, and nothing divides the sum",
            number(per_block),
            number(estimate.value.exp()),
            count(blocks, "block", "blocks")
        );
        let fix = format!(
            "start the branches' last layers at 0: --rule \"role:residual-output=zeros\"; or scale them: \
             residual:{:.2} is 1/√{blocks}",
            (blocks as f64).sqrt().recip()
        );
        let last = openings.last().map_or("", |layer| &layer.module);
        Finding::new(self, severity, why, fix).at(last)
    }
}
