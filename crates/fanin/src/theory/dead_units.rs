//! How many rectified units are silent on all inputs, by chance alone.
//!
//! A unit without bias is silent on one input with probability 1/2. Inputs of correlation ρ share
//! a part: h = √ρ·z₀ + √(1 − ρ)·z, so given z₀ the n signs are independent.

use super::quadrature::{cuts, visit};

/// The probability that a unit of normal weights and no bias is negative on each of `inputs`
/// inputs, any two of which have correlation `correlation` at it, from 0 to 1.
///
/// `E_z` Φ(−z·√(ρ/(1 − ρ)))ⁿ: 2⁻ⁿ at 0, 1/(n + 1) at 1/2, 1/2 at 1; NaN outside.
///
/// ```
/// let dead = fanin::theory::dead_probability(0.5, 100);
/// assert!((dead - 1.0 / 101.0).abs() < 1e-12);
/// ```
pub fn dead_probability(correlation: f64, inputs: usize) -> f64 {
    if !(0.0..=1.0).contains(&correlation) {
        return f64::NAN;
    }
    if inputs == 0 || correlation == 1.0 {
        return if inputs == 0 { 1.0 } else { 0.5 };
    }
    let steepness = (correlation / (1.0 - correlation)).sqrt();
    // The power falls from 1 to 0 around the (1/n)-quantile, over a range of about 1/steepness.
    let bends = (-20..=20).map(|k| f64::from(k) / steepness);
    let mut sum = 0.0;
    visit(&cuts(2.0, bends), |z, weight| {
        sum += weight * below(-steepness * z).powf(inputs as f64);
    });
    sum
}

/// The probability that a relu network without biases is silent from some layer on, for one input:
/// 1 − ∏(1 − 2^−N) over its widths.
///
/// All units of a layer are silent with probability 2^−N (Lu et al. 2019, arXiv 1903.06733).
///
/// ```
/// let dead = fanin::theory::born_dead_probability(&[2; 10]);
/// assert!((dead - 0.943_686).abs() < 1e-6);
/// ```
pub fn born_dead_probability(widths: &[usize]) -> f64 {
    let alive: f64 = widths.iter().map(|&width| (-(-(width as f64)).exp2()).ln_1p()).sum();
    -alive.exp_m1()
}

/// Φ(x), the distribution of N(0, 1).
pub fn below(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}
