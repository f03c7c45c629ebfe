//! The empirical tangent kernel: how far a step on one row moves the output on another.
//!
//! Key: n rows, K outputs, θ all trained parameters, Θ the n × n kernel, λ its eigenvalues.

use fanin_kernels::singular_values::singular_values;
use serde::Serialize;

use super::pass::{ensure_fits, hold_statistics, spaced};
use super::row_gradients::{Of, RowGradients};
use crate::check::probe::Batch;
use crate::error::Result;
use crate::spec::{Loss, Model};
use crate::weights::Weights;

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Rows of the batch, evenly spaced.
    pub rows: usize,
    /// Outputs, evenly spaced, over which the kernel is averaged.
    pub outputs: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { rows: 64, outputs: 16 }
    }
}

/// Θᵢⱼ = mean over outputs f of ∂f(xᵢ)/∂θ · ∂f(xⱼ)/∂θ (Jacot, Gabriel & Hongler 2018).
///
/// At finite width it scatters around its limit by about 1/√width; one start shows one sample.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TangentKernel {
    /// n.
    pub rows: usize,
    /// Outputs averaged over.
    pub outputs: usize,
    /// Σ λ / n: what a step moves the output of the row that it is taken on.
    pub mean_diagonal: f64,
    /// Mean of Θᵢⱼ over pairs of different rows; NaN for one row.
    pub mean_off_diagonal: f64,
    /// Largest λ: times the learning rate it must stay below 2 for squared error.
    pub largest: f64,
    /// Smallest λ; below 10⁻⁶ of the largest it is rounding.
    pub smallest: f64,
    /// Largest over smallest λ: how much longer the slowest direction takes than the fastest.
    pub condition: f64,
    /// (Σ λ)² / Σ λ²: directions that are learned at about the same speed, from 1 to n.
    pub participation_ratio: f64,
    /// Whether statistics of batch normalization were held at the batch's own.
    pub statistics_held: bool,
}

/// Measures the tangent kernel of `model` with `weights` on rows of `batch`.
///
/// Memory grows with rows and widths, not with the number of parameters.
///
/// # Errors
/// If the weights or the batch do not fit the model.
pub fn measure(
    model: &Model,
    loss: &Loss,
    weights: &Weights,
    batch: Batch<'_>,
    options: &Options,
) -> Result<TangentKernel> {
    ensure_fits(model, batch)?;
    let (held, statistics_held) = hold_statistics(model, loss, weights, batch)?;
    let (width, outputs) = (model.inputs(), model.outputs());
    let rows: Vec<usize> = spaced(batch.rows, options.rows).collect();
    let pick = |all: &[f32], width: usize| -> Vec<f32> {
        rows.iter().flat_map(|row| &all[row * width..(row + 1) * width]).copied().collect()
    };
    let (features, targets) = (pick(batch.features, width), pick(batch.targets, outputs));
    let some = Batch { rows: rows.len(), features: &features, targets: &targets };
    let mut gradients = RowGradients::new(model, loss, &held, some)?;
    Ok(of(&mut gradients, model.outputs(), options.outputs, statistics_held))
}

/// The tangent kernel on the rows of `gradients`, of a network with so many outputs, averaged over
/// `most` of them.
pub(in crate::check) fn of(
    gradients: &mut RowGradients<'_>,
    outputs: usize,
    most: usize,
    statistics_held: bool,
) -> TangentKernel {
    let n = gradients.rows();
    let kernel = kernel(gradients, outputs, most);
    let values = singular_values(&kernel, n, n);
    let trace: f64 = (0..n).map(|i| kernel[i * n + i]).sum();
    let all: f64 = kernel.iter().sum();
    let sum: f64 = values.iter().sum();
    let squares: f64 = values.iter().map(|x| x * x).sum();
    TangentKernel {
        rows: n,
        outputs: most.clamp(1, outputs),
        mean_diagonal: trace / n as f64,
        mean_off_diagonal: (all - trace) / (n * (n - 1)) as f64,
        largest: values[0],
        smallest: values[n - 1],
        condition: values[0] / values[n - 1],
        participation_ratio: sum * sum / squares,
        statistics_held,
    }
}

/// Θ, row-major.
fn kernel(gradients: &mut RowGradients<'_>, outputs: usize, most: usize) -> Vec<f64> {
    let mut kernel = vec![0.0; gradients.rows() * gradients.rows()];
    let chosen = spaced(outputs, most);
    let share = 1.0 / chosen.size_hint().0 as f64;
    for output in chosen {
        for tensor in gradients.of(Of::Output(output)) {
            kernel.iter_mut().zip(tensor.gram()).for_each(|(sum, g)| *sum += share * g);
        }
    }
    kernel
}

#[cfg(test)]
mod tests;
