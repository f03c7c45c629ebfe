//! Orthogonal matrices, uniform over all of them.
//!
//! Key: the m × n matrix Q has orthonormal columns, m ≥ n; it is kept column by column.

use std::f64::consts::SQRT_2;

use fanin_kernels::random::{Stream, fill_normal_f64};
use fanin_kernels::threads::{ELEMENTWISE_CHUNK, for_each_chunk};

use crate::error::Result;
use crate::init::scheme::{Argument, Facts, Scheme};
use crate::init::{Distribution, Gain, Matrix, Parameter, Request};

/// Gain times a random matrix with orthonormal rows or columns, whichever are fewer.
#[derive(Clone, Debug)]
pub struct Orthogonal {
    /// Factor on the orthogonal matrix.
    pub gain: Gain,
}

/// √2: orthogonal weights serve deep relu networks most, and relu halves the signal.
pub const DEFAULT_GAIN: Gain = Gain::Fixed(SQRT_2);

const FACTS: Facts = Facts {
    name: "orthogonal",
    aliases: &["semi-orthogonal"],
    example: "orthogonal:1.0",
    argument: "[GAIN], a number, `exact`, `torch`, `std` or `a=SLOPE`; √2 if none",
    needs: "",
    formula: "W = g·Q, Q uniform over matrices with QQᵀ = 1 or QᵀQ = 1; W as (out, rest)",
    source: "Saxe et al. 2014; sign rule of Mezzadri 2007",
    when: "very deep and recurrent networks: no direction grows or fades (gain 1 for tanh)",
    avoid: "layers much wider than their input, where the signal shrinks by √(d/e); a flattened \
            convolution is no orthogonal operator, which delta-orthogonal is",
};

impl Scheme for Orthogonal {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn label(&self) -> String {
        if self.gain == DEFAULT_GAIN {
            return FACTS.name.to_owned();
        }
        format!("{}:{}", FACTS.name, self.gain)
    }

    fn with_argument(&self, argument: Option<&str>) -> Argument {
        let gain = argument.map_or(Ok(DEFAULT_GAIN), Gain::parse)?;
        Ok(Box::new(Self { gain }))
    }

    fn distribution(&self, parameter: &Parameter) -> Result<Distribution> {
        let matrix = Matrix::of(parameter)?;
        let longer = matrix.rows.max(matrix.columns) as f64;
        Ok(Distribution::joint(self.gain.value(parameter)? / longer.sqrt()))
    }

    fn gain(&self, parameter: &Parameter) -> Result<Option<f64>> {
        self.gain.value(parameter).map(Some)
    }

    fn is_whole(&self) -> bool {
        true
    }

    fn fill(&self, request: &Request<'_>, _start: u64, out: &mut [f32]) -> Result<()> {
        let matrix = Matrix::of(request.parameter)?;
        let gain = self.gain.value(request.parameter)?;
        let mut q = request.parameter.filled(0.0)?;
        fill_orthogonal(request.stream(), matrix.rows, matrix.columns, gain, &mut q);
        matrix.fill(out, |row, column| q[row * matrix.columns + column]);
        Ok(())
    }
}

/// Fills `out`, a matrix in row-major order, with `gain` times a random matrix with orthonormal
/// rows or columns, whichever are fewer.
pub(super) fn fill_orthogonal(
    stream: Stream,
    rows: usize,
    columns: usize,
    gain: f64,
    out: &mut [f32],
) {
    let m = rows.max(columns);
    let mut q = vec![0.0; rows * columns];
    orthonormal_columns(stream, m, &mut q);
    let is_wide = rows < columns;
    for (index, out) in out.iter_mut().enumerate() {
        let (i, j) = (index / columns, index % columns);
        let element = if is_wide { q[i * m + j] } else { q[j * m + i] };
        *out = (gain * element) as f32;
    }
}

/// Turns zeros into the Q of the QR decomposition of an m × n matrix of normal numbers, with
/// positive diagonal of R.
///
/// R is never needed: after k reflections the rest of the matrix is still normal and independent,
/// so the k-th reflection can be drawn directly (Stewart 1980, "The efficient generation of random
/// orthogonal matrices"). Reflection k sends its normal vector x to ∓|x|·e₁; the column is
/// multiplied by the sign that makes R's diagonal positive, without which Q is not uniform
/// (Mezzadri 2007, arXiv math-ph/0609050).
fn orthonormal_columns(stream: Stream, m: usize, q: &mut [f64]) {
    let n = q.len() / m;
    let mut vector = vec![0.0; m];
    for k in (0..n).rev() {
        let v = &mut vector[k..];
        fill_normal_f64(stream, (k * m) as u64, 0.0, 1.0, v);
        let sign = if v[0] < 0.0 { -1.0 } else { 1.0 };
        v[0] += sign * dot(v, v).sqrt();
        let scale = 2.0 / dot(v, v);
        q[k * m + k] = -sign;
        let v = &vector[k..];
        let columns_per_chunk = (ELEMENTWISE_CHUNK / m).max(1);
        for_each_chunk(&mut q[k * m..], columns_per_chunk * m, &|_, columns| {
            for column in columns.chunks_exact_mut(m) {
                let below = &mut column[k..];
                let factor = scale * dot(v, below);
                for (q, v) in below.iter_mut().zip(v) {
                    *q -= factor * v;
                }
            }
        });
    }
}

/// Eight running sums in a fixed order: fast, and the same on every machine.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (a_blocks, a_rest) = a.as_chunks::<8>();
    let (b_blocks, b_rest) = b.as_chunks::<8>();
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(seed: u64, m: usize, n: usize) -> Vec<f64> {
        let mut q = vec![0.0; m * n];
        orthonormal_columns(Stream::new(seed, "w"), m, &mut q);
        q
    }

    #[test]
    fn columns_are_orthonormal() {
        for (m, n) in [(1, 1), (2, 2), (7, 3), (64, 64), (300, 100)] {
            let q = drawn(1, m, n);
            for i in 0..n {
                for j in 0..=i {
                    let product = dot(&q[i * m..(i + 1) * m], &q[j * m..(j + 1) * m]);
                    let expected = if i == j { 1.0 } else { 0.0 };
                    assert!((product - expected).abs() < 1e-14 * m as f64, "{m}×{n} {i} {j}");
                }
            }
        }
    }

    /// Column 0 of Q is x/|x| for the first normal vector x only with the right signs.
    #[test]
    fn first_column_is_its_normal_vector_normalized() {
        let (m, n) = (12, 5);
        for seed in 0..10 {
            let q = drawn(seed, m, n);
            let mut x = vec![0.0; m];
            fill_normal_f64(Stream::new(seed, "w"), 0, 0.0, 1.0, &mut x);
            let norm = dot(&x, &x).sqrt();
            for (q, x) in q.iter().zip(&x) {
                assert!((q - x / norm).abs() < 1e-14, "seed {seed}: {q} {}", x / norm);
            }
        }
    }

    /// For the uniform distribution over n × n orthogonal matrices, the trace has mean 0, mean
    /// square 1 and mean fourth power 3 (n ≥ 4), and half of the determinants are 1. Without the
    /// sign rule the trace's mean is far from 0. 5 standard errors fail for one seed in 10⁶.
    #[test]
    fn matrices_are_uniform_over_the_orthogonal_group() {
        const DRAWS: u64 = 20_000;
        let n = 4;
        let (mut sums, mut positive) = ([0.0; 3], 0.0);
        for seed in 0..DRAWS {
            let q = drawn(seed, n, n);
            let trace: f64 = (0..n).map(|i| q[i * n + i]).sum();
            for (sum, power) in sums.iter_mut().zip([1, 2, 4]) {
                *sum += trace.powi(power);
            }
            positive += if determinant(q, n) > 0.0 { 1.0 } else { 0.0 };
        }
        let draws = DRAWS as f64;
        // Variances of t, t² and t⁴ for a normal trace bound those of the bounded one here.
        for ((sum, mean), variance) in sums.iter().zip([0.0, 1.0, 3.0]).zip([1.0, 2.0, 96.0_f64]) {
            let error = (sum / draws - mean) / (variance / draws).sqrt();
            assert!(error.abs() < 5.0, "{sums:?}: off by {error} standard errors");
        }
        assert!((positive / draws - 0.5).abs() < 5.0 * 0.5 / draws.sqrt(), "{positive}");
    }

    fn determinant(mut a: Vec<f64>, n: usize) -> f64 {
        let mut product = 1.0;
        for k in 0..n {
            let pivot = (k..n).max_by(|&i, &j| a[k * n + i].abs().total_cmp(&a[k * n + j].abs()));
            let pivot = pivot.unwrap();
            if pivot != k {
                product = -product;
                for column in a.chunks_exact_mut(n) {
                    column.swap(k, pivot);
                }
            }
            product *= a[k * n + k];
            let first: Vec<f64> = a[k * n..(k + 1) * n].to_vec();
            for column in a[k * n..].chunks_exact_mut(n).skip(1) {
                let factor = column[k] / first[k];
                for (x, f) in column.iter_mut().zip(&first).skip(k) {
                    *x -= factor * f;
                }
            }
        }
        product
    }
}
