//! Smooth rectifier: ln(1 + eˣ).

use fanin_kernels::{Float, Scalar};

use super::{Formula, sigmoid};

/// ln(1 + eˣ), whose slope is the sigmoid (Dugas et al. 2001).
///
/// Computed as max(x, 0) + ln(1 + exp(−|x|)), which neither overflows nor loses digits.
#[derive(Clone, Debug)]
pub struct Softplus;

impl Formula for Softplus {
    const NAME: &'static str = "softplus";
    const ABOUT: &'static str = "ln(1 + exp(x)), a smooth relu (Dugas et al. 2001)";

    #[inline(always)]
    fn value<S: Scalar>(&self, x: S) -> S {
        let rest = (-x.abs()).exp().ln_1p();
        if x.value() < 0.0 { rest } else { x + rest }
    }

    #[inline(always)]
    fn slope<T: Float>(&self, x: T) -> T {
        sigmoid::rising_and_falling(x).0
    }
}
