//! No activation: x.

use fanin_kernels::{Float, Scalar};

use super::Formula;

/// x, which leaves a layer linear.
#[derive(Clone, Debug)]
pub struct Identity;

impl Formula for Identity {
    const NAME: &'static str = "identity";
    const ABOUT: &'static str = "x, a linear layer";

    #[inline(always)]
    fn value<S: Scalar>(&self, x: S) -> S {
        x
    }

    #[inline(always)]
    fn slope<T: Float>(&self, _x: T) -> T {
        T::ONE
    }
}
