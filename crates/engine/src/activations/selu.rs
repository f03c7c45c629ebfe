//! Scaled exponential linear unit: an ELU that keeps mean 0 and variance 1.

use fanin_kernels::{Float, Scalar};

use super::Formula;

/// α of Klambauer et al. 2017, eq. 14: −√(2/π) / (√e·erfc(1/√2) − 1).
pub(super) const ALPHA: f64 = 1.673_263_242_354_377_2;

/// λ of Klambauer et al. 2017, eq. 14: the scale at which E φ(z)² = 1 for z ~ N(0, 1).
pub(super) const LAMBDA: f64 = 1.050_700_987_355_480_5;

/// λ·x for x > 0, λα(eˣ − 1) for x ≤ 0, with φ′(0) = λα (Klambauer et al. 2017).
///
/// α and λ make (mean 0, variance 1) a fixed point of a layer with weights of variance 1/fan-in.
#[derive(Clone, Debug)]
pub struct Selu;

impl Formula for Selu {
    const NAME: &'static str = "selu";
    const ABOUT: &'static str =
        "1.0507*x above 0, 1.7581*(exp(x) - 1) below: keeps N(0, 1) (Klambauer et al. 2017)";

    #[inline(always)]
    fn value<S: Scalar>(&self, x: S) -> S {
        let below = S::constant(LAMBDA * ALPHA) * x.exp_m1();
        if x.value() <= 0.0 { below } else { S::constant(LAMBDA) * x }
    }

    #[inline(always)]
    fn slope<T: Float>(&self, x: T) -> T {
        if x <= T::ZERO { T::constant(LAMBDA * ALPHA) * x.exp() } else { T::constant(LAMBDA) }
    }

    fn kinks(&self) -> &'static [f64] {
        &[0.0]
    }
}
