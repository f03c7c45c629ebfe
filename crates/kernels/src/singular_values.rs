//! All singular values of a matrix of any shape.
//!
//! Householder's reflections make the matrix bidiagonal (Golub & Kahan 1965); the singular values
//! are then the positive eigenvalues of a symmetric tridiagonal matrix of twice the size with the
//! bidiagonal's elements beside a diagonal of zeros. Only +, −, ×, ÷ and √ in a fixed order.

use crate::singular::dot;
use crate::tridiagonal;

/// The singular values of a row-major matrix, largest first; as many as its shorter side.
///
/// Takes about 4·m·n² operations for sides m ≥ n. The error of a value is a few roundings of the
/// largest. All are NaN if an element is not finite.
///
/// ```
/// use fanin_kernels::singular_values::singular_values;
/// let values = singular_values(&[3.0, 0.0, 0.0, 0.0, 4.0, 0.0], 2, 3);
/// assert!((values[0] - 4.0).abs() < 1e-14 && (values[1] - 3.0).abs() < 1e-14);
/// ```
///
/// # Panics
/// If the number of elements is not `rows` × `columns`.
pub fn singular_values(matrix: &[f64], rows: usize, columns: usize) -> Vec<f64> {
    assert_eq!(matrix.len(), rows * columns, "a matrix has rows × columns elements");
    let (length, count) = (rows.max(columns), rows.min(columns));
    if count == 0 {
        return Vec::new();
    }
    // The transpose has the same values, so the longer side becomes that of the columns.
    let mut vectors = if rows <= columns {
        matrix.to_vec()
    } else {
        (0..columns).flat_map(|j| (0..rows).map(move |i| matrix[i * columns + j])).collect()
    };
    let beside = bidiagonalize(&mut vectors, length, count);
    let values = tridiagonal::eigenvalues(&vec![0.0; 2 * count], &beside);
    let from_largest = values.into_iter().rev().take(count);
    from_largest.map(|value| if value < 0.0 { 0.0 } else { value }).collect()
}

/// The diagonal and superdiagonal of the bidiagonal form, alternating: d₀, e₀, d₁, e₁, …, dₙ₋₁.
fn bidiagonalize(vectors: &mut [f64], length: usize, count: usize) -> Vec<f64> {
    let mut elements = Vec::with_capacity(2 * count);
    for k in 0..count {
        let (done, rest) = vectors.split_at_mut((k + 1) * length);
        let pivot = &mut done[k * length + k..];
        let (diagonal, factor) = reflector(pivot);
        for other in rest.chunks_exact_mut(length) {
            reflect(&mut other[k..], pivot, factor);
        }
        elements.push(diagonal);
        if k + 1 == count {
            break;
        }
        let mut row: Vec<f64> = rest.chunks_exact(length).map(|x| x[k]).collect();
        let (beside, factor) = reflector(&mut row);
        elements.push(beside);
        let mut sum = vec![0.0; length - k - 1];
        for (other, weight) in rest.chunks_exact(length).zip(&row) {
            sum.iter_mut().zip(&other[k + 1..]).for_each(|(s, x)| *s += weight * x);
        }
        for (other, weight) in rest.chunks_exact_mut(length).zip(&row) {
            let step = factor * weight;
            other[k + 1..].iter_mut().zip(&sum).for_each(|(x, s)| *x -= step * s);
        }
    }
    elements
}

/// Turns x into v, so that (1 − f·v·vᵀ)·x = (r, 0, 0, …); gives r and f.
fn reflector(x: &mut [f64]) -> (f64, f64) {
    let norm = dot(x, x).sqrt();
    if norm == 0.0 {
        return (0.0, 0.0);
    }
    let result = -norm.copysign(x[0]);
    x[0] -= result;
    (result, 2.0 / dot(x, x))
}

fn reflect(x: &mut [f64], v: &[f64], factor: f64) {
    let step = factor * dot(x, v);
    x.iter_mut().zip(v).for_each(|(x, v)| *x -= step * v);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Stream, fill_normal_f64};
    use crate::singular::decompose;

    #[test]
    fn values_equal_those_of_jacobi_rotations() {
        for n in [1, 2, 7, 60] {
            let mut matrix = vec![0.0; n * n];
            fill_normal_f64(Stream::new(1, "m"), 0, 0.0, 1.0, &mut matrix);
            let values = singular_values(&matrix, n, n);
            let expected = decompose(&mut matrix, n);
            for (value, expected) in values.iter().zip(&expected) {
                assert!((value - expected).abs() < 1e-13 * (n as f64 + 1.0), "{n}: {values:?}");
            }
        }
    }

    /// Rows that are orthogonal have their lengths as singular values, whichever side is longer.
    #[test]
    fn orthogonal_rows_give_their_lengths() {
        let (rows, columns) = (3, 8);
        let mut matrix = vec![0.0; rows * columns];
        for column in 0..columns {
            matrix[(column % rows) * columns + column] = (column + 1) as f64;
        }
        let lengths = [1.0 + 16.0 + 49.0, 4.0 + 25.0 + 64.0, 9.0 + 36.0_f64].map(f64::sqrt);
        let expected = [lengths[1], lengths[0], lengths[2]];
        let mut transposed = vec![0.0; rows * columns];
        for (index, value) in matrix.iter().enumerate() {
            transposed[index % columns * rows + index / columns] = *value;
        }
        for values in
            [singular_values(&matrix, rows, columns), singular_values(&transposed, columns, rows)]
        {
            for (value, expected) in values.iter().zip(expected) {
                assert!((value - expected).abs() < 1e-13, "{values:?}");
            }
        }
    }

    #[test]
    fn rank_one_zero_and_nan_are_no_trouble() {
        let values = singular_values(&[1.0; 12], 3, 4);
        assert!((values[0] - 12_f64.sqrt()).abs() < 1e-14, "{values:?}");
        assert!(values[1] < 1e-14, "{values:?}");
        assert_eq!(singular_values(&[0.0; 6], 2, 3), [0.0, 0.0]);
        assert!(singular_values(&[f64::NAN; 4], 2, 2).iter().all(|x| x.is_nan()));
        assert!(singular_values(&[], 0, 3).is_empty());
    }
}
