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
/// each in f64 and from the first row to the last.
///
/// ```
/// let mut sums = [0.0; 2];
/// fanin_kernels::reduce::sum_columns(&[1.0_f32, 2.0, 3.0, 10.0, 20.0, 30.0], 3, 1, &mut sums);
/// assert_eq!(sums, [22.0, 33.0]);
/// ```
///
/// # Panics
/// If there are fewer columns.
pub fn sum_columns<T: Float>(x: &[T], columns: usize, start: usize, out: &mut [T]) {
    assert!(start + out.len() <= columns, "columns that exist");
    wide(SumColumns { x, columns, start, out });
}

struct SumColumns<'a, T> {
    x: &'a [T],
    columns: usize,
    start: usize,
    out: &'a mut [T],
}

impl<T: Float> Loop for SumColumns<'_, T> {
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
            *out = sums.map(T::from_f64);
        }
        let mut sums = [0.0; COLUMNS];
        for row in x.chunks_exact(columns.max(1)) {
            for (sum, x) in sums.iter_mut().zip(&row[after..][..rest.len()]) {
                *sum += x.to_f64();
            }
        }
        rest.iter_mut().zip(sums).for_each(|(out, sum)| *out = T::from_f64(sum));
    }
}

/// Σ a·b in f64, in a fixed order.
///
/// # Panics
/// If the lengths differ.
pub fn dot<T: Float>(a: &[T], b: &[T]) -> f64 {
    assert_eq!(a.len(), b.len(), "a scalar product needs equal lengths");
    let mut sums = [0.0; LANES];
    let (a_chunks, a_rest) = a.as_chunks::<LANES>();
    let (b_chunks, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a_chunks.iter().zip(b_chunks) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a.to_f64() * b.to_f64();
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a.to_f64() * b.to_f64()).sum();
    sums.iter().sum::<f64>() + rest
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
    x.iter().filter(|v| !v.is_finite()).count()
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

    #[test]
    fn variance_survives_a_large_mean() {
        let x: Vec<f64> = (0..1000).map(|i| 1e6 + f64::from(i % 2)).collect();
        assert!((variance(&x) - 0.25).abs() < 1e-9);
        assert_eq!(sum_of_squares(&[3.0_f32, 4.0]), 25.0);
    }
}
