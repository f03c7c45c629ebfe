//! The neural tangent kernel of a wide network, and its condition.
//!
//! Key: Σ the kernel of pre-activations, Θ the tangent kernel (Jacot et al. 2018), which begins
//! as Σ and goes on as Θ′ = Σ′ + `σ_w²·E` φ′φ′·Θ.

use serde::Serialize;

use super::layer::Layer;

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

/// The tangent kernel of `depth` layers at inputs whose first pre-activations have second moment
/// `q` and correlation `c`.
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
    let mut kernel = TangentKernel { diagonal: q, off_diagonal: q * c };
    for _ in 1..depth {
        let slopes = layer.point.weight_variance * layer.gaussian.pair(q, c).slopes;
        let factor = layer.gradient_factor(q);
        (q, c) = (layer.second_moment(q), layer.correlation(q, c));
        kernel = TangentKernel {
            diagonal: q + factor * kernel.diagonal,
            off_diagonal: q * c + slopes * kernel.off_diagonal,
        };
    }
    kernel
}
