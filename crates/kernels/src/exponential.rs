//! The exponential of `f32`, without a branch or a call, so that loops over it are compiled for
//! wide instructions; the same bits on every platform.

#![expect(clippy::inline_always, reason = "a loop must be compiled where it is called from")]

use std::f64::consts::{LN_2, LOG2_E};

/// e to the power of x, rounded to `f32` from a relative error below 10⁻¹¹.
///
/// With n the whole number nearest to x/ln 2, eˣ = 2ⁿ·eʸ and |y| ≤ ½ ln 2, where Taylor's
/// polynomial of degree 9 leaves less than (½ ln 2)¹⁰/10! = 7·10⁻¹².
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    /// Beyond these bounds the result is 0 or ∞ in `f32`.
    const BOUNDS: [f32; 2] = [-110.0, 90.0];
    let x = if x < BOUNDS[0] { BOUNDS[0] } else { x };
    exp_f64(f64::from(if x > BOUNDS[1] { BOUNDS[1] } else { x })) as f32
}

/// e to the power of x with |x| < 700, to a relative error below 10⁻¹¹.
#[inline(always)]
pub(crate) fn exp_f64(x: f64) -> f64 {
    /// 1.5·2⁵²: a sum with it has no bits after the point, and its lowest bits are the number.
    const WHOLE: f64 = 6_755_399_441_055_744.0;
    let shifted = x * LOG2_E + WHOLE;
    let y = x - (shifted - WHOLE) * LN_2;
    let mut sum = TAYLOR[9];
    for k in (0..9).rev() {
        sum = sum * y + TAYLOR[k];
    }
    let n = shifted.to_bits().wrapping_sub(WHOLE.to_bits());
    let power = f64::from_bits(n.wrapping_add(1023) << 52);
    sum * power
}

/// 1/k!.
const TAYLOR: [f64; 10] = [
    1.0,
    1.0,
    1.0 / 2.0,
    1.0 / 6.0,
    1.0 / 24.0,
    1.0 / 120.0,
    1.0 / 720.0,
    1.0 / 5040.0,
    1.0 / 40320.0,
    1.0 / 362_880.0,
];

#[cfg(test)]
mod tests {
    use super::exp;

    #[test]
    fn exponentials_are_those_of_f64_rounded() {
        let mut other = 0;
        let all = (0..=u32::MAX).step_by(4099).map(f32::from_bits).filter(|x| !x.is_nan());
        for x in all {
            let (got, want) = (exp(x), f64::from(x).exp() as f32);
            let apart = got.to_bits().abs_diff(want.to_bits());
            assert!(apart <= 1, "exp({x}) is {got} and not {want}");
            other += apart;
        }
        // An error of 10⁻¹¹ against half a unit in the last place, 3·10⁻⁸ or more.
        assert!(other < 200, "{other} of a million are rounded to the other side");
    }

    #[test]
    fn limits_are_exact_and_nan_stays() {
        assert_eq!(exp(0.0), 1.0);
        assert_eq!(exp(f32::NEG_INFINITY), 0.0);
        assert_eq!(exp(f32::INFINITY), f32::INFINITY);
        assert!(exp(f32::NAN).is_nan());
    }
}
