//! What a layer of a normalized network is to theory: a plain layer that holds q = 1.
//!
//! Key: K = `σ_w²·E` φ² + `σ_b²` at q = 1, the second moment that a layer normalization divides by.
//!
//! Layer normalization of h = W·φ(h) + b divides weights and biases by √K, which at large width is a
//! number. Batch normalization over many rows in general position takes the mean over rows, hence
//! E φ and the bias, away as well: it is the plain layer of φ − E φ with `σ_w²` = 1/Var φ and
//! without bias. What either takes from a gradient, its parts along h and along the ones, is 1/N or
//! 1/rows of it. So fixed points, depth scales, tangent kernels and spectra are those of that
//! layer (batch normalization: Yang et al. 2019). The slope of its
//! correlation map at 1 is at least 1 for batch normalization, by Poincaré's inequality, and c* = 0:
//! it drives rows apart.

use fanin_engine::activations::Activation;

use super::layer::{Layer, Point};
use super::network::Network;

/// A plain layer that owns its activation.
#[derive(Debug)]
pub struct Plain {
    activation: Box<dyn Activation>,
    point: Point,
}

impl Plain {
    /// The maps of the layer.
    pub fn layer(&self) -> Layer<'_> {
        Layer::new(&*self.activation, self.point)
    }
}

impl Network {
    /// The plain layer that `layer` is in a normalized network at large width, at q = 1, or that
    /// it is itself; `None` for a residual network, whose stream no one layer says.
    ///
    /// ```
    /// use fanin::theory::{Layer, Network, Point};
    /// let relu = fanin::engine::activations::find("relu").expect("it is registered");
    /// let layer = Layer::new(&*relu, Point::new(7.0, 0.0));
    /// let plain = Network::BatchNorm.plain(&layer).expect("it is not residual");
    /// let pi = std::f64::consts::PI;
    /// assert!((plain.layer().gradient_factor(1.0) - pi / (pi - 1.0)).abs() < 1e-12);
    /// ```
    pub fn plain(&self, layer: &Layer<'_>) -> Option<Plain> {
        let activation = layer.gaussian.activation();
        let Point { weight_variance, bias_variance } = layer.point;
        match self {
            Self::Dense | Self::Convolution => {
                Some(Plain { activation: activation.boxed(), point: layer.point })
            }
            Self::LayerNorm => {
                let size = layer.second_moment(1.0);
                let point = Point::new(weight_variance / size, bias_variance / size);
                Some(Plain { activation: activation.boxed(), point })
            }
            Self::BatchNorm => {
                let moments = layer.gaussian.moments(1.0);
                let centered = Centered { inner: activation.boxed(), mean: moments.mean };
                let point = Point::new(1.0 / moments.variance(), 0.0);
                Some(Plain { activation: Box::new(centered), point })
            }
            Self::Residual { .. } | Self::PreNorm { .. } => None,
        }
    }
}

/// φ − `mean`.
#[derive(Debug)]
struct Centered {
    inner: Box<dyn Activation>,
    mean: f64,
}

impl Centered {
    fn offset(&self, order: usize) -> f64 {
        if order == 0 { self.mean } else { 0.0 }
    }
}

impl Activation for Centered {
    fn name(&self) -> &'static str {
        "centered"
    }

    fn about(&self) -> &'static str {
        "an activation without its mean"
    }

    fn label(&self) -> String {
        format!("{} - {}", self.inner.label(), self.mean)
    }

    fn kinks(&self) -> &[f64] {
        self.inner.kinks()
    }

    fn with_parameter(&self, parameter: Option<f64>) -> Option<Box<dyn Activation>> {
        parameter.is_none().then(|| self.boxed())
    }

    fn at(&self, order: usize, x: f64) -> f64 {
        self.inner.at(order, x) - self.offset(order)
    }

    fn apply_f32(&self, order: usize, x: &[f32], out: &mut [f32]) {
        self.inner.apply_f32(order, x, out);
        out.iter_mut().for_each(|y| *y -= self.offset(order) as f32);
    }

    fn apply_f64(&self, order: usize, x: &[f64], out: &mut [f64]) {
        self.inner.apply_f64(order, x, out);
        out.iter_mut().for_each(|y| *y -= self.offset(order));
    }

    fn change_f32(&self, order: usize, x: &mut [f32]) {
        self.inner.change_f32(order, x);
        x.iter_mut().for_each(|y| *y -= self.offset(order) as f32);
    }

    fn change_f64(&self, order: usize, x: &mut [f64]) {
        self.inner.change_f64(order, x);
        x.iter_mut().for_each(|y| *y -= self.offset(order));
    }

    fn scale_f32(&self, order: usize, x: &[f32], factor: &[f32], out: &mut [f32]) {
        self.inner.scale_f32(order, x, factor, out);
        let offset = self.offset(order) as f32;
        out.iter_mut().zip(factor).for_each(|(y, factor)| *y -= offset * factor);
    }

    fn scale_f64(&self, order: usize, x: &[f64], factor: &[f64], out: &mut [f64]) {
        self.inner.scale_f64(order, x, factor, out);
        let offset = self.offset(order);
        out.iter_mut().zip(factor).for_each(|(y, factor)| *y -= offset * factor);
    }

    fn rescale_f32(&self, order: usize, x: &[f32], factor: &mut [f32]) {
        let own = factor.to_vec();
        self.scale_f32(order, x, &own, factor);
    }

    fn rescale_f64(&self, order: usize, x: &[f64], factor: &mut [f64]) {
        let own = factor.to_vec();
        self.scale_f64(order, x, &own, factor);
    }

    fn boxed(&self) -> Box<dyn Activation> {
        Box::new(Self { inner: self.inner.boxed(), mean: self.mean })
    }
}
