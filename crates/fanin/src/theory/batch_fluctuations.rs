//! How much a whole batch differs over seeds under batch normalization.
//!
//! Key: B rows, N units; y = Wφ(h) before normalization, of one unit in all rows, Σ its covariance over
//! rows; h = y less its mean, over its deviation s; G = 1 − 11ᵀ/B, d = φ′(h), e = h·φ′(h).
//!
//! At the symmetric fixed point Σ = α·1 + β·11ᵀ. What h is does not depend on α and β, so the derivative
//! of Σ′ by them is 0; it commutes with permutations of rows, so what else deviates in Σ never gets
//! into the means of its diagonal and of what is beside it (Schur's lemma). To first order in 1/N these
//! two vary by the units of one layer alone, at any depth, and so does what s is on average. Gradients are
//! multiplied, so that layers add. A unit's mean squares, as deviations of themselves:
//!
//! ```text
//! q      mean of φ² over rows, and the last layer's own y: 2tr Σ²/(tr Σ)²
//! c      o − c·d, means of φφ̃ over pairs and of φ² over rows, and the same of the last y
//! ‖δ‖²   |P·D·v|²/s² less (d − o)/E: v normal with covariance G, P = G − hhᵀ/B, D = diag φ′
//! ```
//!
//! E|PDv|² = T = tr(PDGD) and E|PDv|⁴ = T² + 2tr(GDPDGDPD) given h; s is independent of h, with E s⁻⁴ =
//! (B − 3)/(B − 5)·(E s⁻²)². Four rows meet in these averages, so they are over units that are drawn.
//! What Σ gathers in other directions acts back in the next order, as B·depth/N.

use fanin_engine::activations::Activation;
use fanin_kernels::random::{Stream, fill_normal_f64};

use super::gaussian::Gaussian;

/// Units that averages are over: a variance is then known to 3 %, a deviation to half of that.
const UNITS: usize = 4096;

/// Variances over seeds of a batch under batch normalization, times the number of units, to first
/// order in its inverse.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchVariances {
    /// Of ln q, q the mean square of pre-activations over units and rows before they are normalized.
    pub log_second_moment: f64,
    /// Of the mean over pairs of rows of what two rows have in common, over q.
    pub correlation: f64,
    /// Of ln `‖δ‖²` of all rows, for each layer; `None` below six rows, where it has no finite
    /// variance, and where φ jumps.
    pub log_gradient: Option<f64>,
}

/// The variances of a batch of `rows` through layers without biases, whose pre-activations are
/// normalized; `None` below four rows. Averages are over 4096 units: to about 3 %.
///
/// ```
/// let linear = fanin::engine::activations::find("identity").expect("it is registered");
/// let found = fanin::theory::batch_variances(&*linear, 12).expect("twelve rows are enough");
/// // (4B − 10)/((B − 5)(B − 2)) for linear layers.
/// assert!((found.log_gradient.expect("it is finite") - 38.0 / 70.0).abs() < 1e-9);
/// ```
pub fn batch_variances(activation: &dyn Activation, rows: usize) -> Option<BatchVariances> {
    if rows < 4 {
        return None;
    }
    let has_gradient = rows > 5 && !Gaussian::new(activation).jumps();
    let count = rows as f64;
    let units = units(activation, rows);
    let mean = |of: &dyn Fn(&Unit) -> f64| units.iter().map(of).sum::<f64>() / UNITS as f64;
    let (square, product) = (mean(&|u| u.square), mean(&|u| u.product));
    let correlation = product / square;
    // Σ has the eigenvalue along the ones once, and the other in all other directions.
    let (along, across) = (square + (count - 1.0) * product, square - product);
    let all = square * square;
    let own = 2.0 * ((count - 1.0) * across * across + along * along) / (count * count * all);
    let ones = (1.0 - correlation) * along / count;
    let others = (1.0 / (count - 1.0) + correlation) / count * across;
    let own_correlation = 2.0 * (ones * ones + (count - 1.0) * others * others) / all;
    let apart = |u: &Unit| (u.square - u.product) / across - 1.0;
    let trace = mean(&|u| u.trace);
    let inverse = (count - 3.0) / (count - 5.0);
    let gradient = inverse * mean(&|u| u.fourth) / (trace * trace) - 1.0
        + mean(&|u| apart(u) * (apart(u) - 2.0 * u.trace / trace));
    Some(BatchVariances {
        log_second_moment: mean(&|u| (u.square / square - 1.0).powi(2)) + own,
        correlation: mean(&|u| (u.product - correlation * u.square).powi(2)) / all
            + own_correlation,
        log_gradient: has_gradient.then_some(gradient),
    })
}

/// What one unit adds.
struct Unit {
    /// The mean of φ² over rows.
    square: f64,
    /// The mean of φφ̃ over pairs of rows.
    product: f64,
    /// T.
    trace: f64,
    /// T² + 2tr(GDPDGDPD).
    fourth: f64,
}

/// Units whose h is uniform on the sphere beside the ones, drawn in pairs of h and −h.
fn units(activation: &dyn Activation, rows: usize) -> Vec<Unit> {
    let mut drawn = vec![0.0; UNITS / 2 * rows];
    fill_normal_f64(Stream::new(0, "batches of units"), 0, 0.0, 1.0, &mut drawn);
    let mut units = Vec::with_capacity(UNITS);
    for h in drawn.chunks_exact_mut(rows) {
        let mean = h.iter().sum::<f64>() / rows as f64;
        h.iter_mut().for_each(|x| *x -= mean);
        let deviation = (h.iter().map(|x| x * x).sum::<f64>() / rows as f64).sqrt();
        h.iter_mut().for_each(|x| *x /= deviation);
        units.push(unit(activation, h));
        h.iter_mut().for_each(|x| *x = -*x);
        units.push(unit(activation, h));
    }
    units
}

fn unit(activation: &dyn Activation, h: &[f64]) -> Unit {
    let count = h.len() as f64;
    let (mut value, mut square) = (0.0, 0.0);
    let mut slopes = Vec::with_capacity(h.len());
    for x in h {
        let (f, d) = (activation.at(0, *x), activation.at(1, *x));
        value += f;
        square += f * f;
        slopes.push((d, x * d));
    }
    let sum = |of: &dyn Fn(f64, f64) -> f64| slopes.iter().map(|(d, e)| of(*d, *e)).sum::<f64>();
    let (d, e) = (sum(&|d, _| d), sum(&|_, e| e));
    let (dd, de, ee) = (sum(&|d, _| d * d), sum(&|d, e| d * e), sum(&|_, e| e * e));
    let trace =
        (1.0 - 2.0 / count) * dd + d * d / (count * count) - ee / count + e * e / (count * count);
    // M = DPD = D² − (ddᵀ + eeᵀ)/B: the trace of (GM)² by M, M·1 and 1ᵀM·1.
    let own = sum(&|d, e| d.powi(4) - 2.0 / count * d * d * (d * d + e * e))
        + (dd * dd + 2.0 * de * de + ee * ee) / (count * count);
    let by_ones = |slope: f64, turned: f64| slope * slope - (slope * d + turned * e) / count;
    let flat = sum(&|slope, turned| by_ones(slope, turned).powi(2));
    let both = sum(&by_ones);
    let turned = own - 2.0 * flat / count + (both / count).powi(2);
    Unit {
        square: square / count,
        product: (value * value - square) / (count * (count - 1.0)),
        trace,
        fourth: trace * trace + 2.0 * turned,
    }
}
