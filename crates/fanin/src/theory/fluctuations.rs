//! How gradients, Jacobians and tangent kernels of finite width differ over seeds.
//!
//! Key: K the variance that a layer's pre-activations have given the layer before, G = ‖δ‖² of one
//! layer, N units, ν ~ N(0, 1). To first order in 1/N all noise comes from the units of each
//! layer, which are independent given the layer before:
//!
//! ```text
//! δ ln K′ = t·δ ln K + ρ·x,      x the mean of φ²/E φ² − 1 over units,  t = d ln q′/d ln q, ρ = σ_w²·E φ²/q′
//! δ ln G  = δ ln G′ + s·δ ln K + y,  y the mean of φ′²ν²/E φ′² − 1,    s = d ln E φ′²/d ln q
//! Var x = (κ₄ − 1)/N,  Var y = (3κ′ − 1)/N,  Cov(x, y) = (E φ²φ′²/(E φ²·E φ′²) − 1)/N
//! ```
//!
//! Weights are met twice, forwards and backwards; that correlates one of N directions, and so
//! changes means, not variances, at this order. A layer's response to noise below it is summed
//! from the last layer to the first. For relu: Hanin & Nica 2020; the rest is derived here and in
//! `docs/theory/signal-propagation.md`.

use super::layer::Layer;

/// What one layer adds, times N, and what it passes on.
#[derive(Clone, Copy)]
struct Noise {
    second_moment: f64,
    log_factor: f64,
    passed: f64,
    share: f64,
    turn: f64,
    forward: f64,
    slope_kurtosis: f64,
    cross: f64,
}

/// Of `depth` layers in order, the first with second moment `q`.
fn noises(layer: &Layer<'_>, q: f64, depth: usize) -> Vec<Noise> {
    /// At 0 averages are limits, and far off they are those of a power.
    const RANGE: (f64, f64) = (1e-12, 1e100);
    let mut all: Vec<Noise> = Vec::with_capacity(depth);
    let mut q = q.clamp(RANGE.0, RANGE.1);
    for _ in 0..depth {
        let moments = layer.gaussian.moments(q);
        let next = layer.second_moment_of(&moments).clamp(RANGE.0, RANGE.1);
        // By parts, d/dq E f(x) = E[f·(z² − 1)]/2q.
        let [turn, cross] = layer.gaussian.sums(q, |z, value, slope| {
            let slope_2 = slope * slope;
            [0.5 * slope_2 * (z * z - 1.0), value * value * slope_2]
        });
        all.push(Noise {
            second_moment: q,
            log_factor: (layer.point.weight_variance * moments.slope_second).ln(),
            passed: layer.point.weight_variance * moments.second_slope * q / next,
            share: layer.point.weight_variance * moments.second / next,
            turn: turn / moments.slope_second,
            forward: moments.kurtosis() - 1.0,
            slope_kurtosis: moments.slope_kurtosis(),
            cross: cross / (moments.second * moments.slope_second) - 1.0,
        });
        q = next;
    }
    all
}

/// N times the variance of a sum of ln E φ′² over layers, each with `own` noise.
fn through(noises: &[Noise], own: impl Fn(f64) -> f64) -> f64 {
    // How the sum responds to ln K of the layer above.
    let (mut response, mut variance) = (0.0, 0.0);
    for noise in noises.iter().rev() {
        let forward = noise.share * response;
        variance += own(noise.slope_kurtosis)
            + 2.0 * noise.cross * forward
            + noise.forward * forward * forward;
        response = noise.turn + noise.passed * response;
    }
    variance
}

/// The variance over seeds of ln `‖δ₁‖²/‖δ_L‖²` through `depth` layers of `width` units, to first
/// order in 1/N.
///
/// 5L/N for relu, Σ (3κ′ − 1)/N for rectifiers; for others what q varies by comes with it.
///
/// ```
/// use fanin::theory::{Layer, Point, log_gradient_variance};
/// let relu = fanin::engine::activations::find("relu").expect("it is registered");
/// let layer = Layer::new(&*relu, Point::new(2.0, 0.0));
/// assert!((log_gradient_variance(&layer, 1.0, 10, 100) - 0.5).abs() < 1e-12);
/// ```
pub fn log_gradient_variance(layer: &Layer<'_>, q: f64, depth: usize, width: usize) -> f64 {
    through(&noises(layer, q, depth), |kurtosis| 3.0 * kurtosis - 1.0) / width as f64
}

/// The variance over seeds of ln tr(JJᵀ)/N, the mean squared singular value of the Jacobian
/// through `depth` layers of `width` units, to first order in 1/N.
///
/// The trace averages over directions, so that weights alone add only 1/N² (a linear network has
/// 0 here); what is left is the share of φ′²: (κ′ − 1)/N per layer, L/N for relu.
///
/// ```
/// use fanin::theory::{Layer, Point, log_trace_variance};
/// let relu = fanin::engine::activations::find("relu").expect("it is registered");
/// let layer = Layer::new(&*relu, Point::new(2.0, 0.0));
/// assert!((log_trace_variance(&layer, 1.0, 10, 100) - 0.1).abs() < 1e-12);
/// ```
pub fn log_trace_variance(layer: &Layer<'_>, q: f64, depth: usize, width: usize) -> f64 {
    through(&noises(layer, q, depth), |kurtosis| kurtosis - 1.0) / width as f64
}

/// Var Θ/(E Θ)² over seeds of the tangent kernel Θ = Σ G·K of one input with itself, for one
/// output of `depth` layers of `width` units, to first order in 1/N.
///
/// For relu after He Σ (5j² + 2j(L − j) + 5(L − j)²)/(N·L²) over j < L, about 11L/3N; where that
/// is not small the second moment grows exponentially in L/N (Hanin & Nica 2020), and this is
/// below it.
///
/// ```
/// use fanin::theory::{Layer, Point, tangent_kernel_variance};
/// let relu = fanin::engine::activations::find("relu").expect("it is registered");
/// let layer = Layer::new(&*relu, Point::new(2.0, 0.0));
/// assert!((tangent_kernel_variance(&layer, 1.0, 2, 100) - 12.0 / 400.0).abs() < 1e-12);
/// ```
pub fn tangent_kernel_variance(layer: &Layer<'_>, q: f64, depth: usize, width: usize) -> f64 {
    let noises = noises(layer, q, depth);
    let Some((last, hidden)) = noises.split_last() else { return 0.0 };
    // ln G·K of each layer, then its share of Θ.
    let mut log_gradient = 0.0;
    let mut shares = vec![last.second_moment.ln()];
    for noise in hidden.iter().rev() {
        log_gradient += noise.log_factor;
        shares.push(log_gradient + noise.second_moment.ln());
    }
    let most = shares.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    shares.iter_mut().for_each(|share| *share = (*share - most).exp());
    let total: f64 = shares.iter().sum();
    shares.iter_mut().for_each(|share| *share /= total);
    // G of this layer and all before contains this layer's noise.
    let mut before = 1.0 - shares[0];
    let (mut response, mut variance) = (shares[0], 0.0);
    for (noise, share) in hidden.iter().rev().zip(&shares[1..]) {
        let forward = noise.share * response;
        variance += (3.0 * noise.slope_kurtosis - 1.0) * before * before
            + 2.0 * noise.cross * before * forward
            + noise.forward * forward * forward;
        response = share + noise.turn * before + noise.passed * response;
        before -= share;
    }
    variance / width as f64
}
