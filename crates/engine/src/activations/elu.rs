//! Exponential linear unit: x above 0, α(eˣ − 1) below.

use fanin_kernels::{Float, Scalar};

use super::Formula;

/// x for x > 0, α(eˣ − 1) for x ≤ 0, with φ′(0) = α (Clevert, Unterthiner & Hochreiter 2016).
#[derive(Clone, Debug)]
pub struct Elu {
    /// −α is the limit far below 0.
    pub alpha: f64,
}

impl Formula for Elu {
    const NAME: &'static str = "elu";
    const ABOUT: &'static str =
        "x above 0, alpha*(exp(x) - 1) below, alpha = 1 (Clevert, Unterthiner & Hochreiter 2016)";

    #[inline(always)]
    fn value<S: Scalar>(&self, x: S) -> S {
        let below = S::constant(self.alpha) * x.exp_m1();
        if x.value() <= 0.0 { below } else { x }
    }

    #[inline(always)]
    fn slope<T: Float>(&self, x: T) -> T {
        let below = T::constant(self.alpha) * x.exp();
        if x <= T::ZERO { below } else { T::ONE }
    }

    fn kinks(&self) -> &'static [f64] {
        &[0.0]
    }

    fn parameter(&self) -> Option<f64> {
        Some(self.alpha)
    }

    fn with_parameter(&self, alpha: f64) -> Option<Self> {
        ((alpha as f32).is_finite() && alpha >= 0.0).then_some(Self { alpha })
    }
}
