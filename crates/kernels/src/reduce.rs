//! Sums and moments, accumulated in f64 so that their error does not grow with the length.

#![expect(clippy::inline_always, reason = "a loop must be compiled where it is called from")]

use crate::scalar::Float;
use crate::wide::{Loop, wide};

/// Sum in f64.
pub fn sum<T: Float>(x: &[T]) -> f64 {
    fold(x, |v| v)
}

/// Sum of squares in f64.
pub fn sum_of_squares<T: Float>(x: &[T]) -> f64 {
    fold(x, |v| v * v)
}

/// Columns summed side by side by [`sum_columns`]: their sums fill eight of the widest registers.
pub const COLUMNS: usize = 64;

/// Sums of the columns from `start` on of a matrix with `columns` columns, as many as `out` has places,
/// each in f64 and from the first row to the last, and then rounded to what `out` holds.
///
/// ```
/// let mut sums = [0.0; 2];
/// fanin_kernels::reduce::sum_columns(&[1.0_f32, 2.0, 3.0, 10.0, 20.0, 30.0], 3, 1, &mut sums);
/// assert_eq!(sums, [22.0, 33.0]);
/// ```
///
/// # Panics
/// If there are fewer columns.
pub fn sum_columns<T: Float, U: Float>(x: &[T], columns: usize, start: usize, out: &mut [U]) {
    assert!(start + out.len() <= columns, "columns that exist");
    wide(SumColumns { x, columns, start, out });
}

struct SumColumns<'a, T, U> {
    x: &'a [T],
    columns: usize,
    start: usize,
    out: &'a mut [U],
}

impl<T: Float, U: Float> Loop for SumColumns<'_, T, U> {
    #[inline(always)]
    fn run(self) {
        let Self { x, columns, start, out } = self;
        let (blocks, rest) = out.as_chunks_mut::<COLUMNS>();
        let after = start + blocks.len() * COLUMNS;
        for (block, out) in blocks.iter_mut().enumerate() {
            let start = start + block * COLUMNS;
            let mut sums = [0.0; COLUMNS];
            for row in x.chunks_exact(columns.max(1)) {
                let row = row[start..].first_chunk::<COLUMNS>().expect("columns that exist");
                (0..COLUMNS).for_each(|i| sums[i] += row[i].to_f64());
            }
            *out = sums.map(U::from_f64);
        }
        let mut sums = [0.0; COLUMNS];
        for row in x.chunks_exact(columns.max(1)) {
            for (sum, x) in sums.iter_mut().zip(&row[after..][..rest.len()]) {
                *sum += x.to_f64();
            }
        }
        rest.iter_mut().zip(sums).for_each(|(out, sum)| *out = U::from_f64(sum));
    }
}

/// Σ (x − center)² of every column in f64, from the first row to the last, with one center for each.
///
/// ```
/// let squares = fanin_kernels::reduce::column_squares(&[1.0_f32, 2.0, 3.0, 6.0], &[2.0, 3.0]);
/// assert_eq!(squares, [2.0, 10.0]);
/// ```
pub fn column_squares<T: Float>(x: &[T], centers: &[f64]) -> Vec<f64> {
    let mut sums = vec![0.0; centers.len()];
    wide(ColumnSquares { x, centers, sums: &mut sums });
    sums
}

struct ColumnSquares<'a, T> {
    x: &'a [T],
    centers: &'a [f64],
    sums: &'a mut [f64],
}

impl<T: Float> Loop for ColumnSquares<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Self { x, centers, sums } = self;
        for row in x.chunks_exact(centers.len().max(1)) {
            for ((sum, x), center) in sums.iter_mut().zip(row).zip(centers) {
                let off = x.to_f64() - center;
                *sum += off * off;
            }
        }
    }
}

/// Σ (x − center)² of every row in f64, from the first column to the last, with one center for each
/// column.
///
/// ```
/// let squares = fanin_kernels::reduce::row_squares(&[1.0_f32, 2.0, 3.0, 6.0], &[2.0, 3.0]);
/// assert_eq!(squares, [2.0, 10.0]);
/// ```
pub fn row_squares<T: Float>(x: &[T], centers: &[f64]) -> Vec<f64> {
    let mut sums = vec![0.0; x.len() / centers.len().max(1)];
    wide(RowSquares { x, centers, sums: &mut sums });
    sums
}

struct RowSquares<'a, T> {
    x: &'a [T],
    centers: &'a [f64],
    sums: &'a mut [f64],
}

impl<T: Float> Loop for RowSquares<'_, T> {
    /// A row's sum is one chain of additions: those of [`LANES`] rows are made side by side.
    #[inline(always)]
    fn run(self) {
        let Self { x, centers, sums } = self;
        let columns = centers.len().max(1);
        let off = |x: &T, center: &f64| (x.to_f64() - center) * (x.to_f64() - center);
        let (groups, rest) = sums.as_chunks_mut::<LANES>();
        let of_groups = x.chunks_exact(LANES * columns);
        let of_rest = &x[groups.len() * LANES * columns..];
        for (sums, x) in groups.iter_mut().zip(of_groups) {
            let mut start = 0;
            while let Some(centers) = centers[start..].first_chunk::<LANES>() {
                let mut squares = [[0.0; LANES]; LANES];
                for (row, squares) in squares.iter_mut().enumerate() {
                    let x = x[row * columns + start..].first_chunk::<LANES>();
                    let x = x.expect("rows are as long as there are centers");
                    (0..LANES).for_each(|i| squares[i] = off(&x[i], &centers[i]));
                }
                (0..LANES).for_each(|column| {
                    (0..LANES).for_each(|row| sums[row] += squares[row][column]);
                });
                start += LANES;
            }
            for (column, center) in centers.iter().enumerate().skip(start) {
                for (row, sum) in sums.iter_mut().enumerate() {
                    *sum += off(&x[row * columns + column], center);
                }
            }
        }
        for (sum, row) in rest.iter_mut().zip(of_rest.chunks_exact(columns)) {
            row.iter().zip(centers).for_each(|(x, center)| *sum += off(x, center));
        }
    }
}

/// Σ (x − factor·y)² in f64, in the order of [`sum_of_squares`].
///
/// ```
/// let squares = fanin_kernels::reduce::squares_beside(&[1.0_f32, 2.0], 2.0, &[1.0, 3.0]);
/// assert_eq!(squares, 17.0);
/// ```
///
/// # Panics
/// If the lengths differ.
pub fn squares_beside<T: Float>(x: &[T], factor: f64, y: &[f64]) -> f64 {
    assert_eq!(x.len(), y.len(), "numbers beside each other");
    let mut sum = 0.0;
    wide(SquaresBeside { x, factor, y, result: &mut sum });
    sum
}

struct SquaresBeside<'a, T> {
    x: &'a [T],
    factor: f64,
    y: &'a [f64],
    result: &'a mut f64,
}

impl<T: Float> Loop for SquaresBeside<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Self { x, factor, y, result } = self;
        let square = |x: T, y: f64| {
            let off = x.to_f64() - factor * y;
            off * off
        };
        let mut sums = [0.0; LANES];
        let ((x_blocks, x_rest), (y_blocks, y_rest)) =
            (x.as_chunks::<LANES>(), y.as_chunks::<LANES>());
        for (x, y) in x_blocks.iter().zip(y_blocks) {
            for lane in 0..LANES {
                sums[lane] += square(x[lane], y[lane]);
            }
        }
        let rest: f64 = x_rest.iter().zip(y_rest).map(|(x, y)| square(*x, *y)).sum();
        *result = sums.iter().sum::<f64>() + rest;
    }
}

/// In how many rows every column is not 0.
///
/// ```
/// assert_eq!(fanin_kernels::reduce::count_nonzero(&[0.0_f32, 2.0, 0.0, 6.0], 2), [0, 2]);
/// ```
pub fn count_nonzero(x: &[f32], columns: usize) -> Vec<u32> {
    let mut counts = vec![0; columns];
    wide(CountNonzero { x, counts: &mut counts });
    counts
}

struct CountNonzero<'a> {
    x: &'a [f32],
    counts: &'a mut [u32],
}

impl Loop for CountNonzero<'_> {
    #[inline(always)]
    fn run(self) {
        let Self { x, counts } = self;
        for row in x.chunks_exact(counts.len().max(1)) {
            counts.iter_mut().zip(row).for_each(|(count, x)| *count += u32::from(*x != 0.0));
        }
    }
}

/// How many elements are closer to 0 than `bound`.
///
/// ```
/// assert_eq!(fanin_kernels::reduce::count_below(&[0.5_f32, -0.25, 2.0, -1.0], 1.0), 2);
/// ```
pub fn count_below<T: Float>(x: &[T], bound: f64) -> usize {
    let mut count = 0;
    wide(Count { x, is_counted: |x: T| x.to_f64().abs() < bound, found: &mut count });
    count
}

struct Count<'a, T, F> {
    x: &'a [T],
    is_counted: F,
    found: &'a mut usize,
}

impl<T: Float, F: Fn(T) -> bool> Loop for Count<'_, T, F> {
    #[inline(always)]
    fn run(self) {
        let counted = self.x.iter().map(|x| usize::from((self.is_counted)(*x)));
        *self.found = counted.sum();
    }
}

/// Σ a·b in f64, in a fixed order.
///
/// # Panics
/// If the lengths differ.
pub fn dot<T: Float>(a: &[T], b: &[T]) -> f64 {
    assert_eq!(a.len(), b.len(), "a scalar product needs equal lengths");
    let mut sum = 0.0;
    wide(Dot { a, b, result: &mut sum });
    sum
}

struct Dot<'a, T> {
    a: &'a [T],
    b: &'a [T],
    result: &'a mut f64,
}

impl<T: Float> Loop for Dot<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Self { a, b, result } = self;
        let mut sums = [0.0; LANES];
        let (a_blocks, a_rest) = a.as_chunks::<LANES>();
        let (b_blocks, b_rest) = b.as_chunks::<LANES>();
        for (a, b) in a_blocks.iter().zip(b_blocks) {
            for lane in 0..LANES {
                sums[lane] += a[lane].to_f64() * b[lane].to_f64();
            }
        }
        let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a.to_f64() * b.to_f64()).sum();
        *result = sums.iter().sum::<f64>() + rest;
    }
}

/// Mean in f64; NaN for no element.
pub fn mean<T: Float>(x: &[T]) -> f64 {
    sum(x) / x.len() as f64
}

/// Population variance in f64, two passes; NaN for no element.
pub fn variance<T: Float>(x: &[T]) -> f64 {
    let mean = mean(x);
    fold(x, |v| (v - mean) * (v - mean)) / x.len() as f64
}

/// The number of elements that are NaN or infinite.
pub fn count_non_finite<T: Float>(x: &[T]) -> usize {
    let mut count = 0;
    wide(Count { x, is_counted: |x: T| !x.is_finite(), found: &mut count });
    count
}

/// Whether no element is NaN or infinite.
pub fn all_finite<T: Float>(x: &[T]) -> bool {
    let mut finite = true;
    wide(AllFinite { x, finite: &mut finite });
    finite
}

struct AllFinite<'a, T> {
    x: &'a [T],
    finite: &'a mut bool,
}

impl<T: Float> Loop for AllFinite<'_, T> {
    #[inline(always)]
    fn run(self) {
        *self.finite = self.x.iter().fold(true, |all, x| all & x.is_finite());
    }
}

/// Eight running sums break the chain of dependent additions; their order is fixed.
const LANES: usize = 8;

fn fold<T: Float>(x: &[T], f: impl Fn(f64) -> f64) -> f64 {
    let mut sum = 0.0;
    wide(Fold { x, f, result: &mut sum });
    sum
}

struct Fold<'a, T, F> {
    x: &'a [T],
    f: F,
    result: &'a mut f64,
}

impl<T: Float, F: Fn(f64) -> f64> Loop for Fold<'_, T, F> {
    #[inline(always)]
    fn run(self) {
        let Self { x, f, result } = self;
        let mut sums = [0.0; LANES];
        let (blocks, rest) = x.as_chunks::<LANES>();
        for block in blocks {
            for lane in 0..LANES {
                sums[lane] += f(block[lane].to_f64());
            }
        }
        let rest: f64 = rest.iter().map(|v| f(v.to_f64())).sum();
        *result = sums.iter().sum::<f64>() + rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_tenths_sum_without_drift() {
        let x = vec![0.1_f32; 1_000_003];
        assert!((sum(&x) - 1_000_003.0 * f64::from(0.1_f32)).abs() < 1e-6);
        assert!((mean(&x) - f64::from(0.1_f32)).abs() < 1e-12);
        assert!(variance(&x) < 1e-24);
    }

    #[test]
    fn one_number_that_is_not_finite_is_found_wherever_it_stands() {
        let mut x = [1.0_f32; 40];
        assert!(all_finite(&x) && all_finite::<f64>(&[]));
        for at in 0..40 {
            for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                x[at] = bad;
                assert!(!all_finite(&x), "{at}");
            }
            x[at] = f32::MAX;
        }
        assert!(all_finite(&x));
    }

    /// Loops that go through several rows or columns side by side add up in the order of plain ones.
    #[test]
    fn sums_of_rows_and_columns_have_the_bits_of_plain_loops() {
        for (rows, columns) in [(1, 1), (3, 7), (8, 8), (17, 19), (64, 10), (40, 65)] {
            let x: Vec<f32> = (0..rows * columns).map(|i| (i as f32 * 1.7).sin()).collect();
            let centers: Vec<f64> = (0..columns).map(|i| (i as f64 * 0.3).cos()).collect();
            let mut expected = (vec![0.0; rows], vec![0.0; columns], vec![0.0; columns]);
            for (i, &x) in x.iter().enumerate() {
                let (row, column, x) = (i / columns, i % columns, f64::from(x));
                expected.0[row] += (x - centers[column]) * (x - centers[column]);
                expected.1[column] += (x - centers[column]) * (x - centers[column]);
                expected.2[column] += x;
            }
            let mut sums = vec![0.0_f64; columns];
            sum_columns(&x, columns, 0, &mut sums);
            let got = (row_squares(&x, &centers), column_squares(&x, &centers), sums);
            assert_eq!(got, expected, "{rows} × {columns}");
        }
    }

    #[test]
    fn squares_beside_others_have_the_bits_of_differences_that_are_stored() {
        let x: Vec<f32> = (0..29).map(|i| (i as f32 * 1.7).sin()).collect();
        let y: Vec<f64> = (0..29).map(|i| (f64::from(i) * 0.3).cos()).collect();
        let stored: Vec<f64> = x.iter().zip(&y).map(|(&x, y)| f64::from(x) - 0.7 * y).collect();
        assert_eq!(squares_beside(&x, 0.7, &y), sum_of_squares(&stored));
    }

    #[test]
    fn numbers_are_counted_by_what_they_are() {
        let x = [0.0_f32, f32::NAN, -2.0, f32::INFINITY, 0.5, -0.0, 1.0, f32::NEG_INFINITY, -0.5];
        assert_eq!((count_non_finite(&x), count_below(&x, 1.0)), (3, 4));
        assert_eq!(count_nonzero(&x, 3), [2, 3, 2]);
    }

    #[test]
    fn variance_survives_a_large_mean() {
        let x: Vec<f64> = (0..1000).map(|i| 1e6 + f64::from(i % 2)).collect();
        assert!((variance(&x) - 0.25).abs() < 1e-9);
        assert_eq!(sum_of_squares(&[3.0_f32, 4.0]), 25.0);
    }
}
