//! Exponentials of a row over their sum, which is taken in f64.

#![expect(clippy::inline_always, reason = "a loop must be compiled where it is called from")]

use crate::scalar::Float;
use crate::wide::{Loop, wide};

/// Running results break the chain of dependent operations; their order is fixed.
const LANES: usize = 16;

/// `out = exp(x − m) / Σ exp(x − m)` with m the largest element, which changes nothing but keeps
/// exp from overflowing.
///
/// ```
/// let mut out = [0.0; 2];
/// fanin_kernels::softmax::softmax(&[1000.0, 1000.0_f32], &mut out);
/// assert_eq!(out, [0.5, 0.5]);
/// ```
///
/// # Panics
/// If the lengths differ.
pub fn softmax<T: Float>(x: &[T], out: &mut [T]) {
    assert_eq!(x.len(), out.len(), "softmax needs equal lengths");
    wide(Softmax { x, out });
}

/// The largest element m, and ln Σ exp(x − m); −∞ and NaN of no elements.
pub fn log_sum_exp<T: Float>(x: &[T]) -> (T, T) {
    let mut found = (T::from_f64(f64::NEG_INFINITY), T::from_f64(f64::NAN));
    if !x.is_empty() {
        wide(LogSumExp { x, found: &mut found });
    }
    found
}

struct Softmax<'a, T> {
    x: &'a [T],
    out: &'a mut [T],
}

impl<T: Float> Loop for Softmax<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Self { x, out } = self;
        let largest = largest(x);
        for (out, &x) in out.iter_mut().zip(x) {
            *out = (x - largest).exp();
        }
        let sum = T::from_f64(fold(out, 0.0, |sum, x| sum + x.to_f64()).iter().sum());
        for out in out {
            *out /= sum;
        }
    }
}

struct LogSumExp<'a, T> {
    x: &'a [T],
    found: &'a mut (T, T),
}

impl<T: Float> Loop for LogSumExp<'_, T> {
    #[inline(always)]
    fn run(self) {
        let largest = largest(self.x);
        let sums = fold(self.x, 0.0, |sum, x| sum + (x - largest).exp().to_f64());
        *self.found = (largest, T::from_f64(sums.iter().sum::<f64>().ln()));
    }
}

#[inline(always)]
fn largest<T: Float>(x: &[T]) -> T {
    let lowest = T::from_f64(f64::NEG_INFINITY);
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
            let x: Vec<f64> = (0..length).map(|i| f64::from(i * i % 13) - 6.0).collect();
            let sum: f64 = x.iter().map(|x| x.exp()).sum();
            let mut out = vec![0.0; x.len()];
            softmax(&x, &mut out);
            for (out, x) in out.iter().zip(&x) {
                assert!((out - x.exp() / sum).abs() < 1e-15);
            }
            let (largest, rest) = log_sum_exp(&x);
            assert!((largest + rest - sum.ln()).abs() < 1e-14);
        }
        assert_eq!(log_sum_exp::<f32>(&[]).0, f32::NEG_INFINITY);
    }

    #[test]
    fn nan_spreads_wherever_it_stands() {
        for at in [0, 5, 16, 20] {
            let mut x = [0.0_f32; 21];
            x[at] = f32::NAN;
            let mut out = [0.0; 21];
            softmax(&x, &mut out);
            assert!(out.iter().all(|x| x.is_nan()) && log_sum_exp(&x).1.is_nan());
        }
    }
}
