//! Gaussian error linear unit: x·Φ(x).

use fanin_kernels::{Float, Scalar};

use super::{Formula, gate};

/// Beyond this Φ(−x) is below the smallest `f64`.
const FAR: f64 = 39.0;

/// x·Φ(x), Φ the distribution of N(0, 1) (Hendrycks & Gimpel 2016).
///
/// Φ keeps its digits below 0, where ½(1 + erf(x/√2)) loses them.
#[derive(Clone, Debug)]
pub struct Gelu;

impl Formula for Gelu {
    const NAME: &'static str = "gelu";
    const ABOUT: &'static str =
        "x*Phi(x), Phi the distribution of N(0, 1) (Hendrycks & Gimpel 2016)";

    #[inline(always)]
    fn value<S: Scalar>(&self, x: S) -> S {
        gate::value(x, FAR, x.normal()[0])
    }

    #[inline(always)]
    fn slope<T: Float>(&self, x: T) -> T {
        gate::slope(x, FAR, x.normal().into())
    }
}
