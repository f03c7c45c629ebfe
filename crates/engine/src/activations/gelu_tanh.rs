//! Gaussian error linear unit, approximated by a hyperbolic tangent.

use fanin_kernels::{Float, Scalar};

use super::{Formula, gate, sigmoid};

/// Beyond this σ(−2u) is below the smallest `f64`.
const FAR: f64 = 25.0;

/// 2√(2/π): the approximation's slope at 0 is that of Φ; recomputed in the tests.
pub(super) const TWICE_SLOPE: f64 = 1.595_769_121_605_730_7;

/// The fitted coefficient of x³ (Hendrycks & Gimpel 2016).
pub(super) const CUBIC: f64 = 0.044_715;

/// ½x(1 + tanh u), u = √(2/π)(x + 0.044715x³) (Hendrycks & Gimpel 2016); GPT-2's activation.
///
/// Computed as x·σ(2u), the same number, because ½(1 + tanh) loses its digits below 0.
#[derive(Clone, Debug)]
pub struct GeluTanh;

impl Formula for GeluTanh {
    const NAME: &'static str = "gelu_tanh";
    const ABOUT: &'static str =
        "x/2*(1 + tanh(sqrt(2/pi)*(x + 0.044715*x^3))) (Hendrycks & Gimpel 2016)";

    #[inline(always)]
    fn value<S: Scalar>(&self, x: S) -> S {
        gate::value(x, FAR, sigmoid::rising_and_falling(twice_u(x)).0)
    }

    #[inline(always)]
    fn slope<T: Float>(&self, x: T) -> T {
        let (rising, falling) = sigmoid::rising_and_falling(twice_u(x));
        let d_u = T::constant(TWICE_SLOPE) * (T::ONE + T::constant(3.0 * CUBIC) * x * x);
        gate::slope(x, FAR, (rising, rising * falling * d_u))
    }
}

#[inline(always)]
fn twice_u<S: Scalar>(x: S) -> S {
    S::constant(TWICE_SLOPE) * x * (S::constant(1.0) + S::constant(CUBIC) * x * x)
}
