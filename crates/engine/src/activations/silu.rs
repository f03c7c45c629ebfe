//! Sigmoid linear unit: x·σ(x).

use fanin_kernels::{Float, Scalar};

use super::{Formula, gate, sigmoid};

/// Beyond this x·σ(−x) is below the smallest `f64`.
const FAR: f64 = 760.0;

/// x·σ(x), also called swish (Elfwing, Uchibe & Doya 2017).
#[derive(Clone, Debug)]
pub struct Silu;

impl Formula for Silu {
    const NAME: &'static str = "silu";
    const ABOUT: &'static str = "x*sigmoid(x), also called swish (Elfwing, Uchibe & Doya 2017)";

    #[inline(always)]
    fn value<S: Scalar>(&self, x: S) -> S {
        gate::value(x, FAR, sigmoid::rising_and_falling(x).0)
    }

    #[inline(always)]
    fn slope<T: Float>(&self, x: T) -> T {
        let (rising, falling) = sigmoid::rising_and_falling(x);
        gate::slope(x, FAR, (rising, rising * falling))
    }
}
