//! How gradients grow under batch normalization of few rows.
//!
//! Key: B rows, n = B − 1; h the pre-activations of one unit in all rows, of mean 0 and mean square 1;
//! E₁ an average over one row, E₂ over two.
//!
//! At the symmetric fixed point all rows are alike, so h is uniform on the sphere of radius √B in
//! the n dimensions beside the ones (Yang et al. 2019): one row is √n times a coordinate
//! of a unit vector, two have correlation −1/n. There y = Wφ(h) has variance λ = E₁φ² − E₂φφ̃ in every
//! direction, 1/s² a mean of B/(λ(B − 3)), and backwards through normalization and activation
//!
//! ```text
//! χ = B/(λ(B − 3)(B − 1))·((B − 2)E₁φ′² − E₁(hφ′)² + (E₁φ′² + nE₂φ′φ̃′ + E₁(hφ′)² + nE₂hφ′h̃φ̃′)/B)
//! ```
//!
//! which is (B − 2)/(B − 3) for linear layers and (B − 2 + κ₀ + κ₁)/((B − 3)(1 − κ₁)) for relu, with the
//! arc-cosine kernels at −1/n: both as Yang et al. have it. Rows without end leave E φ′²/Var φ.
//!
//! E₂ is an integral over two coordinates, cut where either row meets a kink; where kinks are many, it is
//! summed instead: with pₖ the orthonormal polynomials of one coordinate (Gegenbauer's), aₖ = E₁f·pₖ, and Gₖ
//! the same polynomials with Gₖ(1) = 1, E₂ff̃ = Σ aₖ²·Gₖ(−1/n) (Funk & Hecke). Bends make aₖ² fall as k⁻⁴,
//! jumps as k⁻², and |Gₖ(−1/n)| falls as k^(1−n/2) at least.

use std::f64::consts::{FRAC_PI_2, PI};

use fanin_engine::activations::Activation;
use serde::Serialize;

use super::batch_fluctuations::batch_variances;
use super::quadrature::rule;

/// What batch normalization over some rows does to gradients.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct BatchRows {
    /// Rows of a batch.
    pub rows: usize,
    /// The factor on E‖δ‖² per layer.
    pub gradient_factor: f64,
    /// The deviation over seeds of ln q of all rows together, at the last layer before it is
    /// normalized.
    pub log_second_moment_deviation: f64,
    /// The deviation of the mean correlation of two rows, there.
    pub correlation_deviation: f64,
    /// The deviation of ln `‖δ₁‖²/‖δ_L‖²` of all rows; `None` where it has no finite variance.
    pub log_gradient_deviation: Option<f64>,
}

/// The factor on E‖δ‖² per layer of batch normalization over `rows` rows, at the symmetric fixed
/// point; `None` for fewer than four rows, where it is infinite.
///
/// ```
/// let linear = fanin::engine::activations::find("identity").expect("it is registered");
/// let found = fanin::theory::batch_gradient_factor(&*linear, 8).expect("eight rows are enough");
/// assert!((found - 6.0 / 5.0).abs() < 1e-9);
/// ```
pub fn batch_gradient_factor(activation: &dyn Activation, rows: usize) -> Option<f64> {
    if rows < 4 {
        return None;
    }
    let (count, n) = (rows as f64, rows as f64 - 1.0);
    let averages = if activation.kinks().len() > FEW_KINKS { summed } else { integrated };
    let Averages { one: [value, slope, turned], two } = averages(activation, rows);
    let [values, slopes, both_turned] = two;
    let left =
        (count - 2.0) * slope - turned + (slope + n * slopes + turned + n * both_turned) / count;
    Some(count * left / ((value - values) * (count - 3.0) * n))
}

/// Kinks up to which pairs of rows are integrated: the time grows with the square of their number.
const FEW_KINKS: usize = 16;

/// Averages of φ, φ′ and hφ′: of their squares over one row, of their products over two.
struct Averages {
    one: [f64; 3],
    two: [f64; 3],
}

/// φ, φ′ and hφ′ at h.
fn read(activation: &dyn Activation, h: f64) -> [f64; 3] {
    let slope = activation.at(1, h);
    [activation.at(0, h), slope, h * slope]
}

/// Kinks as coordinates of a unit vector, whose rows are `radius` times as long.
fn kinks(activation: &dyn Activation, radius: f64) -> Vec<f64> {
    activation.kinks().iter().map(|kink| kink / radius).collect()
}

fn integrated(activation: &dyn Activation, rows: usize) -> Averages {
    let n = rows as f64 - 1.0;
    let radius = n.sqrt();
    let (c, rest) = (-1.0 / n, (1.0 - 1.0 / (n * n)).sqrt());
    let kinks = kinks(activation, radius);
    // Where the kinks of the second row leave the circle that the first row lets it.
    let tangent = |kink: &f64| {
        let away = rest * (1.0 - kink * kink).sqrt();
        [c * kink - away, c * kink + away]
    };
    let outer = kinks.iter().copied().chain(kinks.iter().flat_map(tangent));
    let (mut one, mut two) = ([0.0; 3], [0.0; 3]);
    for (first, weight) in coordinate(rows - 1, outer) {
        let across = rest * (1.0 - first * first).sqrt();
        let here = read(activation, radius * first);
        let mut there = [0.0; 3];
        let inner = kinks.iter().map(|kink| (kink - c * first) / across);
        for (further, share) in coordinate(rows - 2, inner) {
            let found = read(activation, radius * (c * first + across * further));
            there.iter_mut().zip(found).for_each(|(sum, value)| *sum += share * value);
        }
        for (index, value) in here.into_iter().enumerate() {
            one[index] += weight * value * value;
            two[index] += weight * value * there[index];
        }
    }
    Averages { one, two }
}

/// The same by polynomials.
fn summed(activation: &dyn Activation, rows: usize) -> Averages {
    const MOST: usize = 2048;
    /// Pieces of the half circle, in each of which the last polynomial has two waves.
    const PIECES: usize = MOST / 4;
    /// What the terms left out may add, as a share.
    const EXACT: f64 = 1e-10;
    let n = rows as f64 - 1.0;
    let (radius, c, order) = (n.sqrt(), -1.0 / n, 0.5 * n - 1.0);
    let fine = (1..PIECES).map(|i| -(PI * i as f64 / PIECES as f64).cos());
    let places = coordinate(rows - 1, kinks(activation, radius).into_iter().chain(fine));
    let (mut one, mut values) = ([0.0; 3], Vec::with_capacity(places.len()));
    for &(t, weight) in &places {
        let found = read(activation, radius * t);
        one.iter_mut().zip(found).for_each(|(sum, f)| *sum += weight * f * f);
        values.push(found.map(|f| weight * f));
    }
    // t·pₖ = bₖ₊₁·pₖ₊₁ + bₖ·pₖ₋₁.
    let beside = |k: f64| {
        let of = k * (k + 2.0 * order - 1.0) / (4.0 * (k + order) * (k + order - 1.0));
        if k == 0.0 { 0.0 } else { of.sqrt() }
    };
    let mut polynomials: Vec<[f64; 2]> = vec![[0.0, 1.0]; places.len()];
    let (mut at_c, mut two, mut left) = ([0.0, 1.0], [0.0; 3], one);
    for k in 0..MOST {
        let mut coefficients = [0.0; 3];
        for (f, [_, p]) in values.iter().zip(&polynomials) {
            coefficients.iter_mut().zip(f).for_each(|(sum, f)| *sum += f * p);
        }
        for index in 0..3 {
            let square = coefficients[index] * coefficients[index];
            two[index] += square * at_c[1];
            left[index] -= square;
        }
        let k = k as f64;
        let (before, after) = (beside(k), beside(k + 1.0));
        for (p, (t, _)) in polynomials.iter_mut().zip(&places) {
            *p = [p[1], (t * p[1] - before * p[0]) / after];
        }
        let next = (2.0 * (k + order) * c * at_c[1] - k * at_c[0]) / (k + 2.0 * order);
        at_c = [at_c[1], next];
        let size = at_c[0].abs().max(at_c[1].abs());
        if left.iter().zip(&one).all(|(left, all)| left.abs() * size <= EXACT * all) {
            break;
        }
    }
    Averages { one, two }
}

/// Places and weights for a coordinate t of a uniform unit vector in `dimensions` ≥ 2 dimensions,
/// cut at `kinks`: with t = sin θ its density in θ is that of cosᵐθ, m = `dimensions` − 2.
fn coordinate(dimensions: usize, kinks: impl Iterator<Item = f64>) -> Vec<(f64, f64)> {
    /// Deviations to both sides, and of one piece.
    const REACH: f64 = 10.0;
    const PIECE: f64 = 1.0;
    let power = dimensions as f64 - 2.0;
    let deviation = (dimensions as f64).sqrt().recip();
    let reach = (REACH * deviation).min(FRAC_PI_2);
    let count = (2.0 * reach / (PIECE * deviation).min(0.5)).ceil() as usize;
    let mut cuts: Vec<f64> =
        (0..=count).map(|i| -reach + 2.0 * reach * i as f64 / count as f64).collect();
    cuts.extend(kinks.filter(|t| t.abs() < 1.0).map(f64::asin).filter(|angle| angle.abs() < reach));
    cuts.sort_by(f64::total_cmp);
    // ∫ cosᵐ = √π·Γ((m + 1)/2)/Γ(m/2 + 1).
    let size = PI.sqrt()
        * (libm::lgamma(f64::midpoint(power, 1.0)) - libm::lgamma(0.5 * power + 1.0)).exp();
    let mut places = Vec::new();
    for pair in cuts.windows(2) {
        let (middle, half) = (f64::midpoint(pair[0], pair[1]), 0.5 * (pair[1] - pair[0]));
        for (node, weight) in rule() {
            let angle: f64 = middle + half * node;
            places.push((angle.sin(), half * weight * angle.cos().powf(power) / size));
        }
    }
    places
}

/// What numbers of rows that people use do through `depth` layers of `width` units.
pub fn batch_rows(activation: &dyn Activation, depth: usize, width: usize) -> Vec<BatchRows> {
    const ROWS: [usize; 6] = [4, 8, 16, 32, 64, 256];
    let of = |rows: usize| {
        let gradient_factor = batch_gradient_factor(activation, rows)?;
        let found = batch_variances(activation, rows)?;
        let deviation = |variance: f64| (variance / width as f64).sqrt();
        let all = |variance: f64| deviation(depth as f64 * variance);
        gradient_factor.is_finite().then_some(BatchRows {
            rows,
            gradient_factor,
            log_second_moment_deviation: deviation(found.log_second_moment),
            correlation_deviation: deviation(found.correlation),
            log_gradient_deviation: found.log_gradient.map(all),
        })
    };
    ROWS.into_iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both ways see the same averages: within what the sum of 2048 terms leaves out, most with the
    /// fewest rows, where |Gₖ| falls slowest: of jumps of φ′ at ±1 four rows leave out Σ k^(−5/2), all of one
    /// sign, as their angle is half that of two rows.
    #[test]
    fn sums_and_integrals_over_two_rows_agree() {
        for name in ["tanh", "relu", "hardtanh", "hardswish", "selu"] {
            let activation = fanin_engine::activations::find(name).unwrap();
            for (rows, tolerance) in [(4, 2e-5), (5, 1e-7), (8, 1e-9), (256, 1e-9)] {
                let [sum, integral] = [summed, integrated].map(|by| by(&*activation, rows));
                for index in 0..3 {
                    let scale = integral.one[index];
                    let one = (sum.one[index] / scale - 1.0).abs();
                    assert!(one < 1e-10, "{name}, {rows} rows, {index}: {one}");
                    let two = (sum.two[index] - integral.two[index]).abs() / scale;
                    assert!(two < tolerance, "{name}, {rows} rows, {index}: {two}");
                }
            }
        }
    }
}
