//! Natural logarithms.

use std::f32::consts::FRAC_1_SQRT_2;

use super::{LN_2_HIGH, LN_2_LOW, polynomial, power_of_two};

/// (ln(1 + f) − f + ½f²)/f³ for √½ ≤ 1 + f ≤ √2.
const LN: [f32; 8] = [
    0.333_333_3,
    -0.250_008_2,
    0.200_012_27,
    -0.166_233_57,
    0.142_017_59,
    -0.131_601_8,
    0.127_615_75,
    -0.076_344_93,
];

/// ln x; NaN below 0, −∞ at 0.
#[inline(always)]
pub(crate) fn ln(x: f32) -> f32 {
    /// 2²³, which makes every number normal.
    const UP: f32 = 8_388_608.0;
    let is_subnormal = x < f32::MIN_POSITIVE;
    let (exponent, f) = split(if is_subnormal { x * UP } else { x });
    let exponent = if is_subnormal { exponent - 23 } else { exponent };
    at_ends(x, logarithm(exponent, f))
}

/// ln(1 + x), with all of its digits near 0; NaN below −1, −∞ at −1.
#[inline(always)]
pub(crate) fn ln_1p(x: f32) -> f32 {
    let y = 1.0 + x;
    let (exponent, f) = split(y);
    let lost = (x - (y - 1.0)) * power_of_two(-(if exponent > 126 { 126 } else { exponent }));
    let f = if exponent == 0 { x } else { f + lost };
    at_ends(y, logarithm(exponent, f)).copysign(x)
}

/// The n and f of x = 2ⁿ(1 + f) with √½ ≤ 1 + f < √2, for a normal x above 0.
#[inline(always)]
fn split(x: f32) -> (i32, f32) {
    let exponent = (x.to_bits().wrapping_sub(FRAC_1_SQRT_2.to_bits()) as i32) >> 23;
    let near_1 = f32::from_bits(x.to_bits().wrapping_sub((exponent as u32) << 23));
    (exponent, near_1 - 1.0)
}

/// ln 2ⁿ(1 + f).
#[inline(always)]
fn logarithm(n: i32, f: f32) -> f32 {
    let n = n as f32;
    let square = f * f;
    let rest = (square * f).mul_add(polynomial(&LN, f), -0.5 * square);
    n.mul_add(LN_2_HIGH, f + n.mul_add(LN_2_LOW, rest))
}

/// `inside`, but for arguments without a finite logarithm.
#[inline(always)]
fn at_ends(x: f32, inside: f32) -> f32 {
    let up_to_infinity = if x == f32::INFINITY { x } else { inside };
    let from_0 = if x == 0.0 { f32::NEG_INFINITY } else { up_to_infinity };
    if x >= 0.0 { from_0 } else { f32::NAN }
}
