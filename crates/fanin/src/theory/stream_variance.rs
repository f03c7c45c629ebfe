//! How much the stream of a residual network of finite width, and all that comes back along it,
//! differs over seeds.
//!
//! Key: x the stream, K the mean of x² over the N units, q = E K, y = Wφ + b what a branch adds before
//! its factor α; δ the gradient by x, g = E δ² in units of the last, `a = α²σ_w²·E φ′²` what a block adds to
//! it (over q where the branch normalizes); m and m′ the means of φ² and φ′² over units.
//!
//! Given the variances of all branches, the units are independent, each a random walk with normal
//! steps, forwards in x and backwards in δ: in a stream, unlike in plain layers, a unit stays what it
//! was. So to first order in 1/N, with ε the deviations of means over N independent walks,
//!
//! ```text
//! δK = ε(x²) + δQ,   δQ′ = δQ + α²σ_w²·δm,   δm = ε(φ²) + (dE φ²/dq)·δQ
//! δg = ε(δ²) + δD,   δD = (1 + a)·δD′ + a·ε(δ′²) + g′·(da/dq)·δQ
//! ```
//!
//! All that is asked for is a sum of such deviations, so the variance is that of one unit's walk, over
//! N. Functions of x at blocks l ≤ k have the covariance Σ Aₙ(l)·Aₙ(k)·ρⁿ over n ≥ 1, Aₙ their Hermite
//! coefficients, ρ² = `q_l/q_k`. Given its x, δ is normal with the variance S = 1 + Σ `α²σ_w²φ′²g` over the
//! blocks behind it, so `E δ_l²δ_k²` = 2E S² at the later one + `E S_l·S_k`. Layer normalization in the
//! branch divides by √K after it has taken the mean, which takes away the terms n = 1 and 2 of all
//! means of functions of x, the response of m, and gives da/dq = −a/q to δK instead of δQ.

use super::jacobian::Weights;
use super::layer::Layer;
use super::network::Network;

/// Hermite coefficients that are integrated.
const TERMS: usize = 64;
/// Further ones that stand for all that are left of φ′².
const TAIL: usize = 6;
/// All of them.
const ALL: usize = TERMS + TAIL;
/// Gauss–Legendre on [0, 1] with six nodes, as s with its weight.
const NODES: [(f64, f64); TAIL] = [
    (0.033_765_242_898_423_99, 0.085_662_246_189_585_17),
    (0.169_395_306_766_867_74, 0.180_380_786_524_069_3),
    (0.380_690_406_958_401_55, 0.233_956_967_286_345_52),
    (0.619_309_593_041_598_5, 0.233_956_967_286_345_52),
    (0.830_604_693_233_132_3, 0.180_380_786_524_069_3),
    (0.966_234_757_101_576, 0.085_662_246_189_585_17),
];

/// What the blocks of a residual network do, in order.
pub struct Stream {
    pub(super) blocks: Vec<Block>,
    /// q behind the last block.
    end: f64,
    /// ln g before each block, and 0 behind the last.
    log_gradients: Vec<f64>,
    /// Var S/g² before each block and at the end.
    spreads: Vec<f64>,
}

/// One block.
#[derive(Clone, Copy)]
pub(super) struct Block {
    pub(super) second_moment: f64,
    /// `α²σ_w²`.
    rate: f64,
    /// What it adds to q.
    added: f64,
    /// dE φ²/dq as δQ meets it.
    response: f64,
    /// a.
    pub(super) growth: f64,
    /// da/dq, by δQ, or by δK where the branch normalizes.
    turn: f64,
    pub(super) is_normalized: bool,
    /// Hermite coefficients of φ², and of φ′² times what makes a of its mean.
    values: [f64; ALL],
    slopes: [f64; ALL],
}

/// What a sum of deviations takes of each: of δK at the end, of δg/g before each block and at the
/// end, and of δm in each block.
struct Loads {
    end: f64,
    gradients: Vec<f64>,
    means: Vec<f64>,
}

/// What δ at the end is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    /// Normal at all units.
    Normal,
    /// 1 at one unit.
    OneUnit,
    /// Every direction in turn, averaged.
    AllDirections,
}

impl Stream {
    /// Of `depth` blocks of a residual or pre-norm `network` whose stream begins with normal units of
    /// second moment `q`; `None` for other networks, where φ jumps, and where q or g does not stay
    /// finite.
    pub fn new(network: &Network, layer: &Layer<'_>, q: f64, depth: usize) -> Option<Self> {
        let (branch, is_normalized) = network.stream()?;
        if layer.gaussian.jumps() {
            return None;
        }
        let rate = branch * branch * layer.point.weight_variance;
        let of_unit = is_normalized.then(|| Averages::new(layer, 1.0));
        let (mut q, mut blocks) = (q, Vec::with_capacity(depth));
        for _ in 0..depth {
            let found = of_unit.unwrap_or_else(|| Averages::new(layer, q));
            let size = if is_normalized { q } else { 1.0 };
            let growth = rate * found.slope_second / size;
            blocks.push(Block {
                second_moment: q,
                rate,
                added: branch * branch * found.second_moment,
                response: if is_normalized { 0.0 } else { found.second_slope },
                growth,
                turn: if is_normalized { -growth / q } else { rate * found.slope_turn },
                is_normalized,
                values: found.values,
                slopes: found.slopes.map(|term| rate / size * term),
            });
            q += branch * branch * found.second_moment;
        }
        let mut log_gradients: Vec<f64> = vec![0.0];
        for block in blocks.iter().rev() {
            log_gradients.push(log_gradients[log_gradients.len() - 1] + block.growth.ln_1p());
        }
        log_gradients.reverse();
        let is_finite = q.is_finite() && log_gradients[0].is_finite();
        let spreads = spreads(&blocks, q);
        is_finite.then_some(Self { blocks, end: q, log_gradients, spreads })
    }

    /// N times the variance of ln K behind the last block.
    pub fn second_moment(&self) -> f64 {
        self.variance(&Loads { end: 1.0 / self.end, ..self.nothing() }, Ends::Normal)
    }

    /// N times the variance of ln ‖δ‖² before the first block over that behind the last.
    pub fn gradient(&self) -> f64 {
        let mut loads = self.nothing();
        loads.gradients[0] = 1.0;
        loads.gradients[self.blocks.len()] -= 1.0;
        self.variance(&loads, Ends::Normal)
    }

    /// N times the variance of ln tr(JJᵀ), J from the first to the last x.
    pub fn trace(&self) -> f64 {
        let mut loads = self.nothing();
        loads.gradients[0] = 1.0;
        self.variance(&loads, Ends::AllDirections)
    }

    /// N times the variance of the tangent kernel of one input, for one unit of the last x, over the
    /// square of its mean: q·g before the first block and `α²(σ_w²m + σ_b²)·g′` of each.
    pub fn tangent_kernel(&self) -> f64 {
        let mut loads = self.nothing();
        let mut logs = vec![self.log_gradients[0] + self.start().ln()];
        logs.extend(
            self.blocks.iter().zip(&self.log_gradients[1..]).map(|(b, g)| g + b.added.ln()),
        );
        let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = logs.iter().map(|log| (log - most).exp()).sum();
        for (load, log) in loads.gradients.iter_mut().zip(&logs) {
            *load = (log - most).exp() / total;
        }
        for (index, block) in self.blocks.iter().enumerate() {
            let share = loads.gradients[index + 1];
            loads.means[index] =
                if block.added > 0.0 { share * block.rate / block.added } else { 0.0 };
        }
        self.variance(&loads, Ends::OneUnit)
    }

    /// The mean of the squared singular values of J, and their variance over the square of it.
    ///
    /// The diagonal of `JᵀJ` is S, whose mean square is known; what is beside it grows by 2a + a² of the
    /// whole per block, for orthogonal weights by a² less of what a multiple of the identity has.
    pub fn spectrum(&self, weights: Weights) -> (f64, f64) {
        let mut beside = 0.0;
        for (block, spread) in self.blocks.iter().zip(&self.spreads[1..]).rev() {
            let (a, whole) = (block.growth, 1.0 + spread + beside);
            let own = if weights == Weights::Gaussian { whole } else { whole - 1.0 };
            beside = (beside + 2.0 * a * whole + a * a * own) / (1.0 + a).powi(2);
        }
        (self.log_gradients[0].exp(), self.spreads[0] + beside)
    }

    fn start(&self) -> f64 {
        self.blocks.first().map_or(self.end, |block| block.second_moment)
    }

    fn nothing(&self) -> Loads {
        let depth = self.blocks.len();
        Loads { end: 0.0, gradients: vec![0.0; depth + 1], means: vec![0.0; depth] }
    }

    /// N times the variance of the sum that `loads` say.
    fn variance(&self, loads: &Loads, ends: Ends) -> f64 {
        let depth = self.blocks.len();
        // What the sum takes of δD and of ε(δ²), both over g.
        let (mut of_means, mut of_noise) = (Vec::with_capacity(depth + 1), Vec::new());
        let (mut taken, mut share) = (0.0, 0.0);
        for (index, load) in loads.gradients.iter().enumerate() {
            of_noise.push(load + taken * share);
            taken += load;
            of_means.push(taken);
            share = self.blocks.get(index).map_or(0.0, |b| b.growth / (1.0 + b.growth));
        }
        // What it takes of δQ.
        let (mut of_second, mut of_values) = (loads.end, vec![0.0; depth]);
        for (index, block) in self.blocks.iter().enumerate().rev() {
            of_values[index] = loads.means[index] + block.rate * of_second;
            of_second += block.response * of_values[index];
            of_second += of_means[index] * block.turn / (1.0 + block.growth);
        }
        let (mut sums, mut variance, mut before) = ([0.0; ALL], 0.0, 0.0);
        let mut q = self.start();
        for index in 0..=depth {
            let noise = of_noise[index];
            if ends != Ends::AllDirections {
                variance += 2.0 * (1.0 + self.spreads[index]) * noise * (noise + 2.0 * before);
            }
            before += noise;
            let (terms, here) = match self.blocks.get(index) {
                None => (square_at(self.end, loads.end), self.end),
                Some(block) => {
                    let shrink = 1.0 / (1.0 + block.growth);
                    before *= shrink;
                    let of_slopes = before;
                    let mut terms = [0.0; ALL];
                    for (n, term) in terms.iter_mut().enumerate().skip(1) {
                        *term = of_values[index] * block.values[n] + of_slopes * block.slopes[n];
                    }
                    if block.is_normalized {
                        terms[1] = 0.0;
                        let turned = of_means[index] * block.turn * shrink;
                        terms[2] = square_at(block.second_moment, turned)[2];
                    }
                    (terms, block.second_moment)
                }
            };
            let powers = powers(q / here);
            for ((sum, power), term) in sums.iter_mut().zip(powers).zip(terms) {
                *sum *= power;
                variance += term * (term + 2.0 * *sum);
                *sum += term;
            }
            q = here;
        }
        if ends == Ends::OneUnit {
            variance -= 2.0 * before * before;
        }
        variance
    }
}

/// Var S/g² before each of some blocks and at their end, where q is `end`.
fn spreads(blocks: &[Block], end: f64) -> Vec<f64> {
    let (mut later, mut spread) = ([0.0; ALL], 0.0);
    let mut found = vec![0.0];
    let mut q = end;
    for block in blocks.iter().rev() {
        let shrink = 1.0 / (1.0 + block.growth);
        let powers = powers(block.second_moment / q);
        spread *= shrink * shrink;
        for ((sum, power), term) in later.iter_mut().zip(powers).zip(block.slopes).skip(1) {
            *sum *= power * shrink;
            let here = shrink * term;
            spread += here * here + 2.0 * here * *sum;
            *sum += here;
        }
        found.push(spread);
        q = block.second_moment;
    }
    found.reverse();
    found
}

/// The Hermite coefficients of `load`·x² at second moment `q`, but for the mean.
fn square_at(q: f64, load: f64) -> [f64; ALL] {
    let mut terms = [0.0; ALL];
    terms[2] = load * std::f64::consts::SQRT_2 * q;
    terms
}

/// ratio^{n/2} for every term.
///
/// Squared coefficients of a jump fall as n^(−3/2), so what is left of them after N terms decays as
/// ½∫₁^∞ u^(−3/2)·e^(−xu) du = ∫₀¹ e^(−x/s²) ds, x = −½N·ln `ratio`.
fn powers(ratio: f64) -> [f64; ALL] {
    let (root, mut power) = (ratio.sqrt(), 1.0);
    let decay = -0.5 * TERMS as f64 * ratio.ln();
    std::array::from_fn(|n| {
        if n < TERMS {
            let here = power;
            power *= root;
            here
        } else {
            let (s, _) = NODES[n - TERMS];
            (-decay / (s * s)).exp()
        }
    })
}

/// What φ is on average at one second moment.
#[derive(Clone, Copy)]
struct Averages {
    second_moment: f64,
    second_slope: f64,
    slope_second: f64,
    /// dE φ′²/dq.
    slope_turn: f64,
    values: [f64; ALL],
    slopes: [f64; ALL],
}

impl Averages {
    fn new(layer: &Layer<'_>, q: f64) -> Self {
        let (activation, moments) = (layer.gaussian.activation(), layer.gaussian.moments(q));
        let values: [f64; TERMS] = layer.gaussian.hermite(q, |x, _| activation.at(0, x).powi(2));
        let slopes: [f64; TERMS] = layer.gaussian.hermite(q, |x, _| activation.at(1, x).powi(2));
        let known: f64 = slopes.iter().map(|term| term * term).sum();
        let left = (moments.slope_fourth - known).max(0.0);
        let with_tail = |terms: &[f64; TERMS], left: f64| {
            let of = |n: usize| {
                if n < TERMS { terms[n] } else { (left * NODES[n - TERMS].1).sqrt() }
            };
            std::array::from_fn(of)
        };
        Self {
            second_moment: layer.second_moment_of(&moments),
            second_slope: moments.second_slope,
            slope_second: moments.slope_second,
            // By parts, d/dq E f = E[f·(z² − 1)]/2q.
            slope_turn: slopes[2] / (std::f64::consts::SQRT_2 * q),
            values: with_tail(&values, 0.0),
            slopes: with_tail(&slopes, left),
        }
    }
}

/// The variance over seeds of ln K after `depth` blocks of `width` units, to first order in 1/N, of
/// a residual or pre-norm `network` whose stream begins with normal units of second moment `q`;
/// `None` for other networks, and where q does not stay finite.
///
/// ```
/// use fanin::theory::{Layer, Network, Point, stream_variance};
/// let linear = fanin::engine::activations::find("identity").expect("it is registered");
/// let layer = Layer::new(&*linear, Point::new(1.0, 0.0));
/// // A linear block multiplies K by 1 + a with a variance of (4a + 2a²)/N, a = α²σ_w².
/// let found = stream_variance(&Network::Residual { branch: 1.0 }, &layer, 1.0, 10, 100);
/// assert!((found.expect("it is a residual network") - (0.02 + 10.0 * 0.06 / 4.0)).abs() < 1e-9);
/// ```
pub fn stream_variance(
    network: &Network,
    layer: &Layer<'_>,
    q: f64,
    depth: usize,
    width: usize,
) -> Option<f64> {
    let found = Stream::new(network, layer, q, depth)?.second_moment() / width as f64;
    found.is_finite().then_some(found)
}
