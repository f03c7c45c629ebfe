//! Softsign: x/(1 + |x|).

use fanin_kernels::{Float, Scalar};

use super::Formula;

/// x/(1 + |x|), odd, in (−1, 1), with tails as slow as 1/x (Turian, Bergstra & Bengio 2009).
#[derive(Clone, Debug)]
pub struct Softsign;

impl Formula for Softsign {
    const NAME: &'static str = "softsign";
    const ABOUT: &'static str =
        "x/(1 + |x|), odd, in (-1, 1), slow tails (Turian, Bergstra & Bengio 2009)";

    #[inline(always)]
    fn value<S: Scalar>(&self, x: S) -> S {
        let one = S::constant(1.0);
        let rest = one / (one + x.abs());
        // 1 − 1/(1 + |x|) has the limit 1, where |x|/(1 + |x|) would be ∞/∞.
        if x.value() < -1.0 {
            rest - one
        } else if x.value() > 1.0 {
            one - rest
        } else {
            x * rest
        }
    }

    #[inline(always)]
    fn slope<T: Float>(&self, x: T) -> T {
        let rest = T::ONE / (T::ONE + x.abs());
        rest * rest
    }

    fn kinks(&self) -> &'static [f64] {
        &[0.0]
    }
}
