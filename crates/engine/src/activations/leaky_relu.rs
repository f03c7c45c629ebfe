//! Rectified linear unit that leaks: x above 0, a·x below.

use fanin_kernels::{Float, Scalar};

use super::Formula;

/// x for x > 0, a·x for x ≤ 0, with φ′(0) = a (Maas, Hannun & Ng 2013).
#[derive(Clone, Debug)]
pub struct LeakyRelu {
    /// The slope a below 0.
    pub negative_slope: f64,
}

impl Formula for LeakyRelu {
    const NAME: &'static str = "leaky_relu";
    const ABOUT: &'static str = "x above 0, a*x below, a = 0.01 (Maas, Hannun & Ng 2013)";

    #[inline(always)]
    fn value<S: Scalar>(&self, x: S) -> S {
        let below = S::constant(self.negative_slope) * x;
        if x.value() <= 0.0 { below } else { x }
    }

    #[inline(always)]
    fn slope<T: Float>(&self, x: T) -> T {
        let below = T::constant(self.negative_slope);
        if x <= T::ZERO { below } else { T::ONE }
    }

    #[inline(always)]
    fn slope_of_value<T: Float>(&self, y: T) -> Option<T> {
        (self.negative_slope > 0.0).then(|| self.slope(y))
    }

    fn kinks(&self) -> &'static [f64] {
        &[0.0]
    }

    fn parameter(&self) -> Option<f64> {
        Some(self.negative_slope)
    }

    fn with_parameter(&self, negative_slope: f64) -> Option<Self> {
        (negative_slope as f32).is_finite().then_some(Self { negative_slope })
    }
}
