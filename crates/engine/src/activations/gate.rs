//! What the gated activations x·g(x) share: their limits, where g is 0 or 1 to the last bit.
//!
//! The gate is computed everywhere and chosen where it counts, so that a loop has no branch.

use fanin_kernels::{Float, Scalar};

/// x·g(x); −0 below −`far` and x above `far`, so that ±∞·0 never arises.
///
/// `far` must be where g(−far), and with it the product, underflows in `f64`.
#[inline(always)]
pub(super) fn value<S: Scalar>(x: S, far: f64, g: S) -> S {
    let inside = x * g;
    let not_left = if x.value() < -far { S::constant(-0.0) } else { inside };
    if x.value() > far { x } else { not_left }
}

/// g(x) + x·g′(x) with (g, g′) given; 0 below −`far` and 1 above `far`.
#[inline(always)]
pub(super) fn slope<T: Float>(x: T, far: f64, (g, d_g): (T, T)) -> T {
    let inside = g + x * d_g;
    let not_left = if x.value() < -far { T::ZERO } else { inside };
    if x.value() > far { T::ONE } else { not_left }
}
