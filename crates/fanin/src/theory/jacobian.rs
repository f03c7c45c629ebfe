//! The spectrum of the input–output Jacobian J of a wide, deep network at its fixed point.
//!
//! J is a product of L factors D·W, D = diag φ′(h). The S-transforms of free probability
//! multiply: `S_{JJᵀ}` = (`S_{D²}·S_{WWᵀ}`)^L (Pennington, Schoenholz & Ganguli 2017). With M the
//! moment series of `JJᵀ`, M(λ) = ∑ `m_k/λ^k`, that gives λ as a function of M; its least value on the
//! real axis is the upper edge of the spectrum.

use serde::Serialize;

use super::layer::Layer;
use super::network::Network;
use super::slopes::Slopes;
use super::stream_variance::Stream;

/// What the weight matrices are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Weights {
    /// Independent normal elements.
    Gaussian,
    /// A random orthogonal matrix times `σ_w`.
    Orthogonal,
}

/// The spectrum of `JJᵀ` through some layers at one q.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct JacobianSpectrum {
    /// The mean eigenvalue, χ₁^L.
    pub mean: f64,
    /// The variance of the eigenvalues over the square of their mean: 0 is isometry.
    pub variance: f64,
    /// The largest eigenvalue; NaN where no law of it is known, as along a stream.
    pub largest: f64,
}

/// The spectrum of `JJᵀ` through `depth` layers whose pre-activations have second moment `q`.
///
/// Variance: L(μ₂/μ₁² − 1 − s₁) with `μ_k` = E φ′^{2k}, s₁ = −1 for Gaussian and 0 for orthogonal
/// weights.
///
/// ```
/// use fanin::theory::{Layer, Point, Weights, jacobian_spectrum};
/// let relu = fanin::engine::activations::find("relu").expect("it is registered");
/// let layer = Layer::new(&*relu, Point::new(2.0, 0.0));
/// assert_eq!(jacobian_spectrum(&layer, 1.0, 4, Weights::Gaussian).variance, 8.0);
/// assert_eq!(jacobian_spectrum(&layer, 1.0, 4, Weights::Orthogonal).variance, 4.0);
/// ```
pub fn jacobian_spectrum(
    layer: &Layer<'_>,
    q: f64,
    depth: usize,
    weights: Weights,
) -> JacobianSpectrum {
    let moments = layer.gaussian.moments(q);
    let spread = moments.slope_kurtosis() - 1.0;
    let own = if weights == Weights::Gaussian { 1.0 } else { 0.0 };
    let factor = layer.point.weight_variance * moments.slope_second;
    JacobianSpectrum {
        mean: factor.powf(depth as f64),
        variance: depth as f64 * (spread + own),
        largest: largest(layer, q, depth, weights),
    }
}

impl Network {
    /// The spectrum of `JJᵀ` through `depth` layers whose pre-activations have second moment `q`, or
    /// that of a stream through `depth` blocks from second moment `q` on, whose largest value no law
    /// here tells; `None` where it is not finite.
    ///
    /// A normalized network has that of its plain layer, which holds q = 1.
    pub fn jacobian_spectrum(
        &self,
        layer: &Layer<'_>,
        q: f64,
        depth: usize,
        weights: Weights,
    ) -> Option<JacobianSpectrum> {
        if let Some(plain) = self.plain(layer) {
            let q = if self.is_plain() { q } else { 1.0 };
            return Some(jacobian_spectrum(&plain.layer(), q, depth, weights));
        }
        Some(of_stream(&Stream::new(self, layer, q, depth)?, weights))
    }
}

/// The spectrum of a stream that is known.
pub(super) fn of_stream(stream: &Stream, weights: Weights) -> JacobianSpectrum {
    let (mean, variance) = stream.spectrum(weights);
    JacobianSpectrum { mean, variance, largest: f64::NAN }
}

/// The least λ over all M > 0, searched by M = 2^k and then by thirds.
fn largest(layer: &Layer<'_>, q: f64, depth: usize, weights: Weights) -> f64 {
    let slopes = Slopes::of(layer, q, depth, weights);
    if depth == 1 && weights == Weights::Orthogonal {
        return layer.point.weight_variance * slopes.highest;
    }
    let logarithm = |power: f64| {
        let m = power.exp2();
        let diagonal = m * slopes.inverse_moments(m) / (1.0 + m);
        let matrix = if weights == Weights::Gaussian { 1.0 + m } else { 1.0 };
        let factor = layer.point.weight_variance * diagonal * matrix;
        (1.0 + m).ln() - m.ln() + depth as f64 * factor.ln()
    };
    let powers = (-30..=30).map(f64::from);
    let best = powers.min_by(|a, b| logarithm(*a).total_cmp(&logarithm(*b))).unwrap_or(0.0);
    let (mut low, mut high) = (best - 1.0, best + 1.0);
    for _ in 0..80 {
        let (left, right) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
        if logarithm(left) < logarithm(right) { high = right } else { low = left }
    }
    logarithm(f64::midpoint(low, high)).exp()
}
