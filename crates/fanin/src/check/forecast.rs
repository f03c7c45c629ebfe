//! One word on how training will go, from what is known before the first step.
//!
//! A chain of D weight matrices grows out of a small start like a product of D factors. With r one
//! step's change of a matrix relative to its size, the start is left after about 1 / (r·(D − 2))
//! steps for D > 2 and a few 1/r otherwise; or the loss falls before. Derivation, limits and origin
//! of the thresholds: `docs/theory/escape-time.md`; how often it is right: `docs/verdict.md`.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::case::Case;
use super::estimate::Bounds;
use super::evidence::Evidence;

/// How training goes, forecast or seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Reaches what is expected within the planned training.
    Learns,
    /// Leaves the start, but does not arrive within the planned training.
    Slow,
    /// No word is likely enough to be said; only a forecast can be that.
    Unsure,
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
            Self::Unsure => "unsure",
            Self::Stuck => "stuck",
            Self::Unstable => "unstable",
        })
    }
}

/// Escape times above this share of the planned steps leave too few to learn in.
///
/// This and the other thresholds were chosen on 648 networks that were trained for it, and judged
/// by others (`docs/verdict.md`).
pub const SLOW_SHARE: f64 = 5.011_872_336_272_722;

/// Escape times above this multiple of the planned steps never end within them.
pub const STUCK_SHARE: f64 = 63.095_734_448_019_33;

/// Bounds of ln(escape share): the planned steps hardly suffice, or do not.
pub const ESCAPE: Bounds = Bounds { warn: 1.611_809_565_095_832, fail: 4.144_653_167_389_282 };

/// A [`jump`](Evidence::jump) above this leaves the region where the gradient means anything.
pub const LARGEST_JUMP: f64 = 2.0;

/// The same where a normalization follows: weights that were thrown far are scaled back, and their
/// next steps are the smaller for it.
pub const LARGEST_NORMALIZED_JUMP: f64 = 10.0;

/// ln of the growth of the mean square over all layers beyond which nothing settles, whatever the
/// optimizer: ten thousandfold.
pub const LARGEST_GROWTH: f64 = 9.210_340_371_976_184;

/// Learning rates so many times above the largest that the curvature allows were not seen to come
/// right in plain descent without normalization; up to it the first steps flatten the loss.
pub const LARGEST_SHARPNESS: f64 = 50.0;

/// Neighbors at cosine 0.99 that end below this cosine are strangers: what is learned of one row
/// says nothing of the next.
pub const LEAST_NEAR_COSINE: f64 = 0.1;

/// The least factor (D − 2) by which a chain's growth feeds on itself: short chains grow
/// exponentially, and two matrices take about 2/r to grow by e².
const LEAST_ACCELERATION: f64 = 0.5;

/// Times the steps after which the loss would be 0 if it went on falling as it does at the start:
/// so much later it has fallen, without the weights having to leave their start.
const DESCENT_FACTOR: f64 = 5.623_413_251_903_491;

/// Where the loss falls more slowly than that, growing takes longer by this power of it.
const DESCENT_POWER: f64 = 0.3;

/// About how many steps pass until the network has learned something; `None` if some layer gets no
/// gradient at all.
///
/// The weights grow out of their start in [`growth_steps`], the later the less the gradient tells
/// of the loss; or the loss falls before they have to, at the speed that it has at the start. Weights
/// that [have learned](Evidence::has_learned), as in a checkpoint, have left it already.
pub fn escape_steps(evidence: &Evidence<'_>) -> Option<f64> {
    if evidence.has_learned() {
        return Some(1.0);
    }
    let growth = growth_steps(evidence)?;
    let Some(descent) = evidence.descent_steps() else { return Some(growth) };
    let planned = evidence.horizon.steps.max(1) as f64;
    let held_up = (descent / planned).max(1.0).powf(DESCENT_POWER);
    Some((growth * held_up).min(DESCENT_FACTOR * descent))
}

/// About how many steps pass until a chain of matrices has grown out of its start.
///
/// r is the geometric mean over the layers outside residual branches of the part of
/// [`relative_step`](Evidence::relative_step) that tells rows apart, D their number.
pub fn growth_steps(evidence: &Evidence<'_>) -> Option<f64> {
    let steps = evidence.chain_steps();
    let (depth, logarithms) = steps.fold((0.0, 0.0), |(n, sum), step| (n + 1.0, sum + step.ln()));
    let rate = f64::exp(logarithms / depth);
    (rate > 0.0).then(|| 1.0 / ((depth - 2.0).max(LEAST_ACCELERATION) * rate))
}

/// The share of the planned steps that pass until the network has learned something.
pub fn escape_share(evidence: &Evidence<'_>) -> Option<f64> {
    escape_steps(evidence).map(|steps| steps / evidence.horizon.steps as f64)
}

/// The share of the planned steps that pass until the network has learned what tells rows apart: not only
/// along the direction in which they differ most, and not only along straight lines.
pub fn learning_share(evidence: &Evidence<'_>) -> Option<f64> {
    escape_share(evidence).map(|share| share * evidence.narrowing().max(evidence.bending()))
}

/// How far off ln(learning share) is as a forecast: one deviation.
const ESCAPE_ERROR: f64 = 1.0;

/// How far off ln(jump) is as a forecast: one deviation.
const JUMP_ERROR: f64 = 0.23;

/// A word that is no likelier than this, by the formulas, is not said.
const LEAST_LIKELY: f64 = 0.6;

/// How often a word comes true that the formulas are sure of: networks fare otherwise for reasons
/// that no start shows, such as data that are hard or seeds that are lucky.
const SUREST: f64 = 0.82;

/// What a word's confidence loses for each share of doubt in the formulas. This and [`SUREST`] are
/// the line that fits best, by its squares, what came true of the words said of the networks that
/// thresholds were chosen on; how it fits others is told in `docs/verdict.md`.
const LOST_BY_DOUBT: f64 = 1.08;

/// A word on how training will go, and how likely it is to be right.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Forecast {
    /// The word.
    pub verdict: Verdict,
    /// How often a word so likely comes true; how likely it is follows from the spread over seeds
    /// and the formulas' own errors.
    pub confidence: f64,
}

/// The forecast, made without any training: the likeliest word over all starts.
pub fn forecast(case: &Case<'_>) -> Forecast {
    let words = [Verdict::Learns, Verdict::Slow, Verdict::Stuck, Verdict::Unstable];
    let mut odds = [0.0; 4];
    for start in &case.starts {
        for (sum, share) in odds.iter_mut().zip(odds_of(start)) {
            *sum += share / case.starts.len() as f64;
        }
    }
    let likeliest = (0..4).max_by(|&a, &b| odds[a].total_cmp(&odds[b])).expect("four words");
    let odds = odds[likeliest];
    let verdict = if odds <= LEAST_LIKELY { Verdict::Unsure } else { words[likeliest] };
    let confidence = (SUREST - LOST_BY_DOUBT * (1.0 - odds)).max(0.0);
    Forecast { verdict, confidence }
}

/// The probabilities of learning, being slow, stuck and unstable from one start.
fn odds_of(evidence: &Evidence<'_>) -> [f64; 4] {
    if evidence.measurement.first_non_finite().is_some() {
        return [0.0, 0.0, 0.0, 1.0];
    }
    if evidence.symmetric().is_some() {
        return [0.0, 0.0, 1.0, 0.0];
    }
    if evidence.is_too_sharp() || evidence.log_growth().is_some_and(|g| g > LARGEST_GROWTH) {
        return [0.0, 0.0, 0.0, 1.0];
    }
    let unstable = evidence
        .jump()
        .map_or(0.0, |(jump, _)| below((jump / evidence.largest_jump()).ln() / JUMP_ERROR));
    let Some(share) = learning_share(evidence).filter(|_| !evidence.is_chaotic()) else {
        return [0.0, 0.0, 1.0 - unstable, unstable];
    };
    let beyond = |limit: f64| below((share / limit).ln() / ESCAPE_ERROR);
    let (late, never) = (beyond(SLOW_SHARE), beyond(STUCK_SHARE));
    let stable = 1.0 - unstable;
    [stable * (1.0 - late), stable * (late - never), stable * never, unstable]
}

/// Whether a start that was measured on some rows would get its word on so many times more, too.
///
/// More rows have less noise in their gradient, and so smaller jumps and a later escape: how much less, the
/// scatter of the rows that were seen tells.
pub fn is_settled(evidence: &Evidence<'_>, times: f64) -> bool {
    /// Deviations from the limit that leave no doubt.
    const CLEAR: f64 = 1.0;
    /// Deviations that change little.
    const LITTLE: f64 = 0.2;
    let is_sick = evidence.measurement.first_non_finite().is_some()
        || evidence.symmetric().is_some()
        || evidence.log_growth().is_some_and(|g| g > LARGEST_GROWTH);
    if times <= 1.0 || is_sick {
        return true;
    }
    let mut measurement = evidence.measurement.clone();
    measurement.layers.iter_mut().for_each(|layer| layer.foresee(measurement.rows, times));
    let later = Evidence { measurement: &measurement, ..*evidence };
    if let (Some((jump, _)), Some((least, _))) = (evidence.jump(), later.jump()) {
        let [jump, least] = [jump, least].map(|jump| (jump / evidence.largest_jump()).ln());
        if jump > -CLEAR * JUMP_ERROR {
            return least > CLEAR * JUMP_ERROR || jump - least < LITTLE * JUMP_ERROR;
        }
    }
    let [share, latest] =
        [evidence, &later].map(|of| learning_share(of).unwrap_or(f64::INFINITY).ln());
    let soon = latest < SLOW_SHARE.ln() - CLEAR * ESCAPE_ERROR;
    let never = share > STUCK_SHARE.ln() + CLEAR * ESCAPE_ERROR;
    soon || never || latest - share < LITTLE * ESCAPE_ERROR
}

/// Φ: the share of a standard normal below `z`.
fn below(z: f64) -> f64 {
    0.5 * libm::erfc(-z / std::f64::consts::SQRT_2)
}

#[cfg(test)]
mod tests;
