//! How the correlation of two inputs differs over seeds along the stream of a residual network.
//!
//! Key: x, x̃ the stream for two inputs, a = (x + x̃)/√2 and b = (x − x̃)/√2, of variances
//! A = q(1 + c) and B = q(1 − c); M the mean of (x² + x̃²)/2 over the N units, D that of b², so
//! that 1 − c = D/M; `r = α²σ_w²`; f and g the means of (φ² + φ̃²)/2 and (φ − φ̃)²/2.
//!
//! As in `stream_variance` a unit stays what it was, here as two independent walks a and b. With ε
//! the deviations of means over N independent pairs of walks, to first order in 1/N
//!
//! ```text
//! δM = ε(x²) + μ,  δD = ε(b²) + ν,   μ′ = μ + r·δf,  ν′ = ν + r·δg
//! δf = ε(f) + (dE φ²/dq)·μ,   δg = ε(g) + (∂E g/∂M)·μ + E φ′φ̃′·ν
//! ```
//!
//! and layer normalization in the branch takes the terms â, he₂(â) and he₂(b̂) from ε(f) and ε(g) and
//! makes the responses 0 and E φ′φ̃′·δ(1 − c). What one unit adds is a function of (a, b) in each block;
//! such functions are expanded in Hermite polynomials of both, whose terms of degrees m and n have
//! the covariance (A/A′)^{m/2}·(B/B′)^{n/2} between two blocks.

use super::gaussian::Gaussian;
use super::layer::Layer;
use super::network::Network;

/// Highest degrees in a and in b, of which only even ones count.
const DEGREE: usize = 8;
/// Hermite terms.
const TERMS: usize = (DEGREE + 1) * (DEGREE / 2 + 1);
/// Further averages.
const MORE: usize = 5;
const ALL: usize = 2 * TERMS + MORE;
/// Degree by which all higher ones fade between blocks.
const REST: i32 = DEGREE as i32 + 4;

/// N times the variance over seeds of the correlation of two inputs after `depth` blocks of a
/// residual or pre-norm `network`, whose streams begin normal with second moment `q` and
/// correlation `c`; `None` for other networks.
///
/// Each block costs an integral over the plane, to 10⁻⁵.
pub fn correlation(
    network: &Network,
    layer: &Layer<'_>,
    (q, c): (f64, f64),
    depth: usize,
) -> Option<f64> {
    let (branch, is_normalized) = network.stream()?;
    let scale = branch * branch;
    let rate = scale * layer.point.weight_variance;
    let coarse = Layer { gaussian: Gaussian::coarse(layer.gaussian.activation()), ..*layer };
    let layer = &coarse;
    let (mut q, mut gap) = (q, 1.0 - c);
    let mut blocks = Vec::with_capacity(depth);
    for _ in 0..depth {
        let block = Block::new(layer, if is_normalized { 1.0 } else { q }, gap, q);
        let next = q + scale * block.added;
        gap = (q * gap + rate * block.apart) / next;
        q = next;
        blocks.push(block);
    }
    // What δ(1 − c) at the end takes of μ and ν.
    let (mut of_mu, mut of_nu) = (-gap / q, 1.0 / q);
    let mut weights = Vec::with_capacity(depth);
    for block in blocks.iter().rev() {
        let (of_f, of_g) = (rate * of_mu, rate * of_nu);
        let direct = if is_normalized { of_g * block.slopes / block.second_moment } else { 0.0 };
        weights.push([of_f, of_g, direct]);
        if is_normalized {
            of_nu += direct;
            of_mu -= direct * block.gap;
        } else {
            of_mu += of_f * block.f_by_m + of_g * block.g_by_m;
            of_nu += of_g * block.slopes;
        }
    }
    weights.reverse();
    let mut sum = Walk::new(blocks.first().map_or((q, gap), |b| (b.second_moment, b.gap)));
    for (block, weights) in blocks.iter().zip(weights) {
        let (terms, rest) = block.terms(weights, is_normalized);
        sum.add((block.second_moment, block.gap), &terms, rest);
    }
    let mut last = [0.0; TERMS];
    add_gap(&mut last, (q, gap), 1.0 / q);
    sum.add((q, gap), &last, 0.0);
    Some(sum.variance)
}

/// Adds `load`·(b² − (1 − c)·(a² + b²)/2) without its mean.
fn add_gap(terms: &mut [f64; TERMS], (q, gap): (f64, f64), load: f64) {
    let root = std::f64::consts::SQRT_2 * load * q;
    terms[index(2, 0)] -= root * 0.5 * gap * (2.0 - gap);
    terms[index(0, 2)] += root * gap * (1.0 - 0.5 * gap);
}

fn index(of_a: usize, of_b: usize) -> usize {
    of_a * (DEGREE / 2 + 1) + of_b / 2
}

/// A sum over blocks of functions of one unit's walks, and its variance.
struct Walk {
    at: (f64, f64),
    sums: [f64; TERMS],
    rest: f64,
    variance: f64,
}

impl Walk {
    fn new(at: (f64, f64)) -> Self {
        Self { at, sums: [0.0; TERMS], rest: 0.0, variance: 0.0 }
    }

    /// Adds a function at second moment and 1 − c `here`, of which `rest` is the variance without
    /// `terms`.
    fn add(&mut self, here: (f64, f64), terms: &[f64; TERMS], rest: f64) {
        let of = |(q, gap): (f64, f64)| [q * (2.0 - gap), q * gap];
        let ([a, b], [next_a, next_b]) = (of(self.at), of(here));
        let shrink = |ratio: f64| if ratio.is_finite() { ratio.min(1.0).sqrt() } else { 1.0 };
        let (along, across) = (shrink(a / next_a), shrink(b / next_b));
        for of_a in 0..=DEGREE {
            for of_b in (0..=DEGREE).step_by(2).filter(|of_b| of_a + of_b > 0) {
                let place = index(of_a, of_b);
                self.sums[place] *= along.powi(of_a as i32) * across.powi(of_b as i32);
                self.variance += terms[place] * (terms[place] + 2.0 * self.sums[place]);
                self.sums[place] += terms[place];
            }
        }
        self.rest *= along.min(across).powi(REST);
        self.variance += rest + 2.0 * rest.sqrt() * self.rest;
        self.rest += rest.sqrt();
        self.at = here;
    }
}

/// One block at one q and 1 − c.
struct Block {
    second_moment: f64,
    gap: f64,
    /// `σ_w²·E` φ² + `σ_b²`.
    added: f64,
    /// E g.
    apart: f64,
    slopes: f64,
    f_by_m: f64,
    g_by_m: f64,
    of_f: [f64; TERMS],
    of_g: [f64; TERMS],
    /// E f², E fg, E g².
    squares: [f64; 3],
}

impl Block {
    /// Of inputs to φ with second moment `at`, along a stream with `q`.
    fn new(layer: &Layer<'_>, at: f64, gap: f64, q: f64) -> Self {
        let activation = layer.gaussian.activation();
        // φ(√q·x) = √q·φ(x) has all its averages from those at q = 1, where nothing bends in a
        // small part of the plane.
        let (scale, at) = if activation.homogeneity() == Some(1.0) { (at, 1.0) } else { (1.0, at) };
        let sum = 1.0 / (2.0 * at * (2.0 - gap)).sqrt();
        let difference = 1.0 / (2.0 * at * gap).sqrt();
        let found: [f64; ALL] = layer.gaussian.pair_sums(at, 1.0 - gap, |x, y| {
            let (u, v) = (activation.at(0, x), activation.at(0, y));
            let (slope_u, slope_v) = (activation.at(1, x), activation.at(1, y));
            let (f, g) = (f64::midpoint(u * u, v * v), 0.5 * (u - v) * (u - v));
            let of_a = hermite(sum * (x + y));
            let of_b = hermite(difference * (x - y));
            let mut terms = [0.0; ALL];
            for m in 0..=DEGREE {
                for n in (0..=DEGREE).step_by(2) {
                    let both = of_a[m] * of_b[n];
                    terms[index(m, n)] = f * both;
                    terms[TERMS + index(m, n)] = g * both;
                }
            }
            let rise = 0.5 * (u - v) * (x * slope_u - y * slope_v) / at;
            let more = [f * f, f * g, g * g, slope_u * slope_v, rise];
            terms[2 * TERMS..].copy_from_slice(&more);
            terms
        });
        let more = &found[2 * TERMS..];
        let of = |from: usize| std::array::from_fn(|term| scale * found[from + term]);
        let (of_f, of_g): ([f64; TERMS], [f64; TERMS]) = (of(0), of(TERMS));
        Self {
            second_moment: q,
            gap,
            added: layer.second_moment(scale * at),
            apart: of_g[0],
            slopes: more[3],
            f_by_m: layer.gaussian.moments(scale * at).second_slope,
            g_by_m: more[4] - gap * more[3],
            of_f,
            of_g,
            squares: [0, 1, 2].map(|square| scale * scale * more[square]),
        }
    }

    /// The terms of `of_f`·f + `of_g`·g, with what normalization makes of them, and the variance
    /// that they leave out.
    fn terms(&self, [of_f, of_g, direct]: [f64; 3], is_normalized: bool) -> ([f64; TERMS], f64) {
        let mut terms: [f64; TERMS] =
            std::array::from_fn(|term| of_f * self.of_f[term] + of_g * self.of_g[term]);
        let [ff, fg, gg] = self.squares;
        let whole = of_f * of_f * ff + 2.0 * of_f * of_g * fg + of_g * of_g * gg;
        let rest = whole - terms.iter().map(|term| term * term).sum::<f64>();
        if is_normalized {
            for place in [index(1, 0), index(2, 0), index(0, 2)] {
                terms[place] = 0.0;
            }
            add_gap(&mut terms, (self.second_moment, self.gap), direct);
        }
        (terms, rest.max(0.0))
    }
}

/// Normalized Hermite polynomials of `z`.
fn hermite(z: f64) -> [f64; DEGREE + 1] {
    let mut all = [1.0; DEGREE + 1];
    let mut before = 0.0;
    for k in 0..DEGREE {
        let root = k as f64;
        let next = (z * all[k] - root.sqrt() * before) / (root + 1.0).sqrt();
        before = all[k];
        all[k + 1] = next;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::{Point, expression};

    /// With a trifle that does not scale, averages are taken where they are.
    #[test]
    fn relu_is_known_at_any_size_from_its_averages_at_one() {
        let of = |activation: &dyn fanin_engine::activations::Activation| {
            let layer = Layer::new(activation, Point::new(2.0, 0.0));
            correlation(&Network::Residual { branch: 1.0 }, &layer, (1.0, 0.5), 5).unwrap()
        };
        let relu = fanin_engine::activations::find("relu").unwrap();
        let written = expression::activation("max(x, 0) + 1e-9*tanh(x)").unwrap();
        assert!(relu.homogeneity().is_some() && written.homogeneity().is_none());
        let (known, integrated) = (of(&*relu), of(&*written));
        assert!((known / integrated - 1.0).abs() < 1e-4, "{known} {integrated}");
    }
}
