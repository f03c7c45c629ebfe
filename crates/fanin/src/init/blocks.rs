//! What the structural schemes read in a weight besides its matrix: groups, and the kernel's
//! central tap.

use std::ops::Range;

use super::{Matrix, Parameter};
use crate::error::Result;

/// The part of a weight's matrix in which one group of a convolution connects its channels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// Rows of the matrix.
    pub rows: Range<usize>,
    /// Input channels, of which each has as many columns as the kernel has taps.
    pub inputs: Range<usize>,
}

/// The blocks of `matrix`, in order; one that is all of it without groups.
///
/// # Errors
/// [`Error::Setting`](crate::Error::Setting) if groups do not divide the channels.
pub(super) fn blocks(parameter: &Parameter, matrix: &Matrix) -> Result<Vec<Block>> {
    let axes = &parameter.axes;
    let (of_rows, of_inputs) = (axes.output_groups.max(1), axes.input_groups.max(1));
    let inputs = matrix.columns / matrix.taps;
    if !matrix.rows.is_multiple_of(of_rows) || !inputs.is_multiple_of(of_inputs) {
        let found = format!("shape {} in {} groups", parameter.shape, of_rows.max(of_inputs));
        return Err(parameter.unfit(found, "a number of groups that divides the channels"));
    }
    let part = |size: usize, parts: usize, index: usize| {
        let size = size / parts;
        index * size..(index + 1) * size
    };
    Ok((0..of_rows)
        .flat_map(|row| {
            (0..of_inputs).map(move |input| Block {
                rows: part(matrix.rows, of_rows, row),
                inputs: part(inputs, of_inputs, input),
            })
        })
        .collect())
}

/// Whether an isometry has the central tap of a kernel alone: there is room for all inputs, but not
/// for half of what all taps see.
pub(crate) fn fits_center_alone(outputs: usize, inputs: usize, taps: usize) -> bool {
    outputs >= inputs && 2 * outputs < inputs * taps
}

/// The number of the tap at index `center(size)` of every axis of the kernel.
pub(super) fn central_tap(parameter: &Parameter, center: fn(usize) -> usize) -> usize {
    let shape = parameter.shape.axes();
    let kernel = parameter.axes.kernel(shape.len());
    kernel.iter().fold(0, |tap, &axis| tap * shape[axis] + center(shape[axis]))
}

/// An error unless the weight has a kernel.
pub(super) fn expect_kernel(parameter: &Parameter, remedy: &str) -> Result<()> {
    if parameter.axes.kernel(parameter.shape.axes().len()).is_empty() {
        let found = format!("shape {} without a kernel", parameter.shape);
        return Err(parameter.unfit(found, format!("a convolution; {remedy}")));
    }
    Ok(())
}

/// Sets all elements to 0 but the `places` (row, column) of the matrix, which get `value`.
pub(super) fn fill_places(
    matrix: &Matrix,
    value: f64,
    places: impl IntoIterator<Item = (usize, usize)>,
    out: &mut [f32],
) {
    out.fill(0.0);
    for (row, column) in places {
        out[matrix.index(row, column)] = value as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::fans::Axes;

    #[test]
    fn groups_cut_rows_or_inputs() {
        let block = |rows, inputs| Block { rows, inputs };
        let of = |shape: &[usize], axes| {
            let weight = Parameter::weight("w", shape, axes).unwrap();
            blocks(&weight, &Matrix::of(&weight).unwrap()).unwrap()
        };
        assert_eq!(of(&[4, 3, 5], Axes::convolution(1)), [block(0..4, 0..3)]);
        assert_eq!(of(&[4, 3, 5], Axes::convolution(2)), [block(0..2, 0..3), block(2..4, 0..3)]);
        let transposed = of(&[6, 2, 5], Axes::transposed_convolution(2));
        assert_eq!(transposed, [block(0..2, 0..3), block(0..2, 3..6)]);
    }

    #[test]
    fn taps_are_numbered_row_by_row() {
        let weight = Parameter::weight("w", [1, 1, 3, 4], Axes::convolution(1)).unwrap();
        assert_eq!(central_tap(&weight, |size| size / 2), 4 + 2);
        assert_eq!(central_tap(&weight, |size| (size - 1) / 2), 4 + 1);
        let linear = Parameter::linear("w", 2, 2);
        assert_eq!(central_tap(&linear, |size| size / 2), 0);
        assert!(expect_kernel(&linear, "x").is_err() && expect_kernel(&weight, "x").is_ok());
    }
}
