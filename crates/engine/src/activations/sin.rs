//! Sine.

use fanin_kernels::{Float, Scalar};

use super::Formula;

/// sin(x), x in radians (Sitzmann et al. 2020, SIREN, where φ = sin(ω₀x)).
///
/// It has no limit: sin(±∞) is NaN.
#[derive(Clone, Debug)]
pub struct Sin;

impl Formula for Sin {
    const NAME: &'static str = "sin";
    const ABOUT: &'static str = "sine (Sitzmann et al. 2020)";

    #[inline(always)]
    fn value<S: Scalar>(&self, x: S) -> S {
        x.sin()
    }

    #[inline(always)]
    fn slope<T: Float>(&self, x: T) -> T {
        x.cos()
    }
}
