//! Logistic sigmoid: 1/(1 + e⁻ˣ).

use fanin_kernels::{Float, Scalar};

use super::Formula;

/// 1/(1 + e⁻ˣ), in (0, 1) (Rumelhart, Hinton & Williams 1986).
#[derive(Clone, Debug)]
pub struct Sigmoid;

impl Formula for Sigmoid {
    const NAME: &'static str = "sigmoid";
    const ABOUT: &'static str = "1/(1 + exp(-x)), in (0, 1) (Rumelhart, Hinton & Williams 1986)";

    #[inline(always)]
    fn value<S: Scalar>(&self, x: S) -> S {
        rising_and_falling(x).0
    }

    #[inline(always)]
    fn slope<T: Float>(&self, x: T) -> T {
        let (rising, falling) = rising_and_falling(x);
        rising * falling
    }

    #[inline(always)]
    fn slope_of_value<T: Float>(&self, y: T) -> Option<T> {
        Some(y * (T::ONE - y))
    }
}

/// σ(x) and σ(−x) = 1 − σ(x), each with all of its digits.
///
/// Only a negative number is exponentiated, e = exp(−|x|), so nothing overflows: the larger of
/// the two is 1/(1 + e), the smaller e/(1 + e).
#[inline(always)]
pub(super) fn rising_and_falling<S: Scalar>(x: S) -> (S, S) {
    let e = (-x.abs()).exp();
    let larger = S::constant(1.0) / (S::constant(1.0) + e);
    let smaller = e * larger;
    if x.value() < 0.0 { (smaller, larger) } else { (larger, smaller) }
}
