//! What the rows and parts of a tensor have in common: equal units, equal shards, orthogonality.

use std::collections::HashSet;

use serde::Serialize;

use super::statistics::fingerprint;
use crate::init::{Matrix, Parameter};

/// What the rows and parts of a tensor have in common.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Structure {
    /// Units, and how many of them have weights that no other unit has as well; `None` for what
    /// is no matrix.
    pub units: Option<Units>,
    /// Equal pieces that lie side by side, as when every rank drew with one seed.
    pub shards: Option<Shards>,
    /// The common length of its rows, or columns, if these are orthogonal to each other.
    pub orthogonal_gain: Option<f64>,
}

/// How many units a matrix has, and how many kinds of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Units {
    /// Rows of the matrix.
    pub count: usize,
    /// Different rows.
    pub different: usize,
}

/// Equal pieces of a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Shards {
    /// The axis along which they lie side by side.
    pub axis: usize,
    /// How many there are.
    pub count: usize,
}

/// Numbers of ranks that are tried; equal pieces in any larger number are equal in one of these.
const RANKS: [usize; 7] = [2, 3, 5, 7, 11, 13, 17];
/// Vectors compared with each other to find orthogonality.
const COMPARED: usize = 16;

impl Structure {
    /// That of `values`, read as `parameter`.
    pub fn of(values: &[f32], parameter: &Parameter) -> Self {
        let shape = parameter.shape.axes();
        let is_constant = values.windows(2).all(|two| two[0] == two[1]);
        if shape.len() < 2 || values.is_empty() || is_constant || !parameter.axes.batch.is_empty() {
            return Self::default();
        }
        let Ok(matrix) = Matrix::of(parameter) else { return Self::default() };
        Self {
            units: Some(units(values, &matrix)),
            shards: shards(values, shape),
            orthogonal_gain: orthogonal_gain(values, &matrix),
        }
    }
}

fn units(values: &[f32], matrix: &Matrix) -> Units {
    let mut row = vec![0.0; matrix.columns];
    let different: HashSet<u64> = (0..matrix.rows)
        .map(|i| {
            row.iter_mut().enumerate().for_each(|(j, x)| *x = values[matrix.index(i, j)]);
            fingerprint(&row)
        })
        .collect();
    Units { count: matrix.rows, different: different.len() }
}

fn shards(values: &[f32], shape: &[usize]) -> Option<Shards> {
    (0..2).find_map(|axis| {
        let period: usize = shape[axis..].iter().product();
        let equal = |count: usize| {
            let size = period / count;
            // One row alone may equal another by chance in coarse formats.
            shape[axis].is_multiple_of(count)
                && shape[axis] > count
                && values
                    .chunks_exact(period)
                    .all(|outer| outer.chunks_exact(size).all(|piece| piece == &outer[..size]))
        };
        let first = RANKS.into_iter().find(|&count| equal(count))?;
        let most = (1..=shape[axis] / 2).rev().find(|&c| c.is_multiple_of(first) && equal(c));
        Some(Shards { axis, count: most.unwrap_or(first) })
    })
}

fn orthogonal_gain(values: &[f32], matrix: &Matrix) -> Option<f64> {
    let is_wide = matrix.rows <= matrix.columns;
    let (count, length) =
        if is_wide { (matrix.rows, matrix.columns) } else { (matrix.columns, matrix.rows) };
    if count < 2 {
        return None;
    }
    let step = (count / COMPARED).max(1);
    let vectors: Vec<Vec<f64>> = (0..count)
        .step_by(step)
        .take(COMPARED)
        .map(|i| {
            let index = |j| if is_wide { matrix.index(i, j) } else { matrix.index(j, i) };
            (0..length).map(|j| f64::from(values[index(j)])).collect()
        })
        .collect();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let lengths: Vec<f64> = vectors.iter().map(|v| dot(v, v).sqrt()).collect();
    let mean = lengths.iter().sum::<f64>() / lengths.len() as f64;
    // Independent directions have cosines of about 1/√n; rounding to bf16 leaves far less.
    let largest_cosine = 0.2 / (length as f64).sqrt();
    let equal_lengths = lengths.iter().all(|l| (l / mean - 1.0).abs() < 0.01);
    let orthogonal = (0..vectors.len()).all(|i| {
        (0..i).all(|j| dot(&vectors[i], &vectors[j]).abs() < largest_cosine * mean * mean)
    });
    (mean > 0.0 && equal_lengths && orthogonal).then_some(mean)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::{Source, Values, find};

    fn drawn(scheme: &str, rows: usize, columns: usize) -> (Vec<f32>, Parameter) {
        let parameter = Parameter::linear("w", rows, columns);
        let scheme = find(scheme).unwrap();
        let values = Values::new(&parameter, Source::Scheme(&*scheme), 3).into_all().unwrap();
        (values, parameter)
    }

    #[test]
    fn orthogonal_matrices_are_told_from_random_ones() {
        for (rows, columns) in [(64, 64), (32, 128), (128, 32)] {
            let (values, parameter) = drawn("orthogonal:1.5", rows, columns);
            let gain = Structure::of(&values, &parameter).orthogonal_gain.unwrap();
            assert!((gain - 1.5).abs() < 1e-5, "{gain}");
            let (values, parameter) = drawn("he-normal", rows, columns);
            assert_eq!(Structure::of(&values, &parameter).orthogonal_gain, None);
        }
    }

    #[test]
    fn equal_shards_are_found_along_either_axis() {
        let (piece, _) = drawn("he-normal", 6, 10);
        let below = piece.repeat(4);
        let parameter = Parameter::linear("w", 24, 10);
        let found = Structure::of(&below, &parameter);
        assert_eq!(found.shards, Some(Shards { axis: 0, count: 4 }));
        assert_eq!(found.units, Some(Units { count: 24, different: 6 }));
        let beside: Vec<f32> = piece.chunks(10).flat_map(|row| row.repeat(3)).collect();
        let found = Structure::of(&beside, &Parameter::linear("w", 6, 30));
        assert_eq!(found.shards, Some(Shards { axis: 1, count: 3 }));
        let (whole, parameter) = drawn("he-normal", 24, 10);
        let found = Structure::of(&whole, &parameter);
        assert_eq!((found.shards, found.units.unwrap().different), (None, 24));
    }
}
