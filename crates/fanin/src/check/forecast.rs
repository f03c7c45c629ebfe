//! One word on how training will go, from what is known before the first step.
//!
//! A chain of D weight matrices grows out of a small start like a product of D factors: the
//! relative rate Σr, where r is one step's change of a matrix relative to its size, itself grows
//! with the product. Integrating d ln s/dt = r·s^(D−2) from the start gives an escape time of
//! 1 / (r·(D − 2)) steps for D > 2; for D = 2 growth is exponential and takes a few 1/r.
//! (Saxe, McClelland & Ganguli 2014 solve the linear case.)

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
pub const SLOW_SHARE: f64 = 1.0;

/// Escape times above this multiple of the planned steps never end within them.
pub const STUCK_SHARE: f64 = 5.0;

/// A step that changes a matrix by more than this share of itself leaves the region where its
/// gradient means anything.
pub const LARGEST_RELATIVE_STEP: f64 = 0.5;

/// About how many steps pass until the weights have grown out of their start; `None` if they get
/// no gradient at all.
pub fn escape_steps(evidence: &Evidence<'_>) -> Option<f64> {
    let layers = &evidence.measurement.layers;
    let depth = layers.len() as f64;
    let logarithms: f64 = layers.iter().map(|l| evidence.relative_step(l).ln()).sum();
    let rate = (logarithms / depth).exp();
    (rate > 0.0).then(|| 1.0 / ((depth - 2.0).max(0.5) * rate))
}

/// The forecast, made without any training.
pub fn forecast(evidence: &Evidence<'_>) -> Verdict {
    if evidence.measurement.first_non_finite().is_some()
        || evidence.largest_relative_step() > LARGEST_RELATIVE_STEP
    {
        return Verdict::Unstable;
    }
    if evidence.symmetric().is_some() {
        return Verdict::Stuck;
    }
    let Some(steps) = escape_steps(evidence) else {
        return Verdict::Stuck;
    };
    let share = steps / evidence.horizon.steps as f64;
    if share > STUCK_SHARE {
        Verdict::Stuck
    } else if share > SLOW_SHARE {
        Verdict::Slow
    } else {
        Verdict::Learns
    }
}
