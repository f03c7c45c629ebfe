//! Gaussian error linear unit: x·Φ(x).

use std::f64::consts::FRAC_1_SQRT_2;

use fanin_kernels::{Float, Scalar};

use super::{Formula, gate};

/// Beyond this Φ(−x) is below the smallest `f64`.
const FAR: f64 = 39.0;

/// The density of N(0, 1) at 0, 1/√(2π); recomputed in the tests.
pub(super) const DENSITY_AT_0: f64 = 0.398_942_280_401_432_7;

/// x·Φ(x) = ½x·erfc(−x/√2), Φ the distribution of N(0, 1) (Hendrycks & Gimpel 2016).
///
/// Φ is taken from erfc: ½(1 + erf) loses its digits below 0.
#[derive(Clone, Debug)]
pub struct Gelu;

impl Formula for Gelu {
    const NAME: &'static str = "gelu";
    const ABOUT: &'static str =
        "x*Phi(x), Phi the distribution of N(0, 1) (Hendrycks & Gimpel 2016)";

    #[inline(always)]
    fn value<S: Scalar>(&self, x: S) -> S {
        gate::value(x, FAR, distribution(x))
    }

    #[inline(always)]
    fn slope<T: Float>(&self, x: T) -> T {
        gate::slope(x, FAR, both(x))
    }
}

/// The distribution and its density.
#[inline(always)]
fn both<T: Float>(x: T) -> (T, T) {
    (distribution(x), T::constant(DENSITY_AT_0) * (T::constant(-0.5) * x * x).exp())
}

#[inline(always)]
fn distribution<S: Scalar>(x: S) -> S {
    S::constant(0.5) * (S::constant(-FRAC_1_SQRT_2) * x).erfc()
}
