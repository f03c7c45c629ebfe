//! How much a network of finite width may differ from theory, over seeds.
//!
//! Given the layer before, the units of a layer are independent, so each layer adds a variance of
//! order 1/N to ln q, and passes on the one before by the slope of the q-map. Derivation:
//! `docs/theory/signal-propagation.md`; relu: Hanin & Rolnick 2018. What goes backwards:
//! `fluctuations`; two inputs: `correlation_variance`.

use super::layer::Layer;

/// The variance over seeds of ln q̂ after `depth` layers of `width` units, where q̂ is the mean of
/// the squared pre-activations of one layer for one input.
///
/// 2/N for the last layer's own units, and for each layer j below ρ²·(κ₄ − 1)/N times the squares
/// of the slopes d ln q/d ln q passed since, ρ = `σ_w²·E` φ²/q′. 2/N + 5(L − 1)/N for relu after He.
///
/// ```
/// use fanin::theory::{Layer, Point, log_second_moment_variance};
/// let relu = fanin::engine::activations::find("relu").expect("it is registered");
/// let layer = Layer::new(&*relu, Point::new(2.0, 0.0));
/// let variance = log_second_moment_variance(&layer, 1.0, 11, 100);
/// assert!((variance - 0.52).abs() < 1e-12);
/// ```
pub fn log_second_moment_variance(layer: &Layer<'_>, q: f64, depth: usize, width: usize) -> f64 {
    let (mut q, mut variance, width) = (q, 0.0, width as f64);
    for _ in 1..depth {
        let moments = layer.gaussian.moments(q);
        let next = layer.second_moment_of(&moments);
        let slope = layer.point.weight_variance * moments.second_slope * q / next;
        let share = layer.point.weight_variance * moments.second / next;
        variance = slope * slope * variance + share * share * (moments.kurtosis() - 1.0) / width;
        q = next;
    }
    variance + 2.0 / width
}

/// Var r/(E r)² of r = `‖x_L‖²` over seeds, through layers of these `widths` without bias, for an
/// activation that is linear on both sides of 0: ∏(1 + (κ₄ − 1)/n) − 1, exact at any width.
///
/// `kurtosis` is 6 for relu and 3 for a linear network.
///
/// ```
/// let variance = fanin::theory::squared_length_variance(6.0, &[100; 10]);
/// assert!((variance - 0.628_895).abs() < 1e-6);
/// ```
pub fn squared_length_variance(kurtosis: f64, widths: &[usize]) -> f64 {
    let logs = widths.iter().map(|&width| ((kurtosis - 1.0) / width as f64).ln_1p());
    logs.sum::<f64>().exp_m1()
}
