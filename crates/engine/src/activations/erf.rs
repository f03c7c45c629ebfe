//! Error function.

use std::f64::consts::FRAC_2_SQRT_PI;

use fanin_kernels::{Float, Scalar};

use super::Formula;

/// erf(x) = 2/√π ∫₀ˣ exp(−t²) dt, odd, in (−1, 1).
///
/// Its Gaussian averages have closed forms (Williams 1998, Computation with infinite neural
/// networks), which makes it the test case of signal propagation.
#[derive(Clone, Debug)]
pub struct Erf;

impl Formula for Erf {
    const NAME: &'static str = "erf";
    const ABOUT: &'static str = "error function, odd, in (-1, 1) (Williams 1998)";

    #[inline(always)]
    fn value<S: Scalar>(&self, x: S) -> S {
        x.erf()
    }

    #[inline(always)]
    fn slope<T: Float>(&self, x: T) -> T {
        T::constant(FRAC_2_SQRT_PI) * (-(x * x)).exp()
    }
}
