//! Piecewise linear tanh: x clipped to [−1, 1].

use fanin_kernels::{Float, Scalar};

use super::Formula;

/// x clipped to [−1, 1], with φ′(±1) = 0 (Collobert 2004).
#[derive(Clone, Debug)]
pub struct Hardtanh;

impl Formula for Hardtanh {
    const NAME: &'static str = "hardtanh";
    const ABOUT: &'static str = "x clipped to [-1, 1] (Collobert 2004)";

    #[inline(always)]
    fn value<S: Scalar>(&self, x: S) -> S {
        if x.value() <= -1.0 {
            S::constant(-1.0)
        } else if x.value() >= 1.0 {
            S::constant(1.0)
        } else {
            x
        }
    }

    #[inline(always)]
    fn slope<T: Float>(&self, x: T) -> T {
        if x.abs() >= T::ONE { T::ZERO } else { T::ONE }
    }

    #[inline(always)]
    fn slope_of_value<T: Float>(&self, y: T) -> Option<T> {
        Some(if y.abs() >= T::ONE { T::ZERO } else { T::ONE })
    }

    fn kinks(&self) -> &'static [f64] {
        &[-1.0, 1.0]
    }
}
