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

use std::f64::consts::{FRAC_PI_2, PI};

use fanin_engine::activations::Activation;
use serde::Serialize;

use super::quadrature::rule;

/// What batch normalization over some rows does to gradients.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct BatchRows {
    /// Rows of a batch.
    pub rows: usize,
    /// The factor on E‖δ‖² per layer.
    pub gradient_factor: f64,
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
    let radius = n.sqrt();
    let (c, rest) = (-1.0 / n, (1.0 - 1.0 / (n * n)).sqrt());
    let kinks: Vec<f64> = activation.kinks().iter().map(|kink| kink / radius).collect();
    // Where the kinks of the second row leave the circle that the first row lets it.
    let tangent = |kink: &f64| {
        let away = rest * (1.0 - kink * kink).sqrt();
        [c * kink - away, c * kink + away]
    };
    let outer = kinks.iter().copied().chain(kinks.iter().flat_map(tangent));
    let read = |x: f64| {
        let slope = activation.at(1, x);
        [activation.at(0, x), slope, x * slope]
    };
    let (mut one, mut two) = ([0.0; 3], [0.0; 3]);
    for (first, weight) in coordinate(rows - 1, outer) {
        let across = rest * (1.0 - first * first).sqrt();
        let here = read(radius * first);
        let mut there = [0.0; 3];
        let inner = kinks.iter().map(|kink| (kink - c * first) / across);
        for (further, share) in coordinate(rows - 2, inner) {
            let found = read(radius * (c * first + across * further));
            there.iter_mut().zip(found).for_each(|(sum, value)| *sum += share * value);
        }
        for (index, value) in here.into_iter().enumerate() {
            one[index] += weight * value * value;
            two[index] += weight * value * there[index];
        }
    }
    let [value, slope, turned] = one;
    let [values, slopes, both_turned] = two;
    let left =
        (count - 2.0) * slope - turned + (slope + n * slopes + turned + n * both_turned) / count;
    Some(count * left / ((value - values) * (count - 3.0) * n))
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

/// What numbers of rows that people use do; nothing for an activation of very many kinks, as the time
/// grows with their square.
pub fn batch_rows(activation: &dyn Activation) -> Vec<BatchRows> {
    const MOST_KINKS: usize = 32;
    const ROWS: [usize; 6] = [4, 8, 16, 32, 64, 256];
    if activation.kinks().len() > MOST_KINKS {
        return Vec::new();
    }
    let of = |rows: usize| {
        let gradient_factor = batch_gradient_factor(activation, rows)?;
        gradient_factor.is_finite().then_some(BatchRows { rows, gradient_factor })
    };
    ROWS.into_iter().filter_map(of).collect()
}
