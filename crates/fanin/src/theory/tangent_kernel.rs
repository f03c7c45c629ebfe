//! The neural tangent kernel of a wide network, and its condition.
//!
//! Key: Σ the kernel of pre-activations, Θ the tangent kernel (Jacot et al. 2018), which begins
//! as Σ and goes on as Θ′ = Σ′ + `σ_w²·E` φ′φ′·Θ. Along a stream x + α(Wφ(x) + b) what is there stays:
//!
//! ```text
//! Θ′ = (1 + α²σ_w²·E φ′φ′)·Θ + α²(σ_w²·E φφ + σ_b²)
//! ```
//!
//! (Huang et al. 2020), with E φ′φ′ over q where the branch normalizes. A normalized network has the
//! tangent kernel of the plain one that it is at large width.

use serde::Serialize;

use super::layer::Layer;
use super::network::{Network, Signal};

/// The tangent kernel of inputs that all have one second moment and one correlation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct TangentKernel {
    /// Of an input with itself.
    pub diagonal: f64,
    /// Of two inputs.
    pub off_diagonal: f64,
}

impl TangentKernel {
    /// Largest over smallest eigenvalue for `inputs` inputs: what the slowest direction of
    /// gradient descent pays.
    pub fn condition(&self, inputs: usize) -> f64 {
        let others = inputs.saturating_sub(1) as f64;
        let along = self.diagonal + others * self.off_diagonal;
        let across = self.diagonal - self.off_diagonal;
        if inputs < 2 { 1.0 } else { along.max(across) / along.min(across) }
    }
}

/// The tangent kernel of `depth` plain layers at inputs whose first pre-activations have second
/// moment `q` and correlation `c`.
///
/// ```
/// use fanin::theory::{Layer, Point, tangent_kernel};
/// let relu = fanin::engine::activations::find("relu").expect("it is registered");
/// let kernel = tangent_kernel(&Layer::new(&*relu, Point::new(2.0, 0.0)), 1.0, 0.0, 2);
/// assert_eq!(kernel.diagonal, 2.0);
/// assert!((kernel.condition(2) - 1.378_560).abs() < 1e-6);
/// ```
pub fn tangent_kernel(layer: &Layer<'_>, q: f64, c: f64, depth: usize) -> TangentKernel {
    let (mut q, mut c) = (q, c);
    let mut pairs = layer.gaussian.pairs(q);
    let mut kernel = TangentKernel { diagonal: q, off_diagonal: q * c };
    for _ in 1..depth {
        if pairs.variance() != q {
            pairs = layer.gaussian.pairs(q);
        }
        let (moments, pair) = (pairs.moments(), pairs.pair(c));
        let slopes = layer.point.weight_variance * pair.slopes;
        let factor = layer.point.weight_variance * moments.slope_second;
        q = layer.second_moment_of(&moments);
        let shared = layer.point.weight_variance * pair.product + layer.point.bias_variance;
        c = if c == 1.0 { 1.0 } else { (shared / q).clamp(-1.0, 1.0) };
        kernel = TangentKernel {
            diagonal: q + factor * kernel.diagonal,
            off_diagonal: q * c + slopes * kernel.off_diagonal,
        };
    }
    kernel
}

impl Network {
    /// The tangent kernel of `depth` layers, or of a stream and `depth` blocks on it, at inputs
    /// whose first pre-activations are `signal`; a normalized network makes q = 1 of them first.
    ///
    /// ```
    /// use fanin::theory::{Layer, Network, Point, Signal};
    /// let relu = fanin::engine::activations::find("relu").expect("it is registered");
    /// let layer = Layer::new(&*relu, Point::new(2.0, 0.0));
    /// let start = Signal { second_moment: 1.0, correlation: 0.0 };
    /// // A block doubles what is there and adds the q of its branch: L·2^(L−1) + 2^L.
    /// let kernel = Network::Residual { branch: 1.0 }.tangent_kernel(&layer, start, 10);
    /// assert!((kernel.diagonal - 6144.0).abs() < 1e-9);
    /// ```
    pub fn tangent_kernel(&self, layer: &Layer<'_>, signal: Signal, depth: usize) -> TangentKernel {
        let (branch, is_normalized) = match *self {
            Self::Residual { branch } => (branch, false),
            Self::PreNorm { branch } => (branch, true),
            Self::Dense | Self::Convolution => {
                return tangent_kernel(layer, signal.second_moment, signal.correlation, depth);
            }
            Self::BatchNorm | Self::LayerNorm => {
                let plain = self.plain(layer).expect("a normalized layer is a plain one");
                return tangent_kernel(&plain.layer(), 1.0, signal.correlation, depth);
            }
        };
        let mut signal = signal;
        let mut kernel = TangentKernel {
            diagonal: signal.second_moment,
            off_diagonal: signal.second_moment * signal.correlation,
        };
        let scale = branch * branch;
        let mut pairs = layer.gaussian.pairs(self.taken(signal.second_moment));
        for _ in 0..depth {
            let Signal { second_moment: q, correlation: c } = signal;
            let (at, size) = if is_normalized { (1.0, q) } else { (q, 1.0) };
            if pairs.variance() != at {
                pairs = layer.gaussian.pairs(at);
            }
            let slopes = layer.point.weight_variance * pairs.pair(c).slopes / size;
            let step = self.step_by(layer, signal, &mut pairs);
            let Signal { second_moment, correlation } = step.signal;
            kernel = TangentKernel {
                diagonal: step.gradient_factor * kernel.diagonal + second_moment - q,
                off_diagonal: (1.0 + scale * slopes) * kernel.off_diagonal
                    + second_moment * correlation
                    - q * c,
            };
            signal = step.signal;
        }
        kernel
    }
}
