//! Piecewise quadratic silu: x·clip(x + 3, 0, 6)/6.

use fanin_kernels::{Float, Scalar};

use super::Formula;

/// 0 for x ≤ −3, x(x + 3)/6 between, x for x ≥ 3 (Howard et al. 2019).
///
/// At ±3 the slope is that of the outer piece, 0 and 1.
#[derive(Clone, Debug)]
pub struct Hardswish;

impl Formula for Hardswish {
    const NAME: &'static str = "hardswish";
    const ABOUT: &'static str = "x*clip(x + 3, 0, 6)/6 (Howard et al. 2019)";

    #[inline(always)]
    fn value<S: Scalar>(&self, x: S) -> S {
        if x.value() <= -3.0 {
            S::constant(-0.0)
        } else if x.value() >= 3.0 {
            x
        } else {
            x * (x + S::constant(3.0)) / S::constant(6.0)
        }
    }

    #[inline(always)]
    fn slope<T: Float>(&self, x: T) -> T {
        if x <= T::constant(-3.0) {
            T::ZERO
        } else if x >= T::constant(3.0) {
            T::ONE
        } else {
            x / T::constant(3.0) + T::constant(0.5)
        }
    }

    fn kinks(&self) -> &'static [f64] {
        &[-3.0, 3.0]
    }
}
