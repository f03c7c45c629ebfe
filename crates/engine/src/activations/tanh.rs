//! Hyperbolic tangent.

use fanin_kernels::{Float, Scalar};

use super::Formula;

/// tanh(x), odd, in (−1, 1); advised by Efficient `BackProp` (1998).
#[derive(Clone, Debug)]
pub struct Tanh;

impl Formula for Tanh {
    const NAME: &'static str = "tanh";
    const ABOUT: &'static str = "hyperbolic tangent, odd, in (-1, 1) (LeCun et al. 1998)";

    #[inline(always)]
    fn value<S: Scalar>(&self, x: S) -> S {
        x.tanh()
    }

    /// sech² = 4e/(1 + e)² with e = exp(−2|x|), which keeps its digits where 1 − tanh² has none.
    #[inline(always)]
    fn slope<T: Float>(&self, x: T) -> T {
        let x = x.abs();
        let e = (-(x + x)).exp();
        let rise = T::ONE + e;
        T::constant(4.0) * e / (rise * rise)
    }

    #[inline(always)]
    fn slope_of_value<T: Float>(&self, y: T) -> Option<T> {
        Some(T::ONE - y * y)
    }
}
