//! The maps of one layer in an infinitely wide network: q, correlation, gradient.
//!
//! Key: weights of variance `σ_w²/fan-in`, biases of variance `σ_b²`, φ the activation; h = W·φ(h) + b
//! with q = E h², and c the correlation of the h of two inputs (Poole et al. 2016; Schoenholz et
//! al. 2017). A convolution has the same maps, with fan-in k²·channels. Derivations:
//! `docs/theory/signal-propagation.md`.

use fanin_engine::activations::Activation;
use serde::Serialize;

use super::gaussian::{Gaussian, Moments};

/// Variances of weights and biases, in units in which theory does not see the width.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    /// `σ_w²`, the variance of a weight times its fan-in.
    pub weight_variance: f64,
    /// `σ_b²`, the variance of a bias.
    pub bias_variance: f64,
}

impl Point {
    /// Weights of variance `weight_variance`/fan-in and biases of variance `bias_variance`.
    pub fn new(weight_variance: f64, bias_variance: f64) -> Self {
        Self { weight_variance, bias_variance }
    }
}

/// One layer: what it does to second moments, correlations and gradients.
///
/// ```
/// use fanin::theory::{Layer, Point};
/// let tanh = fanin::engine::activations::find("tanh").expect("it is registered");
/// let layer = Layer::new(&*tanh, Point::new(1.0, 0.0));
/// assert!((layer.second_moment(1.0) - 0.394_294_49).abs() < 1e-8);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Layer<'a> {
    /// The averages of its activation.
    pub gaussian: Gaussian<'a>,
    /// Its variances.
    pub point: Point,
}

impl<'a> Layer<'a> {
    /// A layer of `activation` followed by weights of `point`.
    pub fn new(activation: &'a dyn Activation, point: Point) -> Self {
        Self { gaussian: Gaussian::new(activation), point }
    }

    /// The same activation with other variances.
    pub fn at(&self, point: Point) -> Self {
        Self { point, ..*self }
    }

    /// `σ_w²·E` φ² + `σ_b²`: the second moment of the next pre-activations.
    pub fn second_moment(&self, q: f64) -> f64 {
        self.point.weight_variance * self.gaussian.second(q) + self.point.bias_variance
    }

    /// [`second_moment`](Self::second_moment) where the averages are known already.
    pub fn second_moment_of(&self, moments: &Moments) -> f64 {
        self.point.weight_variance * moments.second + self.point.bias_variance
    }

    /// The slope of [`second_moment`](Self::second_moment): χ₁ + `σ_w²·E` φφ″, right at kinks.
    pub fn second_moment_slope(&self, q: f64) -> f64 {
        self.point.weight_variance * self.gaussian.moments(q).second_slope
    }

    /// χ₁ = `σ_w²·E` φ′²: by how much E‖δ‖² grows per layer backwards, between layers of one width;
    /// also how fast near inputs part.
    pub fn gradient_factor(&self, q: f64) -> f64 {
        self.point.weight_variance * self.gaussian.moments(q).slope_second
    }

    /// The correlation of the next pre-activations of two inputs.
    ///
    /// Their second moment is `q` before and [`second_moment`](Self::second_moment) after, so this
    /// is also right away from the fixed point.
    pub fn correlation(&self, q: f64, c: f64) -> f64 {
        if c == 1.0 {
            return 1.0;
        }
        let product = self.gaussian.product(q, c);
        let next = self.point.weight_variance * product + self.point.bias_variance;
        (next / self.second_moment(q)).clamp(-1.0, 1.0)
    }

    /// The slope of [`correlation`](Self::correlation) in c; at a fixed point of q and c = 1 it
    /// is χ₁.
    pub fn correlation_slope(&self, q: f64, c: f64) -> f64 {
        let slopes = self.gaussian.pair(q, c).slopes;
        self.point.weight_variance * slopes * q / self.second_moment(q)
    }
}

/// −1/ln `slope`: the layers in which a deviation shrinks by e; infinite from 1 on, 0 at 0.
pub fn depth_scale(slope: f64) -> f64 {
    match slope.abs() {
        0.0 => 0.0,
        slope if slope >= 1.0 => f64::INFINITY,
        slope => -1.0 / slope.ln(),
    }
}
