//! Weights of nothing but zeros, ones and the signs of a Hadamard matrix.
//!
//! Key: the Hadamard matrix H of size 2ᵏ has the entries (−1)^{ones in the binary i AND j}.

use super::dirac::convolutions;
use crate::error::Result;
use crate::init::blocks::{blocks, central_tap};
use crate::init::scheme::{Argument, Facts, Scheme, without_argument};
use crate::init::{Distribution, Matrix, Parameter, Request};

/// The identity where a layer narrows, a piece of a Hadamard matrix where it widens.
#[derive(Clone, Debug)]
pub struct Zero;

const FACTS: Facts = Facts {
    name: "zero-hadamard",
    aliases: &[],
    example: "zero-hadamard",
    argument: "",
    needs: "",
    formula: "e ≤ d: W[i][i] = 1; e > d: W[i][j] = ±2^{−k/2}, signs of H, k = ⌈log₂ e⌉; at k//2",
    source: "ZerO: Zhao, Schäfer & Anandkumar 2022, arXiv 2110.12661; the factor is its code's",
    when: "residual networks that should start the same for every seed",
    avoid: "networks without shortcuts that narrow early: what the identity drops is lost",
};

/// What a group of a layer is filled with.
struct Pattern {
    matrix: Matrix,
    tap: usize,
    outputs: usize,
    inputs: usize,
    is_hadamard: bool,
}

impl Pattern {
    fn of(parameter: &Parameter) -> Result<Self> {
        let matrix = Matrix::of(parameter)?;
        let block = blocks(parameter, &matrix)?.swap_remove(0);
        let (outputs, inputs) = (block.rows.len(), block.inputs.len());
        let tap = central_tap(parameter, |size| size / 2);
        Ok(Self { matrix, tap, outputs, inputs, is_hadamard: outputs > inputs })
    }

    /// 2^{−k/2}: the entries of a Hadamard matrix that is orthogonal.
    fn entry(&self) -> f64 {
        1.0 / (self.outputs.next_power_of_two() as f64).sqrt()
    }

    /// The weight between an output and an input of one group.
    fn at(&self, output: usize, input: usize) -> f64 {
        if self.is_hadamard {
            return f64::from(sign(output, input)) * self.entry();
        }
        f64::from(u8::from(output == input))
    }
}

impl Scheme for Zero {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn with_argument(&self, argument: Option<&str>) -> Argument {
        without_argument(argument, self.clone())
    }

    /// Row 0 and column 0 of H are positive and all others sum to about 0, so the mean of the
    /// entries is summed.
    fn distribution(&self, parameter: &Parameter) -> Result<Distribution> {
        let pattern = Pattern::of(parameter)?;
        let places = (pattern.outputs * pattern.inputs * pattern.matrix.taps) as f64;
        let (sum, squares) = if pattern.is_hadamard {
            let entries = (pattern.outputs * pattern.inputs) as f64;
            let signs = sum_of_signs(pattern.outputs, pattern.inputs);
            (signs * pattern.entry(), entries * pattern.entry() * pattern.entry())
        } else {
            (pattern.outputs as f64, pattern.outputs as f64)
        };
        let mean = sum / places;
        let deviation = (squares / places - mean * mean).max(0.0).sqrt();
        Ok(Distribution::Joint { mean, deviation })
    }

    fn is_whole(&self) -> bool {
        true
    }

    fn is_random(&self, _parameter: &Parameter) -> bool {
        false
    }

    fn fill(&self, request: &Request<'_>, _start: u64, out: &mut [f32]) -> Result<()> {
        let parameter = request.parameter;
        let pattern = Pattern::of(parameter)?;
        let matrix = &pattern.matrix;
        out.fill(0.0);
        for block in blocks(parameter, matrix)? {
            for (output, row) in block.rows.enumerate() {
                for (input, channel) in block.inputs.clone().enumerate() {
                    let column = channel * matrix.taps + pattern.tap;
                    out[matrix.index(row, column)] = pattern.at(output, input) as f32;
                }
            }
        }
        Ok(())
    }

    fn samples(&self) -> Vec<Parameter> {
        let mut samples = convolutions();
        samples.push(Parameter::linear("5.weight", 200, 300));
        samples.push(Parameter::linear("6.weight", 300, 200));
        samples
    }
}

/// (−1)^{ones in i AND j}.
fn sign(i: usize, j: usize) -> i8 {
    if (i & j).count_ones().is_multiple_of(2) { 1 } else { -1 }
}

/// The sum of (−1)^{ones in i AND j} over i < `rows`, j < `columns`.
///
/// Summed over j < 2ᵐ a row gives 2ᵐ if its last m bits are 0, and 0 otherwise; so a row's sum
/// falls into one such run for each bit of `columns`.
fn sum_of_signs(rows: usize, columns: usize) -> f64 {
    let bits: Vec<u32> = (0..usize::BITS).rev().filter(|bit| columns >> bit & 1 == 1).collect();
    let row_sum = |row: usize| {
        let mut start = 0_usize;
        let mut sum = 0_i64;
        for bit in &bits {
            let length = 1_usize << bit;
            if row.is_multiple_of(length) {
                sum += i64::from(sign(row, start)) * length as i64;
            }
            start += length;
        }
        sum
    };
    (0..rows).map(row_sum).sum::<i64>() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::{Source, Values};

    fn values(rows: usize, columns: usize) -> Vec<f32> {
        let weight = Parameter::linear("w", rows, columns);
        Values::new(&weight, Source::Scheme(&Zero), 1).into_all().unwrap()
    }

    /// Rows 0 to 2 of the Hadamard matrix of size 4, cut to two columns and divided by 2.
    #[test]
    fn widening_layers_get_signs_and_others_the_identity() {
        assert_eq!(values(3, 2), [0.5, 0.5, 0.5, -0.5, 0.5, 0.5]);
        assert_eq!(values(2, 3), [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
    }

    /// Columns of H/2^{k/2} are orthonormal if all 2ᵏ rows are there.
    #[test]
    fn columns_of_a_widening_layer_are_orthonormal() {
        let (rows, columns) = (64, 40);
        let w = values(rows, columns);
        for (i, j) in (0..columns).flat_map(|i| (0..columns).map(move |j| (i, j))) {
            let product: f32 = (0..rows).map(|k| w[k * columns + i] * w[k * columns + j]).sum();
            assert!((product - f32::from(u8::from(i == j))).abs() < 1e-6, "{i} {j}: {product}");
        }
    }

    #[test]
    fn signs_are_summed_as_one_by_one() {
        for (rows, columns) in [(1, 1), (3, 2), (5, 4), (13, 7), (64, 33), (100, 96)] {
            let pairs = (0..rows).flat_map(|i| (0..columns).map(move |j| (i, j)));
            let sum: f64 = pairs.map(|(i, j)| f64::from(sign(i, j))).sum();
            assert_eq!(sum_of_signs(rows, columns), sum, "{rows}×{columns}");
        }
    }
}
