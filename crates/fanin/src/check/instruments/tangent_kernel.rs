//! The empirical tangent kernel: how far a step on one row moves the output on another.
//!
//! Where batch normalization ties rows together, every output depends on every row of the batch, and
//! so does the kernel: it is that of the batch's outputs as one function, statistics included.
//!
//! Key: n rows, K outputs, θ all trained parameters, Θ the n × n kernel, λ its eigenvalues.

use fanin_kernels::singular_values::singular_values;
use serde::Serialize;

use super::joint_gradients::JointGradients;
use super::pass::{Number, ensure_fits, spaced};
use super::row_gradients::{Of, RowGradients, TensorGradients};
use crate::check::probe::Batch;
use crate::error::Result;
use crate::spec::{Loss, Mode, Model, Network};
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

/// Θᵢⱼ = mean over outputs f of ∂fᵢ/∂θ · ∂fⱼ/∂θ (Jacot, Gabriel & Hongler 2018), fᵢ the output of
/// row i.
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
    /// Whether rows were taken together, as batch normalization ties them: fᵢ then depends on all
    /// n rows through their statistics, and the derivative through these is in Θ.
    pub joint: bool,
}

/// Measures the tangent kernel of `model` with `weights` on rows of `batch`.
///
/// Memory grows with rows and widths, not with the number of parameters; with batch normalization
/// with rows times parameters, and there are fewer rows where that passes half a gigabyte.
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
    let joint = !Network::new(model, loss, 1, Mode::Probe)?.running.is_empty();
    let most = if joint { options.rows.min(most_rows(weights)) } else { options.rows };
    let (width, outputs) = (model.inputs(), model.outputs());
    let rows: Vec<usize> = spaced(batch.rows, most).collect();
    let pick = |all: &[f32], width: usize| -> Vec<f32> {
        rows.iter().flat_map(|row| &all[row * width..(row + 1) * width]).copied().collect()
    };
    let (features, targets) = (pick(batch.features, width), pick(batch.targets, outputs));
    let some = Batch { rows: rows.len(), features: &features, targets: &targets };
    let outputs = options.outputs;
    if joint {
        let mut gradients = JointGradients::<f32>::new(model, loss, weights, some)?;
        return Ok(of(&mut gradients, model.outputs(), outputs));
    }
    Ok(of(&mut RowGradients::new(model, loss, weights, some)?, model.outputs(), outputs))
}

/// Gradients that all rows may hold together where rows are tied, in numbers.
const MOST_NUMBERS: usize = 1 << 26;

/// Rows at most where each has a whole gradient.
pub(in crate::check) fn most_rows(weights: &Weights) -> usize {
    (MOST_NUMBERS / weights.elements().max(1)).max(2)
}

/// Gradients of one output at every row.
pub(in crate::check) trait OfOutput {
    /// Whether the output of a row depends on other rows.
    const JOINT: bool;

    /// n.
    fn rows(&self) -> usize;

    /// Of every parameter tensor.
    fn of_output(&mut self, output: usize) -> Vec<TensorGradients>;
}

impl OfOutput for RowGradients<'_> {
    const JOINT: bool = false;

    fn rows(&self) -> usize {
        self.rows()
    }

    fn of_output(&mut self, output: usize) -> Vec<TensorGradients> {
        self.of(Of::Output(output))
    }
}

impl<T: Number> OfOutput for JointGradients<T> {
    const JOINT: bool = true;

    fn rows(&self) -> usize {
        self.rows()
    }

    fn of_output(&mut self, output: usize) -> Vec<TensorGradients> {
        self.of(output)
    }
}

/// The tangent kernel on the rows of `gradients`, of a network with so many outputs, averaged over
/// `most` of them.
pub(in crate::check) fn of<G: OfOutput>(
    gradients: &mut G,
    outputs: usize,
    most: usize,
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
        joint: G::JOINT,
    }
}

/// Θ, row-major.
fn kernel(gradients: &mut impl OfOutput, outputs: usize, most: usize) -> Vec<f64> {
    let mut kernel = vec![0.0; gradients.rows() * gradients.rows()];
    let chosen = spaced(outputs, most);
    let share = 1.0 / chosen.size_hint().0 as f64;
    for output in chosen {
        for tensor in gradients.of_output(output) {
            kernel.iter_mut().zip(tensor.gram()).for_each(|(sum, g)| *sum += share * g);
        }
    }
    kernel
}

#[cfg(test)]
mod tests;
