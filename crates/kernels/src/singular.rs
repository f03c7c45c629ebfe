//! Singular values and left singular vectors of a square matrix.
//!
//! Hestenes' one-sided Jacobi method: columns are rotated in pairs until all are orthogonal; then
//! their lengths are the singular values. Only +, −, ×, ÷ and √ in a fixed order, so the bits are
//! equal on every machine.

/// Sweeps over all pairs after which the method gives up; matrices of any kind take about ten.
const MOST_SWEEPS: usize = 60;

/// Cosine of the angle between two columns below which they count as orthogonal.
const ORTHOGONAL: f64 = 1e-14;

/// Turns the columns of an n × n matrix, kept one after the other, into the left singular vectors
/// times their singular values, and returns the values; largest first.
///
/// ```
/// use fanin_kernels::singular::decompose;
/// let mut columns = vec![0.0, 3.0, 4.0, 0.0];
/// assert_eq!(decompose(&mut columns, 2), [4.0, 3.0]);
/// assert_eq!(columns, [4.0, 0.0, 0.0, 3.0]);
/// ```
pub fn decompose(columns: &mut Vec<f64>, n: usize) -> Vec<f64> {
    let mut squares: Vec<f64> = columns.chunks_exact(n).map(|x| dot(x, x)).collect();
    for _ in 0..MOST_SWEEPS {
        let mut is_done = true;
        for p in 0..n {
            let (left, right) = columns.split_at_mut((p + 1) * n);
            let first = &mut left[p * n..];
            for (q, second) in (p + 1..).zip(right.chunks_exact_mut(n)) {
                let product = dot(first, second);
                if product.abs() <= ORTHOGONAL * (squares[p] * squares[q]).sqrt() {
                    continue;
                }
                is_done = false;
                let tangent = tangent((squares[q] - squares[p]) / (2.0 * product));
                rotate(first, second, tangent);
                squares[p] -= tangent * product;
                squares[q] += tangent * product;
            }
        }
        for (square, column) in squares.iter_mut().zip(columns.chunks_exact(n)) {
            *square = dot(column, column);
        }
        if is_done {
            break;
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| squares[b].total_cmp(&squares[a]));
    *columns = order.iter().flat_map(|&i| columns[i * n..(i + 1) * n].iter().copied()).collect();
    order.iter().map(|&i| squares[i].sqrt()).collect()
}

/// The smaller root t of t² + 2·ζ·t = 1, the tangent of the angle that makes columns orthogonal.
fn tangent(zeta: f64) -> f64 {
    let sign = if zeta < 0.0 { -1.0 } else { 1.0 };
    sign / (zeta.abs() + (1.0 + zeta * zeta).sqrt())
}

fn rotate(first: &mut [f64], second: &mut [f64], tangent: f64) {
    let cosine = 1.0 / (1.0 + tangent * tangent).sqrt();
    let sine = cosine * tangent;
    for (a, b) in first.iter_mut().zip(second) {
        (*a, *b) = (cosine * *a - sine * *b, sine * *a + cosine * *b);
    }
}

/// Eight running sums in a fixed order: fast, and the same on every machine.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
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
    use crate::random::{Stream, fill_normal_f64};

    /// α·Z + β·I, column by column.
    fn matrix(n: usize, alpha: f64, beta: f64) -> Vec<f64> {
        let mut a = vec![0.0; n * n];
        fill_normal_f64(Stream::new(1, "z"), 0, 0.0, alpha / (n as f64).sqrt(), &mut a);
        (0..n).for_each(|i| a[i * n + i] += beta);
        a
    }

    /// A = U·Σ·Vᵀ with V = Aᵀ·U/Σ: U must be orthogonal, and A·Aᵀ = U·Σ²·Uᵀ.
    #[test]
    fn vectors_are_orthogonal_and_give_the_matrix_back() {
        for n in [1, 2, 5, 40] {
            let a = matrix(n, 0.7, 0.7);
            let mut w = a.clone();
            let sigma = decompose(&mut w, n);
            assert!(sigma.windows(2).all(|two| two[0] >= two[1]));
            let column = |j: usize| &w[j * n..(j + 1) * n];
            let row = |x: &[f64], i: usize| -> Vec<f64> { (0..n).map(|k| x[k * n + i]).collect() };
            for (i, j) in (0..n).flat_map(|i| (0..n).map(move |j| (i, j))) {
                let product = dot(column(i), column(j));
                let expected = if i == j { sigma[i] * sigma[i] } else { 0.0 };
                assert!((product - expected).abs() < 1e-12, "{n}: {i} {j}: {product}");
                let (of_w, of_a) = (dot(&row(&w, i), &row(&w, j)), dot(&row(&a, i), &row(&a, j)));
                assert!((of_w - of_a).abs() < 1e-12, "{n}: {i} {j}: {of_w} {of_a}");
            }
        }
    }
}
