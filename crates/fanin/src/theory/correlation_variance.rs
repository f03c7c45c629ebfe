//! How the correlation of two inputs differs over seeds at finite width.
//!
//! Key: u, u′ the pre-activations of two inputs, c their correlation, m the mean of (u² + u′²)/2
//! over the N units of a layer, d the mean of (u − u′)²/2; then 1 − c = d/m.
//!
//! To first order in 1/N, (m, d) of a layer given the layer before have the covariance of
//! (φ² + φ′²)/2 and (φ − φ′)²/2 over N, φ = φ(u), φ′ = φ(u′), and pass on what was there by the
//! derivative of the layer map. The difference of the two second moments does not count: c is
//! the same if the inputs are exchanged. d is carried by itself, so the digits hold up to c = 1.

use super::layer::Layer;

/// The variance over seeds of the correlation of the pre-activations of two inputs after `depth`
/// layers of `width` units, to first order in 1/N; the first have second moment `q` > 0 and
/// correlation `c`. NaN where φ jumps.
///
/// (1 − c²)²/N for the last layer's own units, as of any sample; the rest is derived at the head
/// of the source and in `docs/theory/signal-propagation.md`. Each layer costs an integral over the
/// plane.
///
/// ```
/// use fanin::theory::{Layer, Point, correlation_variance};
/// let relu = fanin::engine::activations::find("relu").expect("it is registered");
/// let layer = Layer::new(&*relu, Point::new(2.0, 0.0));
/// assert!((correlation_variance(&layer, 1.0, 0.5, 1, 100) - 0.005_625).abs() < 1e-12);
/// ```
pub fn correlation_variance(layer: &Layer<'_>, q: f64, c: f64, depth: usize, width: usize) -> f64 {
    if layer.gaussian.jumps() {
        return f64::NAN;
    }
    let (mut q, mut gap) = (q, 1.0 - c);
    // N times the variances of m and d, and their covariance.
    let [mut of_m, mut both, mut of_d] = [0.0; 3];
    let mut last: Option<(f64, f64, Step)> = None;
    // Averages over pairs for many kinks are good to 10⁻³.
    let settled = if layer.gaussian.has_many_kinks() { 1e-6 } else { 1e-12 };
    for _ in 1..depth {
        let near = |a: f64, b: f64| (a - b).abs() <= settled * b.abs();
        let step = match last {
            Some((at, with, step)) if near(at, q) && near(with, gap) => step,
            _ => Step::new(layer, q, gap),
        };
        last = Some((q, gap, step));
        let Step { m_by_m, d_by_m, d_by_d, noise, .. } = step;
        [of_m, both, of_d] = [
            m_by_m * m_by_m * of_m + noise[0],
            m_by_m * (d_by_m * of_m + d_by_d * both) + noise[1],
            d_by_m * d_by_m * of_m
                + 2.0 * d_by_m * d_by_d * both
                + d_by_d * d_by_d * of_d
                + noise[2],
        ];
        (q, gap) = (step.second_moment, step.gap);
    }
    let own = [1.0 + (1.0 - gap).powi(2), gap * gap, 2.0 * gap * gap].map(|x| q * q * x);
    let [of_m, both, of_d] = [of_m + own[0], both + own[1], of_d + own[2]];
    (of_d - 2.0 * gap * both + gap * gap * of_m) / (q * q * width as f64)
}

/// One layer at one q and 1 − c.
#[derive(Clone, Copy)]
struct Step {
    second_moment: f64,
    gap: f64,
    m_by_m: f64,
    d_by_m: f64,
    d_by_d: f64,
    noise: [f64; 3],
}

impl Step {
    fn new(layer: &Layer<'_>, q: f64, gap: f64) -> Self {
        let (activation, variance) = (layer.gaussian.activation(), layer.point.weight_variance);
        // d′ by q at one c: E (φ − φ′)(uφ_u − u′φ′_u′)/2q.
        let sums = layer.gaussian.pair_sums(q, 1.0 - gap, |x, y| {
            let (a, b) = (activation.at(0, x), activation.at(0, y));
            let (slope_a, slope_b) = (activation.at(1, x), activation.at(1, y));
            let (m, d) = (f64::midpoint(a * a, b * b), 0.5 * (a - b) * (a - b));
            let rise = 0.5 * (a - b) * (x * slope_a - y * slope_b) / q;
            [m, d, m * m, m * d, d * d, slope_a * slope_b, rise]
        });
        let [m, d, m_2, both, d_2, slopes, rise] = sums;
        let second_moment = variance * m + layer.point.bias_variance;
        Self {
            second_moment,
            gap: variance * d / second_moment,
            m_by_m: layer.second_moment_slope(q),
            // At one d, 1 − c falls as q grows.
            d_by_m: variance * (rise - gap * slopes),
            d_by_d: variance * slopes,
            noise: [m_2 - m * m, both - m * d, d_2 - d * d].map(|x| variance * variance * x),
        }
    }
}
