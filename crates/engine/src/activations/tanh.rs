//! Hyperbolic tangent.

use fanin_kernels::{Float, Scalar};

use super::Formula;

/// tanh(x).
#[derive(Clone, Debug)]
pub struct Tanh;

impl Formula for Tanh {
    const NAME: &'static str = "tanh";
    const ABOUT: &'static str = "hyperbolic tangent, odd, in (-1, 1) (LeCun et al. 1998)";

    fn value<S: Scalar>(&self, x: S) -> S {
        x.tanh()
    }

    fn slope<T: Float>(&self, x: T) -> T {
        let y = Scalar::tanh(x);
        T::ONE - y * y
    }
}
