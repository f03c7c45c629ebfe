//! Squared rectifier: max(0, x)².

use fanin_kernels::{Float, Scalar};

use super::Formula;

/// max(0, x)² (So et al. 2021, Primer).
#[derive(Clone, Debug)]
pub struct Relu2;

impl Formula for Relu2 {
    const NAME: &'static str = "relu2";
    const ABOUT: &'static str = "max(0, x)^2 (So et al. 2021)";

    #[inline(always)]
    fn value<S: Scalar>(&self, x: S) -> S {
        if x.value() <= 0.0 { S::constant(0.0) } else { x * x }
    }

    #[inline(always)]
    fn slope<T: Float>(&self, x: T) -> T {
        if x <= T::ZERO { T::ZERO } else { x + x }
    }

    fn kinks(&self) -> &'static [f64] {
        &[0.0]
    }
}
