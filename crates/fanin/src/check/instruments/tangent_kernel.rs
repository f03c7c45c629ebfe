//! The empirical tangent kernel: how far a step on one row moves the output on another.
//!
//! Where batch normalization ties rows together, every output depends on every row of the batch, and
//! so does the kernel: it is that of the batch's outputs as one function, statistics included.
//!
//! Key: n rows, K outputs, θ all trained parameters, Θ the n × n kernel, λ its eigenvalues.

use fanin_kernels::random::{Stream, fill_normal};
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
    /// Outputs over which the kernel is averaged: all where there are no more; else so many of
    /// their sums with random signs.
    pub outputs: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { rows: 64, outputs: 16 }
    }
}

/// Θᵢⱼ = mean over all outputs f of ∂fᵢ/∂θ · ∂fⱼ/∂θ (Jacot, Gabriel & Hongler 2018), fᵢ the output
/// of row i: the trace over outputs of the kernel of all of them, over K.
///
/// Of more outputs than are asked for it is estimated: with signs s of mean 0, the kernel of
/// Σ s·f/√K is Θ on average. At finite width Θ scatters around its limit by about 1/√width; one
/// start shows one sample.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TangentKernel {
    /// n.
    pub rows: usize,
    /// Outputs averaged over: all K of them, or sums of all with random signs.
    pub outputs: usize,
    /// Whether Θ is known, not estimated.
    pub exact: bool,
    /// Σ λ / n: what a step moves the output of the row that it is taken on.
    pub mean_diagonal: f64,
    /// Standard error of `mean_diagonal` by the jackknife over the sums; 0 where Θ is known, NaN
    /// with one sum.
    pub mean_diagonal_error: f64,
    /// Mean of Θᵢⱼ over pairs of different rows; NaN for one row.
    pub mean_off_diagonal: f64,
    /// Largest λ: times the learning rate it must stay below 2 for squared error.
    pub largest: f64,
    /// Smallest λ; below 10⁻⁶ of the largest it is rounding.
    pub smallest: f64,
    /// Largest over smallest λ: how much longer the slowest direction takes than the fastest.
    pub condition: f64,
    /// Standard error of `condition`, as that of `mean_diagonal`.
    pub condition_error: f64,
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

/// Gradients of outputs at every row.
pub(in crate::check) trait OfOutputs {
    /// Whether the output of a row depends on other rows.
    const JOINT: bool;

    /// n.
    fn rows(&self) -> usize;

    /// Of the sum of a row's outputs, each times its number; of every parameter tensor.
    fn of_outputs(&mut self, factors: &[f32]) -> Vec<TensorGradients>;
}

impl OfOutputs for RowGradients<'_> {
    const JOINT: bool = false;

    fn rows(&self) -> usize {
        self.rows()
    }

    fn of_outputs(&mut self, factors: &[f32]) -> Vec<TensorGradients> {
        self.of(Of::Outputs(factors))
    }
}

impl<T: Number> OfOutputs for JointGradients<T> {
    const JOINT: bool = true;

    fn rows(&self) -> usize {
        self.rows()
    }

    fn of_outputs(&mut self, factors: &[f32]) -> Vec<TensorGradients> {
        self.of(factors)
    }
}

/// The tangent kernel on the rows of `gradients`, of a network with so many outputs: exact where
/// there are no more than `most`, else by so many random sums of them.
pub(in crate::check) fn of<G: OfOutputs>(
    gradients: &mut G,
    outputs: usize,
    most: usize,
) -> TangentKernel {
    let n = gradients.rows();
    let exact = outputs <= most.max(1);
    let kernels = kernels(gradients, outputs, most);
    let kernel = mean(&kernels);
    let values = singular_values(&kernel, n, n);
    let trace: f64 = (0..n).map(|i| kernel[i * n + i]).sum();
    let all: f64 = kernel.iter().sum();
    let sum: f64 = values.iter().sum();
    let squares: f64 = values.iter().map(|x| x * x).sum();
    let [mean_diagonal_error, condition_error] = if exact { [0.0; 2] } else { errors(&kernels, n) };
    TangentKernel {
        rows: n,
        outputs: kernels.len(),
        exact,
        mean_diagonal: trace / n as f64,
        mean_diagonal_error,
        mean_off_diagonal: (all - trace) / (n * (n - 1)) as f64,
        largest: values[0],
        smallest: values[n - 1],
        condition: values[0] / values[n - 1],
        condition_error,
        participation_ratio: sum * sum / squares,
        joint: G::JOINT,
    }
}

/// Kernels whose mean is Θ, row-major: of each output, or of each of `most` sums.
fn kernels(gradients: &mut impl OfOutputs, outputs: usize, most: usize) -> Vec<Vec<f64>> {
    let elements = gradients.rows() * gradients.rows();
    let (factors, share) = factors(outputs, most);
    let mut kernel = |factors: &Vec<f32>| {
        let mut kernel = vec![0.0; elements];
        for tensor in gradients.of_outputs(factors) {
            kernel.iter_mut().zip(tensor.gram()).for_each(|(sum, g)| *sum += share * g);
        }
        kernel
    };
    factors.iter().map(&mut kernel).collect()
}

/// What outputs are multiplied by, and then the kernel: each by 1 in its turn, or all by random
/// signs.
fn factors(outputs: usize, most: usize) -> (Vec<Vec<f32>>, f64) {
    if outputs <= most.max(1) {
        let unit = |output: usize| (0..outputs).map(|k| f32::from(u8::from(k == output))).collect();
        return ((0..outputs).map(unit).collect(), 1.0);
    }
    let stream = Stream::new(0, "tangent kernel");
    let signs = |sum: usize| {
        let mut signs = vec![0.0; outputs];
        fill_normal(stream.numbered(sum as u64), 0, 0.0, 1.0, &mut signs);
        signs.iter_mut().for_each(|s: &mut f32| *s = s.signum());
        signs
    };
    ((0..most.max(1)).map(signs).collect(), 1.0 / outputs as f64)
}

fn mean(kernels: &[Vec<f64>]) -> Vec<f64> {
    let share = 1.0 / kernels.len() as f64;
    let elements = 0..kernels[0].len();
    elements.map(|i| share * kernels.iter().map(|kernel| kernel[i]).sum::<f64>()).collect()
}

/// Standard errors of the mean of the diagonal and of the condition, by leaving out one sum after
/// the other.
fn errors(kernels: &[Vec<f64>], n: usize) -> [f64; 2] {
    let sums = kernels.len();
    if sums < 2 {
        return [f64::NAN; 2];
    }
    let all = mean(kernels);
    let without = |left: &Vec<f64>| {
        let pairs = all.iter().zip(left);
        let rest: Vec<f64> =
            pairs.map(|(mean, own)| (sums as f64 * mean - own) / (sums - 1) as f64).collect();
        let values = singular_values(&rest, n, n);
        let trace: f64 = (0..n).map(|i| rest[i * n + i]).sum();
        [trace / n as f64, values[0] / values[n - 1]]
    };
    let estimates: Vec<[f64; 2]> = kernels.iter().map(without).collect();
    [0, 1].map(|which| {
        let mean = estimates.iter().map(|e| e[which]).sum::<f64>() / sums as f64;
        let scatter: f64 = estimates.iter().map(|e| (e[which] - mean).powi(2)).sum();
        (scatter * (sums - 1) as f64 / sums as f64).sqrt()
    })
}

#[cfg(test)]
mod tests;
