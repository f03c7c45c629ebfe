//! Where the singular values of the Jacobian of a residual stream lie.
//!
//! Key: J = ∏(1 + `αWD`) over the blocks, D = diag φ′(x); r = `α²σ_w²`·φ′² of one unit in one block (over q
//! where the branch normalizes); λ an eigenvalue of `JᵀJ`, ψ = Σ `m_k/λ^k` its moment series.
//!
//! Blocks are not free of each other, for a unit keeps its φ′; but the weights are free of all units'
//! walks, so that a unit meets the others through means alone. Let u go forwards through J and v
//! backwards through its transpose, tied to each other at both ends, u = κv and v′ = κu′ with
//! κ⁻² = λ. Along one unit
//!
//! ```text
//! u′ = u + A·v′,   A = E[r·p/(1 − pn)]      p = u/v of what lies before:   p′ = A + p/(1 − B·r·p)
//! v = v′ + B·r·u,  B = E[n′/(1 − p′n′)]     n = v/u of what lies behind:   n = B·r + n′/(1 − A·n′)
//! ```
//!
//! for normal weights; for orthogonal ones A⁻¹ and B⁻¹ are what the inverse means and B or A add up to,
//! which keeps all in one half plane (Belinschi & Bercovici 2007). Means are over walks. ψ = E[pn/(1 − pn)], the same before every block. The share
//! of all λ below x is the mean of Re(1 + ψ) over half the circle |λ| = x, begun on the negative axis,
//! where p and n are imaginary and sweeps forwards and backwards settle. Derivation and tests:
//! `docs/theory/blocks.md`.

use std::f64::consts::PI;

use fanin_kernels::random::normal_quantile;

use super::complex::Complex;
use super::jacobian::{JacobianSpectrum, Weights, of_stream};
use super::jacobian_density::Quantiles;
use super::layer::Layer;
use super::network::Network;
use super::stream_variance::Stream;
use super::walks::{UNITS, walks};

/// Blocks at most: each costs a hundredth of a second.
const DEEPEST: usize = 200;
/// Relative variance of λ below which all are one.
const ISOMETRY: f64 = 1e-10;
/// The share of all values to which a quantile is searched, less than what walks leave open.
const CLOSE: f64 = 5e-4;
/// Relative change of all means from which on they count as settled.
const SETTLED: f64 = 1e-4;
/// Gauss–Legendre on [0, 1] with four nodes, descending as angles go, with weights.
const NODES: [(f64, f64); 4] = [
    (0.930_568_155_797_026_3, 0.173_927_422_568_726_9),
    (0.669_990_521_792_428_1, 0.326_072_577_431_273_1),
    (0.330_009_478_207_571_9, 0.326_072_577_431_273_1),
    (0.069_431_844_202_973_7, 0.173_927_422_568_726_9),
];
/// Sweeps from one place on the circle to the next, ten times what was ever seen.
const SWEEPS: usize = 500;
/// Sweeps through one block that all quantiles of a stream may cost, some tenths of a second: they settle slowly at
/// values far below all others, as of deep streams whose branches add as much as there is.
const BUDGET: usize = 50_000;

/// Where the singular values of the Jacobian of a residual or pre-norm `network` lie, through
/// `depth` blocks from second moment `q` on: to about 0.003 of all values. `None` for other
/// networks, beyond 200 blocks, where φ jumps, where signals or gradients do not stay finite, and
/// where the search would take seconds, as where deep streams double per block.
///
/// ```
/// use fanin::theory::{Layer, Network, Point, Weights, stream_singular_values};
/// let linear = fanin::engine::activations::find("identity").expect("it is registered");
/// let layer = Layer::new(&*linear, Point::new(1.0, 0.0));
/// let residual = Network::Residual { branch: 1.0 };
/// // 1 + W with orthogonal W has the singular values 2·cos θ, θ uniform up to π/2.
/// let found = stream_singular_values(&residual, &layer, 1.0, 1, Weights::Orthogonal);
/// let median = found.expect("it is a residual network").median;
/// assert!((median - 2.0_f64.sqrt()).abs() < 2e-3);
/// ```
pub fn stream_singular_values(
    network: &Network,
    layer: &Layer<'_>,
    q: f64,
    depth: usize,
    weights: Weights,
) -> Option<Quantiles> {
    quantiles(&Stream::new(network, layer, q, depth)?, layer, weights)
}

/// The same of a stream that is known.
pub(super) fn quantiles(stream: &Stream, layer: &Layer<'_>, weights: Weights) -> Option<Quantiles> {
    if stream.blocks.len() > DEEPEST {
        return None;
    }
    let JacobianSpectrum { mean, variance, .. } = of_stream(stream, weights);
    if variance < ISOMETRY {
        let all = mean.sqrt();
        return Some(Quantiles { mass_at_zero: 0.0, low: all, median: all, high: all });
    }
    let mut search = Search {
        equation: Equation { rates: rates(stream, layer), weights, first: None, left: BUDGET },
        log_mean: mean.ln(),
        log_variance: variance.ln_1p(),
        known: Vec::new(),
    };
    let [median, low, high] = [0.5, 0.05, 0.95].map(|share| search.quantile(share));
    Some(Quantiles { mass_at_zero: 0.0, low: low?, median: median?, high: high? })
}

/// r of every unit, block by block, scaled so that its mean is exact.
fn rates(stream: &Stream, layer: &Layer<'_>) -> Vec<f64> {
    let second_moments: Vec<f64> = stream.blocks.iter().map(|b| b.second_moment).collect();
    let mut found = walks(&second_moments);
    for (block, units) in stream.blocks.iter().zip(found.chunks_mut(UNITS)) {
        let size = if block.is_normalized { block.second_moment.sqrt() } else { 1.0 };
        for x in units.iter_mut() {
            *x = layer.gaussian.activation().at(1, *x / size).powi(2);
        }
        let mean = units.iter().sum::<f64>() / UNITS as f64;
        for rate in units.iter_mut() {
            *rate = if mean > 0.0 { block.growth * *rate / mean } else { block.growth };
        }
    }
    found
}

/// What is known of the distribution of ln λ.
struct Search {
    equation: Equation,
    /// ln of the mean of λ, and what the variance of ln λ were if it was normal.
    log_mean: f64,
    log_variance: f64,
    /// ln λ and the share below, ascending.
    known: Vec<(f64, f64)>,
}

impl Search {
    /// The singular value below which `share` of all lie.
    fn quantile(&mut self, share: f64) -> Option<f64> {
        const TRIES: usize = 40;
        /// An interval in ln λ, in deviations, within which nothing more is searched.
        const NARROW: f64 = 1e-5;
        let deviation = self.log_variance.sqrt();
        let normal = |p: f64| normal_quantile(p.clamp(1e-6, 1.0 - 1e-6));
        let of = |log: f64| Some((0.5 * log).exp());
        let mut log = self.log_mean - 0.5 * self.log_variance + deviation * normal(share);
        if !self.known.is_empty() {
            log = self.next(share, deviation);
        }
        for _ in 0..TRIES {
            let here = self.equation.below(log, 0.5 * deviation)?;
            let place = self.known.partition_point(|known| known.0 < log);
            self.known.insert(place, (log, here));
            if (here - share).abs() < CLOSE {
                return of(log);
            }
            let next = self.next(share, deviation);
            if (next - log).abs() < NARROW * deviation {
                return of(next);
            }
            log = next;
        }
        None
    }

    /// Where to look next: between what is known, straight in the scale of a normal law.
    fn next(&self, share: f64, deviation: f64) -> f64 {
        let normal = |p: f64| normal_quantile(p.clamp(1e-6, 1.0 - 1e-6));
        let above = self.known.partition_point(|known| known.1 < share);
        let step = |from: (f64, f64)| 1.1 * deviation * (normal(share) - normal(from.1));
        match (above.checked_sub(1).map(|i| self.known[i]), self.known.get(above).copied()) {
            (Some(low), Some(high)) => {
                let part = (normal(share) - normal(low.1)) / (normal(high.1) - normal(low.1));
                low.0 + part.clamp(0.02, 0.98) * (high.0 - low.0)
            }
            (Some(low), None) => low.0 + step(low).max(0.02 * deviation),
            (None, Some(high)) => high.0 + step(high).min(-0.02 * deviation),
            (None, None) => self.log_mean,
        }
    }
}

/// The equation for all means.
struct Equation {
    rates: Vec<f64>,
    weights: Weights,
    /// What was found at the first place of the last circle.
    first: Option<State>,
    /// Of the budget.
    left: usize,
}

/// A of every block and then B, and p and n of every unit before every block and at the end.
#[derive(Clone)]
struct State {
    means: Vec<Complex>,
    before: Vec<Complex>,
    behind: Vec<Complex>,
}

const ONE: Complex = Complex { real: 1.0, imaginary: 0.0 };

impl Equation {
    fn depth(&self) -> usize {
        self.rates.len() / UNITS
    }

    /// The share of all λ below the one of this logarithm, where nothing of ψ is narrower than
    /// `width` in ln λ.
    fn below(&mut self, log: f64, width: f64) -> Option<f64> {
        const GRADE: f64 = 0.25;
        let radius = (0.5 * log).exp();
        let mut state = self.first.take();
        let (mut high, mut sum) = (PI, 0.0);
        loop {
            let low = if high * GRADE < width { 0.0 } else { high * GRADE };
            for (place, weight) in NODES {
                let angle = low + place * (high - low);
                let root = Complex::new(0.0, 0.5 * angle).exp().scaled(radius);
                let tie = ONE / root;
                let state = state.get_or_insert_with(|| self.begin(tie));
                let series = self.settle(state, tie)?;
                self.first.get_or_insert_with(|| state.clone());
                sum += weight * (high - low) * (1.0 + series.real);
            }
            if low == 0.0 {
                return Some(sum / PI);
            }
            high = low;
        }
    }

    fn begin(&self, tie: Complex) -> State {
        let (depth, all) = (self.depth(), self.rates.len() + UNITS);
        State { means: vec![tie; 2 * depth], before: vec![tie; all], behind: vec![tie; all] }
    }

    /// Sweeps until nothing changes, helped on by the last two steps (Anderson 1965); gives ψ.
    fn settle(&mut self, state: &mut State, tie: Complex) -> Option<Complex> {
        let mut last: Option<(Vec<Complex>, Vec<Complex>)> = None;
        let mut changes: Vec<(Vec<Complex>, Vec<Complex>)> = Vec::new();
        for _ in 0..SWEEPS {
            self.left = self.left.checked_sub(self.depth())?;
            let from = state.means.clone();
            let series = self.sweep(state, tie);
            let found = state.means.clone();
            let step = minus(&found, &from);
            let far = step.iter().zip(&found).map(|(s, f)| s.size() / f.size());
            let far = far.fold(0.0, |most: f64, here| if here <= most { most } else { here });
            if far < SETTLED {
                return Some(series);
            }
            if !far.is_finite() {
                return None;
            }
            if let Some((step_before, found_before)) = &last {
                changes.push((minus(&step, step_before), minus(&found, found_before)));
                if changes.len() > 2 {
                    changes.remove(0);
                }
                let better = accelerated(&found, &step, &changes);
                // A solution lies in the lower half plane, as κ does.
                if better.iter().all(|mean| mean.imaginary < 0.0) {
                    state.means = better;
                    self.behind(state, tie, false);
                }
            }
            last = Some((step, found));
        }
        None
    }

    /// Once forwards and once backwards, each mean renewed as soon as it is met; gives ψ.
    fn sweep(&self, state: &mut State, tie: Complex) -> Complex {
        let depth = self.depth();
        state.before[..UNITS].fill(tie);
        for (block, rates) in self.rates.chunks_exact(UNITS).enumerate() {
            let here = block * UNITS;
            let (before, after) = state.before[here..here + 2 * UNITS].split_at_mut(UNITS);
            let behind = &state.behind[here..here + UNITS];
            let mut sum = Complex::ZERO;
            for ((p, n), r) in before.iter().zip(behind).zip(rates) {
                sum = sum + (*p * inverse(ONE - *p * *n)).scaled(*r);
            }
            let b = state.means[depth + block];
            let a = self.weighed(sum, b);
            state.means[block] = a;
            for ((p, r), next) in before.iter().zip(rates).zip(after) {
                *next = a + *p * inverse(ONE - (b * *p).scaled(*r));
            }
        }
        self.behind(state, tie, true);
        let ends = state.before[..UNITS].iter().zip(&state.behind[..UNITS]);
        let series = ends.map(|(p, n)| *p * *n).map(|turn| turn * inverse(ONE - turn));
        series.fold(Complex::ZERO, |sum, part| sum + part).scaled(1.0 / UNITS as f64)
    }

    /// n of every unit from the end to the beginning, with means as they are or renewed.
    fn behind(&self, state: &mut State, tie: Complex, renews: bool) {
        let depth = self.depth();
        state.behind[depth * UNITS..].fill(tie);
        for (block, rates) in self.rates.chunks_exact(UNITS).enumerate().rev() {
            let here = block * UNITS;
            if renews {
                let next = here + UNITS..here + 2 * UNITS;
                let mut sum = Complex::ZERO;
                for (p, n) in state.before[next.clone()].iter().zip(&state.behind[next]) {
                    sum = sum + *n * inverse(ONE - *p * *n);
                }
                state.means[depth + block] = self.weighed(sum, state.means[block]);
            }
            let (a, b) = (state.means[block], state.means[depth + block]);
            let (behind, after) = state.behind[here..here + 2 * UNITS].split_at_mut(UNITS);
            for ((n, r), next) in behind.iter_mut().zip(rates).zip(after) {
                *n = b.scaled(*r) + *next * inverse(ONE - a * *next);
            }
        }
    }

    /// A or B, by the sum over units that makes it and the other.
    fn weighed(&self, sum: Complex, other: Complex) -> Complex {
        let mean = sum.scaled(1.0 / UNITS as f64);
        if self.weights == Weights::Gaussian { mean } else { inverse(inverse(mean) + other) }
    }
}

/// 1/z, for z of which squares do not overflow.
fn inverse(z: Complex) -> Complex {
    let share = 1.0 / (z.real * z.real + z.imaginary * z.imaginary);
    Complex::new(z.real * share, -z.imaginary * share)
}

fn minus(a: &[Complex], b: &[Complex]) -> Vec<Complex> {
    a.iter().zip(b).map(|(a, b)| *a - *b).collect()
}

/// `found` less what changes of the past make of it, so that its step is least, relative to its size.
fn accelerated(
    found: &[Complex],
    step: &[Complex],
    changes: &[(Vec<Complex>, Vec<Complex>)],
) -> Vec<Complex> {
    let product = |a: &[Complex], b: &[Complex]| {
        let parts = a.iter().zip(b).zip(found).map(|((a, b), f)| {
            let of = Complex::new(a.real, -a.imaginary) * *b;
            of.scaled(1.0 / (f.real * f.real + f.imaginary * f.imaginary))
        });
        parts.fold(Complex::ZERO, |sum, part| sum + part)
    };
    let taken = |found: &[Complex], by: &[Complex], share: Complex| -> Vec<Complex> {
        found.iter().zip(by).map(|(f, b)| *f - share * *b).collect()
    };
    let Some((new, new_found)) = changes.last() else { return found.to_vec() };
    let newest = product(new, new);
    if newest.real == 0.0 {
        return found.to_vec();
    }
    let mut share = product(new, step) / newest;
    let mut better = found.to_vec();
    if let [(old, old_found), _] = changes {
        // What the older change adds beside the newer.
        let along = product(new, old) / newest;
        let beside = taken(old, new, along);
        let size = product(&beside, &beside);
        if size.real > 1e-12 * product(old, old).real {
            let older = product(&beside, step) / size;
            better = taken(&better, old_found, older);
            share = share - older * along;
        }
    }
    taken(&better, new_found, share)
}
