//! The orthogonal factor of a matrix, with the signs that make the other factor's diagonal
//! positive.
//!
//! That factor is unique, so any exact method gives it; a library's single-precision
//! decomposition differs from it by its rounding errors only.

/// Q of the decomposition Z = QR with positive diagonal of R.
///
/// `z` has `columns` columns, stored row by row, and at least as many rows. Gram–Schmidt in `f64`,
/// twice for each column, is orthogonal to rounding (Giraud, Langou & Rozložník 2005).
pub(in crate::init::like) fn orthonormal_columns(z: &[f32], columns: usize) -> Vec<f32> {
    let rows = z.len() / columns;
    let mut q = vec![0.0_f64; z.len()];
    for (i, row) in z.chunks_exact(columns).enumerate() {
        for (j, z) in row.iter().enumerate() {
            q[j * rows + i] = f64::from(*z);
        }
    }
    for j in 0..columns {
        let (done, rest) = q.split_at_mut(j * rows);
        let column = &mut rest[..rows];
        for _ in 0..2 {
            for earlier in done.chunks_exact(rows) {
                let share = dot(earlier, column);
                column.iter_mut().zip(earlier).for_each(|(x, q)| *x -= share * q);
            }
        }
        let length = dot(column, column).sqrt();
        column.iter_mut().for_each(|x| *x /= length);
    }
    (0..z.len()).map(|k| q[k % columns * rows + k / columns] as f32).collect()
}

/// Eight running sums, which a processor adds side by side.
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

/// `(max(rows, columns), min(rows, columns))`: the shape in which the normal numbers are drawn.
pub(in crate::init::like) fn drawn_shape(rows: usize, columns: usize) -> [usize; 2] {
    [rows.max(columns), rows.min(columns)]
}

/// `scale`·Q of the normal numbers `z`, drawn in [`drawn_shape`], as `rows` × `columns`.
pub(in crate::init::like) fn orthogonal(
    z: &[f32],
    rows: usize,
    columns: usize,
    scale: f32,
) -> Vec<f32> {
    let mut q = orthonormal_columns(z, rows.min(columns));
    if rows < columns {
        q = (0..q.len()).map(|k| q[k % columns * rows + k / columns]).collect();
    }
    q.iter_mut().for_each(|q| *q *= scale);
    q
}
