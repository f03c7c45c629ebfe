//! What the gated activations x·g(x) share: their limits, where g is 0 or 1 to the last bit.

use fanin_kernels::{Float, Scalar};

/// x·g(x); −0 below −`far` and x above `far`, so that ±∞·0 never arises.
///
/// `far` must be where g(−far), and with it the product, underflows in `f64`.
pub(super) fn value<S: Scalar>(x: S, far: f64, gate: impl Fn(S) -> S) -> S {
    if x.value() < -far {
        S::constant(-0.0)
    } else if x.value() > far {
        x
    } else {
        x * gate(x)
    }
}

/// g(x) + x·g′(x) where `gate` gives (g, g′); 0 below −`far` and 1 above `far`.
pub(super) fn slope<T: Float>(x: T, far: f64, gate: impl Fn(T) -> (T, T)) -> T {
    if x.value() < -far {
        T::ZERO
    } else if x.value() > far {
        T::ONE
    } else {
        let (g, d_g) = gate(x);
        g + x * d_g
    }
}
