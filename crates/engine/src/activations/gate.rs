//! What the gated activations x·g(x) share: their limits, where g is 0 or 1 to the last bit.

#![expect(clippy::inline_always, reason = "a loop must be compiled where it is called from")]

use fanin_kernels::{Float, Scalar};

/// x·g(x); −0 below −`far` and x above `far`, so that ±∞·0 never shows.
///
/// By choices alone, without a branch, so that loops can be compiled for wide instructions.
/// `far` must be where g(−far), and with it the product, underflows in `f64`.
#[inline(always)]
pub(super) fn value<S: Scalar>(x: S, far: f64, gate: impl Fn(S) -> S) -> S {
    let inside = x * gate(x);
    let above = if x.value() > far { x } else { inside };
    if x.value() < -far { S::constant(-0.0) } else { above }
}

/// g(x) + x·g′(x) where `gate` gives (g, g′); 0 below −`far` and 1 above `far`.
#[inline(always)]
pub(super) fn slope<T: Float>(x: T, far: f64, gate: impl Fn(T) -> (T, T)) -> T {
    let (g, d_g) = gate(x);
    let inside = g + x * d_g;
    let above = if x.value() > far { T::ONE } else { inside };
    if x.value() < -far { T::ZERO } else { above }
}
