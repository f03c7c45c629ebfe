//! Exponentials of rows over their sums, which are taken in f64.
//!
//! Rows shorter than a vector are taken many at a time, so that exponentials of several of them fill it;
//! no bit depends on that.

#![expect(clippy::inline_always, reason = "a loop must be compiled where it is called from")]

use crate::scalar::Float;
use crate::wide::{Loop, wide};

/// Running results break the chain of dependent operations; their order is fixed.
const LANES: usize = 16;

/// Elements of short rows whose exponentials are taken together.
const TOGETHER: usize = 256;

/// For every row of `columns` elements, `out = exp(x − m) / Σ exp(x − m)` with m the row's largest
/// element, which changes nothing but keeps exp from overflowing.
///
/// ```
/// let mut out = [0.0; 4];
/// fanin_kernels::softmax::softmax(&[1000.0, 1000.0, 0.0, 0.0_f32], 2, &mut out);
/// assert_eq!(out, [0.5; 4]);
/// ```
///
/// # Panics
/// If the lengths differ, or are no multiple of `columns`.
pub fn softmax<T: Float>(x: &[T], columns: usize, out: &mut [T]) {
    assert_eq!(x.len(), out.len(), "softmax needs equal lengths");
    assert!(x.len().is_multiple_of(columns.max(1)), "softmax needs whole rows");
    wide(Softmax { x, columns: columns.max(1), out });
}

/// Calls `found` for every row of `columns` elements, with its number, its largest element m, and
/// ln Σ exp(x − m).
///
/// ```
/// let mut found = Vec::new();
/// fanin_kernels::softmax::log_sum_exp(&[3.0_f64, 3.0], 2, &mut |_, largest, rest| {
///     found.push(largest + rest);
/// });
/// assert_eq!(found, [3.0 + 2.0_f64.ln()]);
/// ```
///
/// # Panics
/// If the length is no multiple of `columns`.
pub fn log_sum_exp<T: Float>(x: &[T], columns: usize, found: &mut impl FnMut(usize, T, T)) {
    assert!(x.len().is_multiple_of(columns.max(1)), "rows are whole");
    wide(LogSumExp { x, columns: columns.max(1), found });
}

struct Softmax<'a, T> {
    x: &'a [T],
    columns: usize,
    out: &'a mut [T],
}

impl<T: Float> Loop for Softmax<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Self { x, columns, out } = self;
        let some = (TOGETHER / columns).max(1) * columns;
        for (x, out) in x.chunks(some).zip(out.chunks_mut(some)) {
            for (x, out) in x.chunks(columns).zip(out.chunks_mut(columns)) {
                let largest = largest(x);
                out.iter_mut().zip(x).for_each(|(out, &x)| *out = x - largest);
            }
            out.iter_mut().for_each(|out| *out = out.exp());
            for out in out.chunks_mut(columns) {
                let sum = T::from_f64(sum(out));
                out.iter_mut().for_each(|out| *out /= sum);
            }
        }
    }
}

struct LogSumExp<'a, T, F> {
    x: &'a [T],
    columns: usize,
    found: &'a mut F,
}

impl<T: Float, F: FnMut(usize, T, T)> Loop for LogSumExp<'_, T, F> {
    #[inline(always)]
    fn run(self) {
        let Self { x, columns, found } = self;
        let mut exps = [T::ZERO; TOGETHER];
        if columns > TOGETHER {
            for (row, x) in x.chunks(columns).enumerate() {
                let largest = largest(x);
                let sums = fold(x, 0.0, |sum, x| sum + (x - largest).exp().to_f64());
                found(row, largest, T::from_f64(sums.iter().sum::<f64>().ln()));
            }
            return;
        }
        let together = TOGETHER / columns;
        for (group, x) in x.chunks(together * columns).enumerate() {
            let exps = &mut exps[..x.len()];
            for (x, exps) in x.chunks(columns).zip(exps.chunks_mut(columns)) {
                let largest = largest(x);
                exps.iter_mut().zip(x).for_each(|(exp, &x)| *exp = x - largest);
            }
            exps.iter_mut().for_each(|exp| *exp = exp.exp());
            let rows = x.chunks(columns).zip(exps.chunks(columns));
            for (row, (x, exps)) in (group * together..).zip(rows) {
                found(row, largest(x), T::from_f64(sum(exps).ln()));
            }
        }
    }
}

/// Sum in f64.
#[inline(always)]
fn sum<T: Float>(x: &[T]) -> f64 {
    if x.len() < LANES {
        return x.iter().fold(0.0, |sum, x| sum + x.to_f64());
    }
    fold(x, 0.0, |sum, x| sum + x.to_f64()).iter().sum()
}

#[inline(always)]
fn largest<T: Float>(x: &[T]) -> T {
    let lowest = T::from_f64(f64::NEG_INFINITY);
    if x.len() < LANES {
        return x.iter().copied().fold(lowest, T::maximum);
    }
    fold(x, lowest, T::maximum).into_iter().fold(lowest, T::maximum)
}

/// Folds every 16th element, then what that gave; `start` must change nothing.
#[inline(always)]
fn fold<T: Float, S: Copy>(x: &[T], start: S, add: impl Fn(S, T) -> S) -> [S; LANES] {
    let mut lanes = [start; LANES];
    let (chunks, rest) = x.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane = add(*lane, x);
        }
    }
    for (lane, &x) in lanes.iter_mut().zip(rest) {
        *lane = add(*lane, x);
    }
    lanes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_any_length_equal_the_plain_loop() {
        for length in [1, 2, 15, 16, 17, 100] {
            let x: Vec<f64> = (0..length).map(|i| (i * i % 13) as f64 - 6.0).collect();
            let sum: f64 = x.iter().map(|x| x.exp()).sum();
            let mut out = vec![0.0; x.len()];
            softmax(&x, length, &mut out);
            for (out, x) in out.iter().zip(&x) {
                assert!((out - x.exp() / sum).abs() < 1e-15);
            }
            log_sum_exp(&x, length, &mut |row, largest, rest| {
                assert!(row == 0 && (largest + rest - sum.ln()).abs() < 1e-14);
            });
        }
    }

    #[test]
    fn rows_taken_together_have_the_bits_of_single_rows() {
        for columns in [1, 3, 10, 16, 100, 255, 256, 257, 700] {
            let x: Vec<f32> = (0..61 * columns).map(|i| (i * i % 131) as f32 / 9.0).collect();
            let mut out = vec![0.0; x.len()];
            softmax(&x, columns, &mut out);
            let mut all = Vec::new();
            log_sum_exp(&x, columns, &mut |row, largest, rest| all.push((row, largest, rest)));
            assert_eq!(all.len(), 61);
            for (row, x) in x.chunks(columns).enumerate() {
                let mut own = vec![0.0; columns];
                softmax(x, columns, &mut own);
                assert_eq!(own, out[row * columns..][..columns], "{columns}, row {row}");
                log_sum_exp(x, columns, &mut |_, largest, rest| {
                    assert_eq!((row, largest, rest), all[row], "{columns}");
                });
            }
        }
    }

    #[test]
    fn nan_spreads_wherever_it_stands() {
        for at in [0, 5, 16, 20] {
            let mut x = [0.0_f32; 21];
            x[at] = f32::NAN;
            let mut out = [0.0; 21];
            softmax(&x, 21, &mut out);
            assert!(out.iter().all(|x| x.is_nan()));
            log_sum_exp(&x, 7, &mut |row, _, rest| assert_eq!(rest.is_nan(), row == at / 7));
        }
    }
}
