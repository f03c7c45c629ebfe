//! Rectified linear unit: max(0, x).

use fanin_kernels::{Float, Scalar};

use super::Formula;

/// max(0, x), with φ′(0) = 0 (Nair & Hinton 2010).
#[derive(Clone, Debug)]
pub struct Relu;

impl Formula for Relu {
    const NAME: &'static str = "relu";
    const ABOUT: &'static str = "max(0, x) (Nair & Hinton 2010)";

    #[inline(always)]
    fn value<S: Scalar>(&self, x: S) -> S {
        if x.value() <= 0.0 { S::constant(0.0) } else { x }
    }

    #[inline(always)]
    fn slope<T: Float>(&self, x: T) -> T {
        if x <= T::ZERO { T::ZERO } else { T::ONE }
    }

    #[inline(always)]
    fn slope_of_value<T: Float>(&self, y: T) -> Option<T> {
        Some(if y <= T::ZERO { T::ZERO } else { T::ONE })
    }

    fn kinks(&self) -> &'static [f64] {
        &[0.0]
    }
}
