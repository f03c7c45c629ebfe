//! How networks with layer normalization of every pre-activation differ over seeds at finite width.
//!
//! Key: y = Wφ(h) + b and h = (y − mean)/s over the N units of a layer, s² the mean square; K, ρ, χ₁ and
//! c as in `layer` at q = 1; ν ~ N(0, 1); heₙ the normalized Hermite polynomials.
//!
//! What is left to differ is small: h has mean 0 and mean square 1 in every network, so a mean of f(h)
//! over units deviates by that of f without its terms n = 1 and 2. s² itself deviates by K and by its
//! sample, s² = K·(1 + u), and every gradient is divided by it:
//!
//! ```text
//! δ ln K′ = ρ·x,                      x the mean of φ²/E φ² − 1 without he₁ and he₂,  ρ = σ_w²·E φ²/K
//! δ ln G  = δ ln G′ + y − ρ·x − u′,   y the mean of φ′²ν²/E φ′² − 1 without the same
//! Var u = 2/N,  Cov(u, x) = Cov(u, y) = 0
//! ```
//!
//! For two inputs c is the correlation of the samples, and the N units of φφ̃ deviate by what a
//! quadratic function of (h, h̃) does not say. What a normalization takes from a gradient along h and
//! along the ones changes means by 1/N, not variances. Derived here.

use super::layer::Layer;

/// N times the variances and the covariance of x and y, and the same of y averaged over directions.
struct Noise {
    share: f64,
    forward: f64,
    cross: f64,
    backward: f64,
    averaged: f64,
}

impl Noise {
    /// Of a plain `layer` that holds q = 1.
    fn new(layer: &Layer<'_>) -> Self {
        let (gaussian, activation) = (layer.gaussian, layer.gaussian.activation());
        let moments = gaussian.moments(1.0);
        let values: [f64; 3] = gaussian.hermite(1.0, |x, _| activation.at(0, x).powi(2));
        let slopes: [f64; 3] = gaussian.hermite(1.0, |x, _| activation.at(1, x).powi(2));
        let [mixed] = gaussian.sums(1.0, |_, value, slope| [(value * slope).powi(2)]);
        let known = |a: &[f64; 3], b: &[f64; 3]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let (second, slope) = (moments.second, moments.slope_second);
        let of_slopes = known(&slopes, &slopes);
        Self {
            share: layer.point.weight_variance * second / layer.second_moment_of(&moments),
            forward: (moments.fourth - known(&values, &values)) / (second * second),
            cross: (mixed - known(&values, &slopes)) / (second * slope),
            backward: (3.0 * moments.slope_fourth - of_slopes) / (slope * slope),
            averaged: (moments.slope_fourth - of_slopes) / (slope * slope),
        }
    }

    /// N times the variance of `of_y`·y + `of_x`·x.
    fn of(&self, own: f64, of_y: f64, of_x: f64) -> f64 {
        own * of_y * of_y + 2.0 * self.cross * of_x * of_y + self.forward * of_x * of_x
    }
}

/// N times the variance of ln ‖δ‖² through `depth` layers, δ by normalized pre-activations.
pub fn gradient(layer: &Layer<'_>, depth: usize) -> f64 {
    let noise = Noise::new(layer);
    depth as f64 * (2.0 + noise.of(noise.backward, 1.0, -noise.share))
}

/// N times the variance of ln tr(JJᵀ) through `depth` layers.
pub fn trace(layer: &Layer<'_>, depth: usize) -> f64 {
    let noise = Noise::new(layer);
    depth as f64 * (2.0 + noise.of(noise.averaged, 1.0, -noise.share))
}

/// N times Var Θ/(E Θ)² of the tangent kernel of one input, for one output of `depth` layers of
/// which the last is read out as it is.
///
/// A layer's parameters add ‖δ‖²·K/s² = G·(1 − u), the last K.
pub fn tangent_kernel(layer: &Layer<'_>, depth: usize) -> f64 {
    let noise = Noise::new(layer);
    let log = layer.gradient_factor(1.0).ln();
    let logs: Vec<f64> = (0..depth).map(|behind| behind as f64 * log).collect();
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = logs.iter().map(|log| (log - most).exp()).sum();
    let shares = logs.iter().map(|log| (log - most).exp() / total);
    // What the parameters of this layer and of all before it have of Θ.
    let (mut before, mut variance) = (1.0, 0.0);
    for (behind, share) in shares.enumerate().take(depth.saturating_sub(1)) {
        before -= share;
        let of_x = if behind == 0 { share } else { -before };
        variance += 2.0 * before * before + noise.of(noise.backward, before, noise.share * of_x);
    }
    variance
}

/// N times the variance of the correlation of two inputs in the last of `depth` layers, from a
/// first of correlation `c` on.
pub fn correlation(layer: &Layer<'_>, c: f64, depth: usize) -> f64 {
    let own = |c: f64| (1.0 - c * c).powi(2);
    let (mut c, mut variance) = (c, own(c));
    let mut last: Option<(f64, Pair)> = None;
    for _ in 1..depth {
        let pair = match last {
            Some((at, pair)) if (at - c).abs() <= 1e-12 * (1.0 - c) => pair,
            _ => Pair::new(layer, c),
        };
        last = Some((c, pair));
        c = pair.correlation;
        variance = pair.slope * pair.slope * variance + pair.noise + own(c);
    }
    variance
}

/// What one layer makes of two inputs.
#[derive(Clone, Copy)]
struct Pair {
    correlation: f64,
    slope: f64,
    noise: f64,
}

impl Pair {
    fn new(layer: &Layer<'_>, c: f64) -> Self {
        let (activation, variance) = (layer.gaussian.activation(), layer.point.weight_variance);
        let size = layer.second_moment(1.0);
        let next = layer.correlation(1.0, c);
        // The sum and the difference of both, each of variance 1.
        let (sum, difference) = (1.0 / (2.0 * (1.0 + c)).sqrt(), 1.0 / (2.0 * (1.0 - c)).sqrt());
        let sums = layer.gaussian.pair_sums(1.0, c, |x, y| {
            let (a, b) = (activation.at(0, x), activation.at(0, y));
            let slopes = activation.at(1, x) * activation.at(1, y);
            let parts = 0.5 * (1.0 - next) * (a * a + b * b) - 0.5 * (a - b) * (a - b);
            let (together, apart) = (sum * (x + y), difference * (x - y));
            let bend = |z: f64| parts * (z * z - 1.0) * std::f64::consts::FRAC_1_SQRT_2;
            [parts, parts * parts, parts * together, bend(together), bend(apart), slopes]
        });
        let [mean, square, together, second_together, second_apart, slopes] = sums;
        let said = [mean, together, second_together, second_apart];
        let left = square - said.iter().map(|term| term * term).sum::<f64>();
        Self {
            correlation: next,
            slope: variance * slopes / size,
            noise: (variance / size).powi(2) * left.max(0.0),
        }
    }
}
