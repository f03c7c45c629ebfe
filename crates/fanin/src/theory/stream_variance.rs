//! How much the stream of a residual network of finite width differs over seeds.
//!
//! Key: x the stream, K the mean of x² over the N units, q = E K, y = Wφ + b what a branch adds before
//! its factor α, v its variance given the block before, m the mean of φ² over units.
//!
//! Given the v of all blocks the units are independent, each a random walk with normal steps: in
//! a stream, unlike in plain layers, a unit stays what it was. So to first order in 1/N
//!
//! ```text
//! δK = ε(x²) + δQ,   δQ′ = δQ + α²σ_w²·δm,   δm = ε(φ²) + (dE φ²/dq)·δQ
//! ```
//!
//! with ε the deviation of a mean over N independent walks, whose covariance between blocks l ≤ k
//! is Σ Aₙ(l)·Aₙ(k)·ρⁿ/N over n ≥ 1: Aₙ the Hermite coefficients of φ²(√q·z), ρ² = `q_l/q_k`. Layer
//! normalization in the branch divides x by √K, which takes away the term of n = 2, x² itself, and
//! δQ.

use super::gaussian::Moments;
use super::layer::Layer;
use super::network::Network;

/// Hermite coefficients that count.
const TERMS: usize = 48;

/// The variance over seeds of ln K after `depth` blocks of `width` units, to first order in 1/N, of
/// a residual or pre-norm `network` whose stream begins with normal units of second moment `q`;
/// `None` for other networks, and where q does not stay finite.
///
/// Each pair of blocks costs a sum, so time grows with the square of the depth.
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
    let (branch, normalized) = match *network {
        Network::Residual { branch } => (branch, false),
        Network::PreNorm { branch } => (branch, true),
        _ => return None,
    };
    let rate = branch * branch * layer.point.weight_variance;
    let (mut q, mut blocks) = (q, Vec::with_capacity(depth));
    let of_unit = normalized.then(|| {
        let (moments, mut terms) = averages(layer, 1.0);
        terms[2] = 0.0;
        (moments, terms)
    });
    for _ in 0..depth {
        let (moments, terms) = of_unit.unwrap_or_else(|| averages(layer, q));
        let passed = if normalized { 1.0 } else { 1.0 + rate * moments.second_slope };
        blocks.push(Block { second_moment: q, passed, terms });
        q += branch * branch * layer.second_moment_of(&moments);
    }
    // What δm of a block does to δQ at last.
    let mut weight = rate;
    let mut weights: Vec<f64> = blocks
        .iter()
        .rev()
        .map(|block| {
            let here = weight;
            weight *= block.passed;
            here
        })
        .collect();
    weights.reverse();
    let with_own = |(block, weight): (&Block, &f64)| {
        weight * std::f64::consts::SQRT_2 * block.second_moment * block.terms[2]
    };
    let mut variance = 2.0 * q * q + 2.0 * blocks.iter().zip(&weights).map(with_own).sum::<f64>();
    for (k, later) in blocks.iter().enumerate() {
        for (l, earlier) in blocks[..=k].iter().enumerate() {
            let twice = if l == k { 1.0 } else { 2.0 };
            variance += twice * weights[l] * weights[k] * earlier.covariance(later);
        }
    }
    let found = variance / (q * q * width as f64);
    found.is_finite().then_some(found)
}

struct Block {
    second_moment: f64,
    /// By how much δQ grows.
    passed: f64,
    terms: [f64; TERMS],
}

impl Block {
    /// N times the covariance of the means of φ² here and in a later block.
    fn covariance(&self, later: &Self) -> f64 {
        let ratio = (self.second_moment / later.second_moment).sqrt();
        let (mut sum, mut power) = (0.0, 1.0);
        for (a, b) in self.terms.iter().zip(&later.terms).skip(1) {
            power *= ratio;
            sum += a * b * power;
        }
        sum
    }
}

/// The moments of φ at second moment `q`, and E φ²(√q·z)·heₙ(z), heₙ the normalized Hermite
/// polynomials.
fn averages(layer: &Layer<'_>, q: f64) -> (Moments, [f64; TERMS]) {
    let activation = layer.gaussian.activation();
    let terms = layer.gaussian.hermite(q, |x, _| activation.at(0, x).powi(2));
    (layer.gaussian.moments(q), terms)
}
