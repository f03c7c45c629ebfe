//! A weight of any layout read as the matrix W of z = W·x.
//!
//! Key: rows run over the output axes, columns over the input axes and then the kernel's.

use super::Parameter;
use crate::error::Result;

/// Where the entries of the matrix W lie among the elements of a weight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrix {
    /// Outputs.
    pub rows: usize,
    /// Inputs times taps of the kernel.
    pub columns: usize,
    /// Taps of the kernel, 1 for a linear layer; column = input · taps + tap.
    pub taps: usize,
    row_starts: Vec<usize>,
    column_starts: Vec<usize>,
}

impl Matrix {
    /// The matrix of a weight, by the meaning of its axes.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) if it has no axis of outputs or none of inputs.
    ///
    /// ```
    /// use fanin::init::{Matrix, Parameter, fans::Axes};
    /// let keras = Parameter::weight("kernel", [5, 2, 3], Axes::keras(3))?;
    /// let matrix = Matrix::of(&keras)?;
    /// assert_eq!((matrix.rows, matrix.columns, matrix.taps), (3, 10, 5));
    /// assert_eq!(matrix.index(2, 1), 8); // output 2, input 0, tap 1 of shape (tap, in, out)
    /// # Ok::<(), fanin::Error>(())
    /// ```
    pub fn of(parameter: &Parameter) -> Result<Self> {
        let shape = parameter.shape.axes();
        let axes = &parameter.axes;
        let is_axis = |&axis: &usize| axis < shape.len();
        if shape.len() < 2
            || axes.input.is_empty()
            || axes.output.is_empty()
            || !axes.input.iter().chain(&axes.output).all(is_axis)
        {
            let found = format!("shape {}", parameter.shape);
            return Err(parameter.unfit(found, "two axes or more, which a matrix has"));
        }
        let kernel = axes.kernel(shape.len());
        let columns: Vec<usize> = axes.input.iter().chain(&kernel).copied().collect();
        let row_starts = starts(shape, &axes.output);
        let column_starts = starts(shape, &columns);
        Ok(Self {
            rows: row_starts.len(),
            columns: column_starts.len(),
            taps: kernel.iter().map(|&axis| shape[axis]).product(),
            row_starts,
            column_starts,
        })
    }

    /// The element, in row-major order of the weight's own shape, that is this entry of W.
    pub fn index(&self, row: usize, column: usize) -> usize {
        self.row_starts[row] + self.column_starts[column]
    }

    /// Whether entry (i, j) of W is element i·columns + j.
    pub fn is_row_major(&self) -> bool {
        let row_major = |(i, start): (usize, &usize)| *start == i * self.columns;
        self.row_starts.iter().enumerate().all(row_major)
            && self.column_starts.iter().enumerate().all(|(j, start)| *start == j)
    }

    /// Sets every entry of W: `out` are the weight's elements.
    pub fn fill(&self, out: &mut [f32], entry: impl Fn(usize, usize) -> f32) {
        for (row, start) in self.row_starts.iter().enumerate() {
            for (column, offset) in self.column_starts.iter().enumerate() {
                out[start + offset] = entry(row, column);
            }
        }
    }
}

/// Offsets of all combinations of indices along `axes`, the last of which runs fastest.
fn starts(shape: &[usize], axes: &[usize]) -> Vec<usize> {
    let mut starts = vec![0];
    for &axis in axes {
        let stride: usize = shape[axis + 1..].iter().product();
        starts =
            starts.iter().flat_map(|s| (0..shape[axis]).map(move |i| s + i * stride)).collect();
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::fans::Axes;

    #[test]
    fn every_layout_is_read_as_output_times_input_and_tap() {
        // Element (o, i, t) has the value 100·o + 10·i + t in each layout.
        let layouts: [(&[usize], Axes, [usize; 3]); 3] = [
            (&[4, 3, 2], Axes::convolution(1), [0, 1, 2]),
            (&[2, 3, 4], Axes::keras(3), [2, 1, 0]),
            (&[3, 4, 2], Axes::transposed_convolution(1), [1, 0, 2]),
        ];
        for (shape, axes, [out, input, tap]) in layouts {
            let weight = Parameter::weight("w", shape, axes).unwrap();
            let matrix = Matrix::of(&weight).unwrap();
            assert_eq!((matrix.rows, matrix.columns, matrix.taps), (4, 6, 2));
            for row in 0..4 {
                for column in 0..6 {
                    let mut index = [0; 3];
                    (index[out], index[input], index[tap]) = (row, column / 2, column % 2);
                    let flat = (index[0] * shape[1] + index[1]) * shape[2] + index[2];
                    assert_eq!(matrix.index(row, column), flat, "{shape:?} {row} {column}");
                }
            }
        }
    }

    #[test]
    fn a_vector_is_no_matrix() {
        let bias = Parameter::new("b", [4], crate::spec::Role::Bias);
        let message = Matrix::of(&bias).unwrap_err().to_string();
        assert!(message.contains("`b`: found shape (4)"), "{message}");
    }
}
