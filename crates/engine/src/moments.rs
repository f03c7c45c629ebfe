//! What an activation does to a normal input: its mean, second moment and mean squared slope.
//!
//! These are the numbers of signal propagation: with x ~ N(m, v), E φ(x)² says how large the next
//! layer's pre-activations are, E φ′(x)² how much of a gradient comes back
//! (Poole et al. 2016; Schoenholz et al. 2017).

use std::f64::consts::PI;
use std::sync::LazyLock;

use crate::activations::Activation;

/// Moments of φ(x) for a normal x.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    /// E φ(x).
    pub mean: f64,
    /// E φ(x)².
    pub second: f64,
    /// E φ′(x)².
    pub slope_second: f64,
}

/// Moments of `activation` at x ~ N(`mean`, `variance`), to about 10⁻¹² up to a deviation of 100.
///
/// The range of 10 deviations to both sides is cut at the activation's kinks and into pieces over
/// which it is smooth, and each piece is integrated by Gauss–Legendre. (One Gauss–Hermite sum over
/// the whole line is off by 10⁻³ at a kink, and by 10⁻² for tanh at a variance of 16.)
///
/// Variance 0 gives the values at `mean`; a negative or non-finite argument gives NaN.
///
/// ```
/// use fanin_engine::{activations, moments::gaussian_moments};
/// let relu = activations::find("relu").expect("it is registered");
/// let moments = gaussian_moments(&*relu, 0.0, 1.0);
/// assert!((moments.second - 0.5).abs() < 1e-12);
/// ```
pub fn gaussian_moments(activation: &dyn Activation, mean: f64, variance: f64) -> Moments {
    let at = |x: f64| (activation.at(0, x), activation.at(1, x));
    if !mean.is_finite() || !variance.is_finite() || variance < 0.0 {
        return Moments { mean: f64::NAN, second: f64::NAN, slope_second: f64::NAN };
    }
    let deviation = variance.sqrt();
    if deviation == 0.0 {
        let (value, slope) = at(mean);
        return Moments { mean: value, second: value * value, slope_second: slope * slope };
    }
    let mut sums = Moments { mean: 0.0, second: 0.0, slope_second: 0.0 };
    for pair in cuts(activation.kinks(), mean, deviation).windows(2) {
        let (middle, half) = (0.5 * (pair[0] + pair[1]), 0.5 * (pair[1] - pair[0]));
        for (node, weight) in *RULE {
            let z = middle + half * node;
            let weight = half * weight * (-0.5 * z * z).exp() / (2.0 * PI).sqrt();
            let (value, slope) = at(mean + deviation * z);
            sums.mean += weight * value;
            sums.second += weight * value * value;
            sums.slope_second += weight * slope * slope;
        }
    }
    sums
}

static RULE: LazyLock<[(f64, f64); NODES]> = LazyLock::new(gauss_legendre);

/// Deviations to both sides that count: what lies beyond weighs less than 10⁻²².
const REACH: f64 = 10.0;

/// Ends of the pieces, ascending, in units of the deviation from the mean.
///
/// A piece spans at most one deviation and at most one unit of x (activations bend over about
/// one), except that a deviation above 100 gets no more than 2,000 pieces; then only the pieces
/// near x = 0, where all activations bend, stay as short.
fn cuts(kinks: &[f64], mean: f64, deviation: f64) -> Vec<f64> {
    let width = (1.0 / deviation).clamp(0.01, 1.0);
    let count = (2.0 * REACH / width).ceil() as usize;
    let mut cuts: Vec<f64> =
        (0..=count).map(|i| -REACH + 2.0 * REACH * i as f64 / count as f64).collect();
    let bends = (-8..=8).map(f64::from);
    let powers = (4..40).flat_map(|k| [f64::powi(2.0, k), -f64::powi(2.0, k)]);
    let inside = kinks.iter().copied().chain(bends).chain(powers).map(|x| (x - mean) / deviation);
    cuts.extend(inside.filter(|z| z.abs() < REACH));
    cuts.sort_by(f64::total_cmp);
    cuts.dedup();
    cuts
}

/// Nodes of [`gauss_legendre`].
pub const NODES: usize = 16;

/// Nodes and weights of the Gauss–Legendre rule on [−1, 1], by Newton's method on the Legendre
/// polynomial (Abramowitz & Stegun 25.4.29).
pub fn gauss_legendre() -> [(f64, f64); NODES] {
    std::array::from_fn(|i| {
        let mut x = -(PI * (i as f64 + 0.75) / (NODES as f64 + 0.5)).cos();
        let mut slope = 1.0;
        for _ in 0..6 {
            let (mut previous, mut value) = (1.0, x);
            for k in 2..=NODES {
                let k = k as f64;
                (previous, value) =
                    (value, ((2.0 * k - 1.0) * x * value - (k - 1.0) * previous) / k);
            }
            slope = NODES as f64 * (x * value - previous) / (x * x - 1.0);
            x -= value / slope;
        }
        (x, 2.0 / ((1.0 - x * x) * slope * slope))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activations;

    /// E φ, E φ², E φ′² at N(0, 1), to 10 digits: integrated with mpmath at 30 digits.
    const STANDARD: &[(&str, f64, f64, f64)] = &[
        ("identity", 0.0, 1.0, 1.0),
        ("tanh", 0.0, 0.394_294_490_4, 0.464_402_902_4),
        ("erf", 0.0, 0.464_559_054_4, 0.569_410_034_7),
        ("sigmoid", 0.5, 0.293_379_035_9, 0.044_836_241_35),
        ("relu", 0.398_942_280_4, 0.5, 0.5),
        ("leaky_relu:0.01", 0.394_952_857_6, 0.500_05, 0.500_05),
        ("leaky_relu:0.2", 0.319_153_824_3, 0.52, 0.52),
        ("elu", 0.160_520_572_3, 0.644_945_417_5, 0.668_102_001_2),
        ("selu", 0.0, 1.0, 1.071_574_992),
        ("gelu", 0.282_094_791_8, 0.425_221_482_6, 0.455_850_865_6),
        ("gelu_tanh", 0.282_038_59, 0.425_193_71, 0.455_817_85),
        ("silu", 0.206_620_964_1, 0.355_775_519_8, 0.379_482_351_6),
        ("softplus", 0.806_059_183_3, 0.921_245_908_9, 0.293_379_035_9),
        ("mish", 0.240_403_888_4, 0.452_342_192_4, 0.479_083_758_4),
        ("sin", 0.0, 0.432_332_358_4, 0.567_667_641_6),
        ("hardswish", 0.166_216_700_7, 0.331_567_375_1, 0.358_531_517_2),
        ("relu2", 0.5, 1.5, 2.0),
        ("softsign", 0.0, 0.183_014_021_3, 0.227_671_340_4),
        ("hardtanh", 0.0, 0.516_058_55, 0.682_689_49),
    ];

    #[test]
    fn moments_at_the_standard_normal_meet_the_table() {
        for &(name, mean, second, slope_second) in STANDARD {
            let Some(activation) = activations::find(name) else { continue };
            let got = gaussian_moments(&*activation, 0.0, 1.0);
            let digits = |x: f64| {
                if matches!(name, "gelu_tanh" | "hardtanh") { 1e-8 } else { 1e-9 * x.max(1.0) }
            };
            assert!((got.mean - mean).abs() < digits(mean), "{name}: {got:?}");
            assert!((got.second - second).abs() < digits(second), "{name}: {got:?}");
            assert!(
                (got.slope_second - slope_second).abs() < digits(slope_second),
                "{name}: {got:?}"
            );
        }
    }

    #[test]
    fn every_activation_has_reference_moments() {
        for name in activations::names() {
            assert!(STANDARD.iter().any(|row| row.0.split(':').next() == Some(name)), "{name}");
        }
        for row in STANDARD {
            assert!(activations::find(row.0).is_some(), "{}", row.0);
        }
    }

    #[track_caller]
    fn check(name: &str, mean: f64, variance: f64, expected: [f64; 3]) {
        let Some(activation) = activations::find(name) else { return };
        let got = gaussian_moments(&*activation, mean, variance);
        for (got, expected) in [got.mean, got.second, got.slope_second].iter().zip(expected) {
            assert!(
                (got - expected).abs() < 1e-12 * expected.abs().max(1.0),
                "{name}: {got} {expected}"
            );
        }
    }

    #[test]
    fn closed_forms_are_met_at_other_means_and_variances() {
        for variance in [1e-8, 0.25, 1.0, 16.0, 1e4] {
            check("identity", 3.0, variance, [3.0, 9.0 + variance, 1.0]);
            let half = f64::sqrt(variance / (2.0 * PI));
            check("relu", 0.0, variance, [half, variance / 2.0, 0.5]);
            let angle = f64::asin(2.0 * variance / (1.0 + 2.0 * variance));
            let slope = 4.0 / PI / f64::sqrt(1.0 + 4.0 * variance);
            check("erf", 0.0, variance, [0.0, 2.0 / PI * angle, slope]);
            let decay = f64::exp(-2.0 * variance);
            check("sin", 0.0, variance, [0.0, (1.0 - decay) / 2.0, f64::midpoint(1.0, decay)]);
        }
        // x ~ N(1, 4): E relu = Φ(½) + 2φ(½), E relu² = 5Φ(½) + 2φ(½).
        let (below, density) = (0.691_462_461_274_013_1, 0.352_065_326_764_299_5);
        check("relu", 1.0, 4.0, [below + 2.0 * density, 5.0 * below + 2.0 * density, below]);
    }

    #[test]
    fn no_variance_gives_the_values_themselves_and_nonsense_gives_nan() {
        check("relu", 2.0, 0.0, [2.0, 4.0, 1.0]);
        let relu = activations::find("relu").unwrap();
        for (mean, variance) in [(0.0, -1.0), (f64::NAN, 1.0), (0.0, f64::INFINITY)] {
            assert!(gaussian_moments(&*relu, mean, variance).second.is_nan());
        }
    }

    #[test]
    fn the_rule_integrates_polynomials_exactly() {
        let rule = gauss_legendre();
        for power in 0..2 * NODES as i32 {
            let sum: f64 = rule.iter().map(|(x, w)| w * x.powi(power)).sum();
            let exact = if power % 2 == 0 { 2.0 / f64::from(power + 1) } else { 0.0 };
            assert!((sum - exact).abs() < 1e-14, "x^{power}: {sum} {exact}");
        }
    }
}
