//! One word on how training will go, from what is known before the first step.
//!
//! A chain of D weight matrices grows out of a small start like a product of D factors. With r one
//! step's change of a matrix relative to its size, the start is left after about 1 / (r·(D − 2))
//! steps for D > 2 and a few 1/r otherwise. Derivation, limits and origin of the thresholds:
//! `docs/theory/escape-time.md`.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::evidence::Evidence;

/// How training goes, forecast or seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Reaches what is expected within the planned training.
    Learns,
    /// Leaves the start, but does not arrive within the planned training.
    Slow,
    /// Stays at, or near, what guessing reaches.
    Stuck,
    /// Diverges, or jumps without settling.
    Unstable,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Learns => "learns",
            Self::Slow => "slow",
            Self::Stuck => "stuck",
            Self::Unstable => "unstable",
        })
    }
}

/// Escape times above this share of the planned steps leave too few to learn in.
///
/// On digits every network with a share up to 0.8 learned; those from 1.3 to 2.3 were split.
pub const SLOW_SHARE: f64 = 1.0;

/// Escape times above this multiple of the planned steps never end within them.
///
/// On digits no network with a share of 5 or more reached the target.
pub const STUCK_SHARE: f64 = 5.0;

/// A [`jump`](Evidence::jump) above this leaves the region where the gradient means anything.
///
/// On digits (relu and tanh, 2 to 10 hidden layers, SGD and Adam) training was sound up to a sum
/// of 0.5, split between 0.5 and 1, and lost beyond 1 but for tanh and batch normalization.
pub const LARGEST_JUMP: f64 = 1.0;

/// The least factor (D − 2) by which a chain's growth feeds on itself: short chains grow
/// exponentially, and two matrices take about 2/r to grow by e².
const LEAST_ACCELERATION: f64 = 0.5;

/// About how many steps pass until the weights have grown out of their start; `None` if some
/// layer gets no gradient at all.
///
/// r is the geometric mean over the layers outside residual branches of
/// [`relative_step`](Evidence::relative_step), D their number.
pub fn escape_steps(evidence: &Evidence<'_>) -> Option<f64> {
    let steps = evidence.chain_steps();
    let (depth, logarithms) = steps.fold((0.0, 0.0), |(n, sum), step| (n + 1.0, sum + step.ln()));
    let rate = f64::exp(logarithms / depth);
    (rate > 0.0).then(|| 1.0 / ((depth - 2.0).max(LEAST_ACCELERATION) * rate))
}

/// The share of the planned steps that pass until the weights have grown out of their start.
pub fn escape_share(evidence: &Evidence<'_>) -> Option<f64> {
    escape_steps(evidence).map(|steps| steps / evidence.horizon.steps as f64)
}

/// The forecast, made without any training.
pub fn forecast(evidence: &Evidence<'_>) -> Verdict {
    if evidence.measurement.first_non_finite().is_some() {
        return Verdict::Unstable;
    }
    if evidence.symmetric().is_some() {
        return Verdict::Stuck;
    }
    if evidence.jump().is_some_and(|(jump, _)| jump > LARGEST_JUMP) {
        return Verdict::Unstable;
    }
    match escape_share(evidence) {
        Some(share) if share <= SLOW_SHARE => Verdict::Learns,
        Some(share) if share <= STUCK_SHARE => Verdict::Slow,
        _ => Verdict::Stuck,
    }
}

#[cfg(test)]
mod tests;
