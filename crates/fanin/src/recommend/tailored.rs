//! Activations shaped so that a deep chain keeps rows apart: TAT and DKS.
//!
//! Key: C(c) the correlation behind one layer of two inputs of correlation c, Q(q) the second
//! moment behind one of second moment q, both for weights of variance 1/fan-in; a chain of L
//! layers applies them L times (Martens et al. 2021; Zhang et al. 2022).

use std::f64::consts::PI;

use fanin_engine::activations::Activation;
use fanin_engine::moments::gaussian_moments;

/// C of the whole chain at 0 that TAT asks of leaky rectifiers.
pub const TAILORED_CORRELATION: f64 = 0.9;

/// C′ of the whole chain at 1 that DKS asks for: its ζ.
pub const DEEP_KERNEL_SLOPE: f64 = 1.5;

/// An activation as γ·(φ(α·x + β) + δ).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transform {
    /// Factor on the input.
    pub alpha: f64,
    /// Summand of the input.
    pub beta: f64,
    /// Factor on the output.
    pub gamma: f64,
    /// Summand of the output, before its factor.
    pub delta: f64,
}

/// The negative slope a with which a chain of `layers` leaky rectifiers takes correlation 0 to
/// [`TAILORED_CORRELATION`]; 0 where relu itself does not take it so far.
///
/// ```
/// let slope = fanin::recommend::tailored_slope(50);
/// assert!(0.0 < slope && slope < 1.0);
/// ```
pub fn tailored_slope(layers: usize) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    if chain_correlation(0.0, layers) <= TAILORED_CORRELATION {
        return 0.0;
    }
    // C at 0 falls from that of relu to 0 as the slope rises to 1.
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if chain_correlation(middle, layers) > TAILORED_CORRELATION {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// C of a chain of leaky rectifiers of slope `a`, at 0.
///
/// C(c) = c + (1 − a)²/(π(1 + a²))·(√(1 − c²) − c·arccos c) (Zhang et al. 2022, eq. 9).
pub(super) fn chain_correlation(a: f64, layers: usize) -> f64 {
    let share = (1.0 - a).powi(2) / (PI * (1.0 + a * a));
    let next = |c: f64| (c + share * ((1.0 - c * c).sqrt() - c * c.acos())).clamp(-1.0, 1.0);
    (0..layers).fold(0.0, |c, _| next(c))
}

/// The form of `activation` for a chain of so many layers, by deep kernel shaping: Q(1) = 1,
/// Q′(1) = 1, C(0) = 0 and C′(1) = [`DEEP_KERNEL_SLOPE`] through the chain; none where no such
/// form was found, as for rectifiers.
pub fn deep_kernel(activation: &dyn Activation, layers: usize) -> Option<Transform> {
    let slope = DEEP_KERNEL_SLOPE.powf(1.0 / layers.max(1) as f64);
    let starts = [1.0, 0.5, 0.2, 0.05].into_iter();
    let mut starts = starts.flat_map(|a| [0.1, 0.5, -0.5, 1.0, -1.0, 2.0].map(|b| (a, b)));
    starts.find_map(|(alpha, beta)| newton(activation, slope, [f64::ln(alpha), beta]))
}

/// γ and δ for these α and β, Q′(1) and C′(1).
pub(super) fn shape(activation: &dyn Activation, alpha: f64, beta: f64) -> (Transform, f64, f64) {
    let variance = alpha * alpha;
    let at = |v: f64| gaussian_moments(activation, beta, v);
    let here = at(variance);
    let (delta, spread) = (-here.mean, here.second - here.mean * here.mean);
    let step = 1e-4 * variance;
    let (below, above) = (at(variance - step), at(variance + step));
    let rise =
        (above.second - below.second + 2.0 * delta * (above.mean - below.mean)) / (2.0 * step);
    let transform = Transform { alpha, beta, gamma: spread.sqrt().recip(), delta };
    (transform, variance * rise / spread, variance * here.slope_second / spread)
}

/// Newton's method for Q′(1) = 1 and C′(1) = `slope` in ln α and β.
fn newton(activation: &dyn Activation, slope: f64, mut at: [f64; 2]) -> Option<Transform> {
    const STEP: f64 = 1e-4;
    /// Steps are cut to this length, since far from a solution they overshoot.
    const LONGEST: f64 = 0.5;
    let off = |at: [f64; 2]| {
        let (_, q, c) = shape(activation, at[0].exp(), at[1]);
        [q - 1.0, c - slope]
    };
    for _ in 0..100 {
        let here = off(at);
        if here.iter().all(|x| x.abs() < 1e-7) {
            let (found, _, _) = shape(activation, at[0].exp(), at[1]);
            return (found.alpha > 1e-4).then_some(found);
        }
        let column = |index: usize| {
            let mut ahead = at;
            ahead[index] += STEP;
            let ahead = off(ahead);
            [(ahead[0] - here[0]) / STEP, (ahead[1] - here[1]) / STEP]
        };
        let (first, second) = (column(0), column(1));
        let determinant = first[0] * second[1] - second[0] * first[1];
        let move_0 = (here[0] * second[1] - second[0] * here[1]) / determinant;
        let move_1 = (first[0] * here[1] - here[0] * first[1]) / determinant;
        let length = move_0.hypot(move_1);
        if !length.is_finite() {
            return None;
        }
        let share = (LONGEST / length).min(1.0);
        at = [at[0] - share * move_0, at[1] - share * move_1];
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::{Layer, Point};
    use fanin_engine::activations::find;

    #[test]
    fn a_tailored_slope_takes_right_angles_to_nine_tenths() {
        for layers in [30, 50, 100] {
            let slope = tailored_slope(layers);
            assert!((chain_correlation(slope, layers) - 0.9).abs() < 1e-9, "{layers}: {slope}");
            let activation = find(&format!("leaky_relu:{slope}")).unwrap();
            let point = Point::new(2.0 / (1.0 + slope * slope), 0.0);
            let layer = Layer::new(&*activation, point);
            let c = (0..layers).fold(0.0, |c, _| layer.correlation(1.0, c));
            assert!((c - 0.9).abs() < 1e-6, "{layers}: {c}");
        }
        assert_eq!(tailored_slope(1), 0.0);
        assert!(tailored_slope(100) > tailored_slope(30));
    }

    #[test]
    fn a_shaped_kernel_meets_its_four_conditions() {
        for (name, layers) in [("tanh", 20), ("softplus", 20), ("gelu", 50), ("silu", 10)] {
            let activation = find(name).unwrap();
            let Transform { alpha, beta, gamma, delta } =
                deep_kernel(&*activation, layers).unwrap_or_else(|| panic!("{name} has no form"));
            // A sum over a fine grid, which shares nothing with the integrals above.
            let average = |f: &dyn Fn(f64) -> f64| {
                let grid = (-8000..=8000).map(|i| f64::from(i) / 1000.0);
                let sum: f64 = grid.map(|x| (-0.5 * x * x).exp() * f(x)).sum();
                sum / 1000.0 / (2.0 * PI).sqrt()
            };
            let value = |x: f64| gamma * (activation.at(0, alpha * x + beta) + delta);
            let slope = |x: f64| gamma * alpha * activation.at(1, alpha * x + beta);
            assert!((average(&|x| value(x).powi(2)) - 1.0).abs() < 1e-6, "{name}");
            assert!(average(&value).abs() < 1e-6, "{name}");
            assert!((average(&|x| value(x) * slope(x) * x) - 1.0).abs() < 1e-5, "{name}");
            let whole = average(&|x| slope(x).powi(2)).powi(layers as i32);
            assert!((whole - DEEP_KERNEL_SLOPE).abs() < 1e-3, "{name}: {whole}");
        }
        assert!(deep_kernel(&*find("relu").unwrap(), 10).is_none());
    }
}
