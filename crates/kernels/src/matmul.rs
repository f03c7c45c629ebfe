//! Matrix products, cut into blocks of the result that are each made on one thread.
//!
//! Key: m rows of the result, n columns, k the dimension summed over.

use std::ops::Range;

use crate::change::Change;
use crate::product::{MatMut, MatRef, block_size, rows_of_block};
use crate::scalar::Float;
use crate::threads::{alone, for_each_piece};

/// A matrix in row-major order, read as it stands or transposed.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a, T> {
    /// The elements, `rows * columns` of them.
    pub data: &'a [T],
    /// Rows as stored.
    pub rows: usize,
    /// Columns as stored.
    pub columns: usize,
    /// Read it as its transpose.
    pub transposed: bool,
}

impl<'a, T: Float> Matrix<'a, T> {
    /// A matrix of `rows` by `columns` elements in row-major order.
    pub fn new(data: &'a [T], rows: usize, columns: usize) -> Self {
        Self { data, rows, columns, transposed: false }
    }

    /// The same elements, read as the transpose if `transposed`.
    #[must_use]
    pub fn transposed(self, transposed: bool) -> Self {
        Self { transposed, ..self }
    }

    /// Rows and columns as read.
    pub fn size(&self) -> (usize, usize) {
        if self.transposed { (self.columns, self.rows) } else { (self.rows, self.columns) }
    }

    /// Some rows and columns as read; they keep their strides.
    fn block(&self, rows: Range<usize>, columns: Range<usize>) -> MatRef<'a, T> {
        let stride = self.columns;
        let (start, steps) = if self.transposed {
            (columns.start * stride + rows.start, (1, stride))
        } else {
            (rows.start * stride + columns.start, (stride, 1))
        };
        MatRef::new(&self.data[start..], rows.len(), columns.len(), steps.0, steps.1)
    }
}

/// `out = a · b`, or `out += a · b` if `accumulate`; `out` is row-major, m × n.
///
/// `out` is cut into blocks of rows or of columns, and no element's bits depend on the block that it
/// is in, so they do not depend on the number of threads.
///
/// # Panics
/// If the sizes do not fit each other.
pub fn matmul<T: Float>(a: Matrix<'_, T>, b: Matrix<'_, T>, out: &mut [T], accumulate: bool) {
    let ((m, k), (b_rows, n)) = (a.size(), b.size());
    assert_eq!(k, b_rows, "the inner dimensions of a product must agree");
    assert_eq!(out.len(), m * n, "the result of a product must be m × n");
    if m == 0 || n == 0 {
        return;
    }
    let beta = if accumulate { T::ONE } else { T::ZERO };
    if k == 0 {
        if !accumulate {
            out.fill(T::ZERO);
        }
        return;
    }
    let (height, width) = block_size(m, n, k);
    let (down, across) = (m.div_ceil(height), n.div_ceil(width));
    let whole = &Whole(MatMut::from_row_major(out, m, n));
    for_each_piece(down * across, &|number| {
        let part =
            |index: usize, size: usize, end: usize| index * size..end.min((index + 1) * size);
        let (rows, columns) = (part(number / across, height, m), part(number % across, width, n));
        let (a, b) = (a.block(rows.clone(), 0..k), b.block(0..k, columns.clone()));
        // SAFETY: blocks of different numbers do not overlap, and each number is given once.
        T::multiply(a, b, beta, unsafe { whole.block(rows, columns) });
    });
}

/// Whether a product that sums over `k` is made a few whole rows at a time on this machine, as
/// [`matmul_change`] asks for.
pub fn comes_in_pieces<T: Float>(k: usize) -> bool {
    T::comes_in_pieces(k)
}

/// Changes buffers by `a · b` without keeping it: each piece is some rows of the product, or some
/// columns of one row.
///
/// ```
/// use fanin_kernels::change::Change;
/// use fanin_kernels::matmul::{Matrix, comes_in_pieces, matmul_change};
/// let (a, b, mut w) = ([1.0_f32, 2.0], [3.0, 4.0], [0.0; 4]);
/// let rule = |_, [w, ..]: [&mut [f32]; 3], g: &[f32]| w.copy_from_slice(g);
/// if comes_in_pieces::<f32>(1) {
///     let change = Change { buffers: [&mut w, &mut [], &mut []], rule: &rule };
///     matmul_change(Matrix::new(&a, 2, 1), Matrix::new(&b, 1, 2), change);
///     assert_eq!(w, [3.0, 4.0, 6.0, 8.0]);
/// }
/// ```
///
/// # Panics
/// If the sizes do not fit each other, or such a product does not come in pieces.
pub fn matmul_change<T: Float>(a: Matrix<'_, T>, b: Matrix<'_, T>, change: Change<'_, T>) {
    let ((m, k), (b_rows, n)) = (a.size(), b.size());
    assert_eq!(k, b_rows, "the inner dimensions of a product must agree");
    assert!(comes_in_pieces::<T>(k), "the product comes in pieces");
    let parts = &change.in_parts(m * n);
    if m == 0 || n == 0 {
        return;
    }
    let height = rows_of_block(m, n, k);
    for_each_piece(m.div_ceil(height), &|number| {
        let rows = number * height..m.min((number + 1) * height);
        let (a, b) = (a.block(rows.clone(), 0..k), b.block(0..k, 0..n));
        let mut take = |row: usize, columns: Range<usize>, made: &[T]| {
            let row = rows.start + row;
            // SAFETY: blocks have different rows, and each element of a block comes once.
            unsafe {
                if columns.len() == n {
                    return parts.by(row * n, made);
                }
                for (row, made) in (row..).zip(made.chunks(columns.len())) {
                    parts.by(row * n + columns.start, made);
                }
            }
        };
        alone(|| T::multiply_in_pieces(a, b, &mut take));
    });
}

/// A result that threads write blocks of.
struct Whole<'a, T>(MatMut<'a, T>);

// SAFETY: all that it gives is blocks, by `unsafe` calls that vouch that they do not overlap.
unsafe impl<T: Send> Sync for Whole<'_, T> {}

impl<'a, T> Whole<'a, T> {
    /// # Safety
    /// As [`MatMut::block`].
    unsafe fn block(&self, rows: Range<usize>, columns: Range<usize>) -> MatMut<'a, T> {
        // SAFETY: by the caller's word.
        unsafe { self.0.block(rows, columns) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::MOST;

    fn numbers(count: usize, seed: u64) -> Vec<f64> {
        let mut state = seed;
        std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695);
            (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
        })
        .take(count)
        .collect()
    }

    fn plain(a: &Matrix<'_, f64>, b: &Matrix<'_, f64>) -> Vec<f64> {
        let ((m, k), (_, n)) = (a.size(), b.size());
        let at = |x: &Matrix<'_, f64>, i: usize, j: usize| {
            if x.transposed { x.data[j * x.columns + i] } else { x.data[i * x.columns + j] }
        };
        (0..m * n).map(|i| (0..k).map(|p| at(a, i / n, p) * at(b, p, i % n)).sum()).collect()
    }

    #[track_caller]
    fn check(m: usize, k: usize, n: usize) {
        let (x, y) = (numbers(m * k, 1), numbers(k * n, 2));
        for (a, b) in [
            (Matrix::new(&x, m, k), Matrix::new(&y, k, n)),
            (Matrix::new(&x, k, m).transposed(true), Matrix::new(&y, k, n)),
            (Matrix::new(&x, m, k), Matrix::new(&y, n, k).transposed(true)),
            (Matrix::new(&x, k, m).transposed(true), Matrix::new(&y, n, k).transposed(true)),
        ] {
            let want = plain(&a, &b);
            let mut got = vec![1.0; m * n];
            matmul(a, b, &mut got, true);
            for (g, w) in got.iter().zip(&want) {
                assert!((g - 1.0 - w).abs() < 1e-12 * k as f64 + 1e-13, "{m}×{k}×{n}: {g} {w}");
            }
            matmul(a, b, &mut got, false);
            for (g, w) in got.iter().zip(&want) {
                assert!((g - w).abs() < 1e-12 * k as f64 + 1e-13, "{m}×{k}×{n}: {g} {w}");
            }
        }
    }

    #[test]
    fn products_equal_the_plain_loop() {
        check(1, 1, 1);
        check(3, 5, 2);
        check(17, 1, 33);
        check(64, 64, 10);
        check(200, 130, 70);
        check(0, 3, 2);
        check(2, 0, 3);
    }

    #[test]
    fn changes_by_a_product_equal_those_by_the_product_kept() {
        for (m, k, n) in
            [(1, 1, 1), (70, 128, 784), (300, 512, 1100), (2, 3, 2000), (20, 300, 1900), (0, 4, 2)]
        {
            if !comes_in_pieces::<f64>(k) {
                continue;
            }
            let (x, y) = (numbers(m * k, 5), numbers(k * n, 6));
            let a = Matrix::new(&x, k, m).transposed(true);
            let b = Matrix::new(&y, k, n);
            let mut product = vec![0.0; m * n];
            matmul(a, b, &mut product, false);
            let rule = |start: usize, [w, v, rest]: [&mut [f64]; MOST], g: &[f64]| {
                assert!(rest.is_empty() && w.len() == g.len());
                for (i, ((w, v), g)) in w.iter_mut().zip(v).zip(g).enumerate() {
                    *v += g;
                    *w += *v * (start + i) as f64;
                }
            };
            let before = [numbers(m * n, 7), numbers(m * n, 8)];
            let run = |threads: usize| {
                let [mut w, mut v] = before.clone();
                let work = || {
                    matmul_change(a, b, Change { buffers: [&mut w, &mut v, &mut []], rule: &rule });
                };
                crate::threads::run_on(threads, work).unwrap();
                [w, v]
            };
            let [mut w, mut v] = before.clone();
            Change { buffers: [&mut w, &mut v, &mut []], rule: &rule }.by(&product);
            for threads in [1, 2, 5] {
                assert!(run(threads) == [w.clone(), v.clone()], "{m}×{k}×{n} on {threads}");
            }
        }
    }

    #[test]
    #[should_panic(expected = "the length of what they change by")]
    fn buffers_of_another_length_are_refused() {
        let (x, y) = ([1.0], [2.0, 3.0]);
        let rule = |_: usize, _: [&mut [f64]; MOST], _: &[f64]| ();
        let change = Change { buffers: [&mut [0.0], &mut [], &mut []], rule: &rule };
        matmul_change(Matrix::new(&x, 1, 1), Matrix::new(&y, 1, 2), change);
    }

    #[test]
    fn bits_do_not_depend_on_the_number_of_threads() {
        for (m, k, n) in
            [(500, 300, 200), (1203, 1100, 1), (777, 40, 65), (150, 333, 1010), (32, 1100, 1010)]
        {
            check_threads(m, k, n);
        }
    }

    #[track_caller]
    fn check_threads(m: usize, k: usize, n: usize) {
        let (x, y) = (numbers(m * k, 3), numbers(k * n, 4));
        for (a, b) in [
            (Matrix::new(&x, m, k), Matrix::new(&y, k, n)),
            (Matrix::new(&x, k, m).transposed(true), Matrix::new(&y, n, k).transposed(true)),
        ] {
            let run = |threads: usize| {
                let mut out = vec![0.5; m * n];
                crate::threads::run_on(threads, || matmul(a, b, &mut out, true)).unwrap();
                out
            };
            assert_eq!(run(1), run(2));
            assert_eq!(run(1), run(5));
        }
    }
}
