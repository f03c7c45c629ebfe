//! One axis of a tensor mapped to another length by sparse weights.
//!
//! A tensor is seen as (outer, length, inner): y[a, i, c] = Σ over j of w[i, j] · x[a, j, c].

use crate::scalar::Float;
use crate::threads::for_each_chunk;

/// Elements written by one thread at a time.
const CHUNK: usize = 1 << 14;

/// A sparse matrix by rows: which inputs an output sees, with which weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    columns: usize,
    /// Where each row begins among the entries; one more item than rows.
    starts: Vec<usize>,
    entries: Vec<(usize, f64)>,
}

impl Weights {
    /// A matrix of `columns` columns from the entries (column, weight) of its rows.
    ///
    /// # Panics
    /// If an entry names a column that is not there.
    pub fn new(columns: usize, rows: impl IntoIterator<Item = Vec<(usize, f64)>>) -> Self {
        let (mut starts, mut entries) = (vec![0], Vec::new());
        for row in rows {
            assert!(row.iter().all(|&(column, _)| column < columns), "columns must be there");
            entries.extend(row);
            starts.push(entries.len());
        }
        Self { columns, starts, entries }
    }

    /// The number of outputs.
    pub fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// The number of inputs.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The entries of a row: input and weight.
    pub fn row(&self, row: usize) -> &[(usize, f64)] {
        &self.entries[self.starts[row]..self.starts[row + 1]]
    }

    /// The transpose: of the map from inputs to outputs, the map of gradients back.
    #[must_use]
    pub fn transposed(&self) -> Self {
        let mut rows = vec![Vec::new(); self.columns];
        for row in 0..self.rows() {
            for &(column, weight) in self.row(row) {
                rows[column].push((row, weight));
            }
        }
        Self::new(self.rows(), rows)
    }
}

/// Maps the middle axis of `x`, of (outer, columns, inner), to `out`, of (outer, rows, inner).
///
/// # Panics
/// If the lengths do not fit.
pub fn resample<T: Float>(weights: &Weights, inner: usize, x: &[T], out: &mut [T]) {
    let (rows, columns) = (weights.rows(), weights.columns());
    assert_eq!(x.len() * rows, out.len() * columns, "resampling changes one axis alone");
    if out.is_empty() {
        return;
    }
    let slabs = (CHUNK / (rows * inner)).max(1);
    for_each_chunk(out, slabs * rows * inner, &|start, piece| {
        let x = x[start / rows * columns..].chunks_exact(columns * inner);
        for (out, x) in piece.chunks_exact_mut(rows * inner).zip(x) {
            if inner == 1 {
                resample_line(weights, x, out);
            } else {
                resample_slab(weights, inner, x, out);
            }
        }
    });
}

fn resample_line<T: Float>(weights: &Weights, x: &[T], out: &mut [T]) {
    for (row, out) in out.iter_mut().enumerate() {
        let terms = weights.row(row).iter();
        *out = terms.map(|&(column, weight)| T::from_f64(weight) * x[column]).sum();
    }
}

fn resample_slab<T: Float>(weights: &Weights, inner: usize, x: &[T], out: &mut [T]) {
    for (row, out) in out.chunks_exact_mut(inner).enumerate() {
        out.fill(T::ZERO);
        for &(column, weight) in weights.row(row) {
            let (weight, x) = (T::from_f64(weight), &x[column * inner..(column + 1) * inner]);
            out.iter_mut().zip(x).for_each(|(out, &x)| *out += weight * x);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_axis_is_mapped() {
        let weights = Weights::new(2, [vec![(0, 1.0)], vec![(0, 0.5), (1, 0.5)], vec![]]);
        let mut out = [0.0; 12];
        resample(&weights, 2, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], &mut out);
        assert_eq!(out, [1.0, 2.0, 2.0, 3.0, 0.0, 0.0, 5.0, 6.0, 6.0, 7.0, 0.0, 0.0]);
        let mut line = [0.0; 3];
        resample(&weights, 1, &[2.0, 4.0], &mut line);
        assert_eq!(line, [2.0, 3.0, 0.0]);
        let mut back = [0.0; 2];
        resample(&weights.transposed(), 1, &[1.0, 2.0, 9.0], &mut back);
        assert_eq!(back, [2.0, 1.0]);
    }
}
