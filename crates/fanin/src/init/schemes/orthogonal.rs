//! Orthogonal matrices, uniform over all of them.
//!
//! Key: Q has orthonormal rows of length m. A wide or square W is Q, a tall one its transpose.

use std::f64::consts::SQRT_2;

use fanin_kernels::orthogonal::fill_orthonormal_rows;
use fanin_kernels::random::Stream;

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
        if matrix.is_row_major() {
            fill_orthogonal(request.stream(), matrix.rows, matrix.columns, gain, out);
            return Ok(());
        }
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
    if rows <= columns {
        return fill_orthonormal_rows(stream, columns, gain, out);
    }
    let mut transposed = vec![0.0; out.len()];
    fill_orthonormal_rows(stream, rows, gain, &mut transposed);
    for (i, row) in out.chunks_exact_mut(columns).enumerate() {
        row.iter_mut().enumerate().for_each(|(j, x)| *x = transposed[j * rows + i]);
    }
}
