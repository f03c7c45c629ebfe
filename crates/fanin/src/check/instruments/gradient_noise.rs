//! How much of a batch's gradient is signal, and how large a batch would show it.
//!
//! Key: B parts of the batch, r rows in each (1, unless batch normalization ties rows together),
//! gᵢ gradient of part i, ḡ their mean, E g the gradient over all data, Σ covariance of the
//! gradients of single rows, G the Gram matrix gᵢ·gⱼ.

use serde::Serialize;

use super::pass::{ensure_fits, part};
use super::row_gradients::{Of, RowGradients, TensorGradients, of_groups};
use crate::check::probe::Batch;
use crate::error::Result;
use crate::spec::{Loss, Mode, Model, Network};
use crate::weights::Weights;

/// Rows used at most, where rows do not touch each other.
pub const MOST_ROWS: usize = 128;

/// Parts that a batch is cut into at most, where batch normalization ties its rows together.
const MOST_GROUPS: usize = 16;

/// Gradients that all parts may hold together, in numbers: half a gigabyte.
const MOST_NUMBERS: usize = 1 << 26;

/// Parts below which the mean of the null distribution of signal to noise does not exist.
const FEWEST_PARTS: usize = 6;

/// Variance, relative to the mean square, below which an element's gradients are equal.
const EQUAL: f64 = 1e-10;

/// Signal and noise in the gradient of one parameter tensor, or of all.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TensorNoise {
    /// The parameter's name; empty for all together.
    pub name: String,
    /// Elements.
    pub elements: usize,
    /// Mean over the elements of ḡ² over the variance of gᵢ (both over the parts): GSNR. 0 where
    /// no element has noise.
    pub signal_to_noise: f64,
    /// Standard error of `signal_to_noise` if there is no signal and elements are independent;
    /// they are not quite, so it is a lower bound.
    pub null_error: f64,
    /// Share of the elements whose gradient is the same, most often 0, in all parts; they are
    /// left out of `signal_to_noise`.
    pub noiseless_share: f64,
    /// Unbiased estimate of ‖E g‖²; negative where there is more noise than signal.
    pub squared_norm: f64,
    /// Standard error of `squared_norm`, by the jackknife over parts.
    pub squared_norm_error: f64,
    /// Unbiased estimate of tr Σ.
    pub noise: f64,
    /// tr Σ / ‖E g‖²: the batch in which signal and noise are equal (McCandlish et al. 2018).
    /// `None` where no signal is seen.
    pub noise_scale: Option<f64>,
    /// Cosine of the angle between the gradients of the even and of the odd parts; NaN where one
    /// is 0.
    pub half_cosine: f64,
}

/// Signal and noise in the gradient at the starting weights.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GradientNoise {
    /// B.
    pub parts: usize,
    /// r: 1, or the size of the groups whose batch statistics the gradients use.
    pub rows_per_part: usize,
    /// 1/(B − 3): what `signal_to_noise` is on average where there is no signal.
    pub null: f64,
    /// One parameter tensor each.
    pub tensors: Vec<TensorNoise>,
    /// All parameters together.
    pub total: TensorNoise,
}

/// Measures signal and noise in the gradients of the rows of `batch`, 128 of them at most; with
/// batch normalization in 16 groups of its rows at most.
///
/// `None` with fewer than 6 parts: nothing could be said of the noise.
///
/// # Errors
/// If the weights or the batch do not fit the model.
pub fn measure(
    model: &Model,
    loss: &Loss,
    weights: &Weights,
    batch: Batch<'_>,
) -> Result<Option<GradientNoise>> {
    ensure_fits(model, batch)?;
    let coupled = !Network::new(model, loss, batch.rows, Mode::Probe)?.running.is_empty();
    let (parts, rows_per_part) = if coupled {
        let fitting = MOST_NUMBERS / weights.elements().max(1);
        // A group of one row has no statistics.
        let parts = MOST_GROUPS.min(fitting).min(batch.rows / 2);
        (parts, batch.rows / parts.max(1))
    } else {
        (batch.rows.min(MOST_ROWS), 1)
    };
    if parts < FEWEST_PARTS {
        return Ok(None);
    }
    if !coupled {
        return Ok(of_rows(&mut RowGradients::new(model, loss, weights, part(batch, 0, parts))?));
    }
    let batch = part(batch, 0, parts * rows_per_part);
    Ok(Some(of(&of_groups(model, loss, weights, batch, rows_per_part)?, parts, rows_per_part)))
}

/// Signal and noise in the gradients of rows that do not touch each other; `None` with fewer than
/// 6 of them.
pub(in crate::check) fn of_rows(gradients: &mut RowGradients<'_>) -> Option<GradientNoise> {
    let rows = gradients.rows();
    (rows >= FEWEST_PARTS).then(|| of(&gradients.of(Of::Loss), rows, 1))
}

fn of(tensors: &[TensorGradients], parts: usize, rows_per_part: usize) -> GradientNoise {
    let null = 1.0 / (parts - 3) as f64;
    let all: Vec<Sample> = tensors.iter().map(|tensor| Sample::of(tensor, parts)).collect();
    let total = all.iter().fold(Sample::empty(parts), Sample::joined);
    let noise = |sample: &Sample, name: &str| sample.noise(name, parts, rows_per_part);
    let named = all.iter().zip(tensors).map(|(sample, tensor)| noise(sample, &tensor.name));
    GradientNoise { parts, rows_per_part, null, tensors: named.collect(), total: noise(&total, "") }
}

/// What is summed over the elements of a tensor.
struct Sample {
    elements: usize,
    noisy: usize,
    ratios: f64,
    gram: Vec<f64>,
}

impl Sample {
    fn empty(parts: usize) -> Self {
        Self { elements: 0, noisy: 0, ratios: 0.0, gram: vec![0.0; parts * parts] }
    }

    fn of(tensor: &TensorGradients, parts: usize) -> Self {
        let gram = tensor.gram();
        let mut sample = Self { elements: tensor.elements, gram, ..Self::empty(parts) };
        tensor.moments(|element| {
            let square = element.mean * element.mean;
            let variance = element.mean_square - square;
            if variance > EQUAL * element.mean_square {
                sample.noisy += 1;
                sample.ratios += square / variance;
            }
        });
        sample
    }

    fn joined(mut self, other: &Self) -> Self {
        self.elements += other.elements;
        self.noisy += other.noisy;
        self.ratios += other.ratios;
        self.gram.iter_mut().zip(&other.gram).for_each(|(sum, g)| *sum += g);
        self
    }

    fn noise(&self, name: &str, parts: usize, rows_per_part: usize) -> TensorNoise {
        let noisy = self.noisy.max(1) as f64;
        let (squared_norm, squared_norm_error) = squared_norm(&self.gram, parts);
        let noise = rows_per_part as f64 * part_noise(&self.gram, parts);
        TensorNoise {
            name: name.to_owned(),
            elements: self.elements,
            signal_to_noise: self.ratios / noisy,
            null_error: (null_variance(parts) / noisy).sqrt(),
            noiseless_share: 1.0 - self.noisy as f64 / self.elements.max(1) as f64,
            squared_norm,
            squared_norm_error,
            noise,
            noise_scale: (squared_norm > 0.0).then(|| noise / squared_norm),
            half_cosine: half_cosine(&self.gram, parts),
        }
    }
}

/// Variance of ḡ²/variance where there is no signal: it is F/(B − 1) with F of 1 and B − 1
/// degrees of freedom.
fn null_variance(parts: usize) -> f64 {
    let d = (parts - 1) as f64;
    2.0 * (d - 1.0) / ((d - 2.0).powi(2) * (d - 4.0))
}

/// Sums over G: of its diagonal, of all.
fn sums(gram: &[f64], parts: usize) -> (f64, f64) {
    ((0..parts).map(|i| gram[i * parts + i]).sum(), gram.iter().sum())
}

/// tr of the covariance of the parts: (Σ ‖gᵢ‖² − B‖ḡ‖²)/(B − 1).
fn part_noise(gram: &[f64], parts: usize) -> f64 {
    let (diagonal, all) = sums(gram, parts);
    (diagonal - all / parts as f64) / (parts - 1) as f64
}

/// ‖E g‖² as the mean of gᵢ·gⱼ over pairs of different parts, with its jackknife error.
fn squared_norm(gram: &[f64], parts: usize) -> (f64, f64) {
    let b = parts as f64;
    let (diagonal, all) = sums(gram, parts);
    let without = |i: usize| {
        let (own, row) = (gram[i * parts + i], gram[i * parts..(i + 1) * parts].iter());
        let pairs = all - diagonal - 2.0 * (row.sum::<f64>() - own);
        pairs / ((b - 1.0) * (b - 2.0))
    };
    let estimates: Vec<f64> = (0..parts).map(without).collect();
    let mean = estimates.iter().sum::<f64>() / b;
    let scatter: f64 = estimates.iter().map(|x| (x - mean).powi(2)).sum();
    ((all - diagonal) / (b * (b - 1.0)), (scatter * (b - 1.0) / b).sqrt())
}

fn half_cosine(gram: &[f64], parts: usize) -> f64 {
    let product = |a: usize, b: usize| -> f64 {
        let rows = (a..parts).step_by(2);
        rows.map(|i| (b..parts).step_by(2).map(|j| gram[i * parts + j]).sum::<f64>()).sum()
    };
    product(0, 1) / (product(0, 0) * product(1, 1)).sqrt()
}

#[cfg(test)]
mod tests;
