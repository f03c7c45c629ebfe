//! exp, tanh, erf, logarithms and others of `f32`, written so that a loop over a buffer can be
//! compiled for wide instructions: arithmetic and choices alone, no branch and no call.
//!
//! Only operations that IEEE 754 rounds are used, so the bits are equal on every machine. Products are
//! merged into sums where `mul_add` is written and nowhere else; what has no instruction for it, as
//! x86 without AVX2, calls a function each time and takes many times as long, with the same bits.
//! Errors against the function of an `f64`, over the whole range: within 2 units in the last place, ln
//! within 1, erfc and the normal distribution within 6, as the tests measure. The polynomials were
//! fitted for the least largest relative error over their interval.

#![expect(clippy::inline_always, reason = "a loop must be compiled where it is called from")]

mod circle;
mod error;
mod logarithm;
#[cfg(test)]
mod tests;

use std::f32::consts::LOG2_E;

pub(crate) use circle::{cos, sin};
pub(crate) use error::{erf, erfc, normal, normal_f64};
pub(crate) use logarithm::{ln, ln_1p};

/// Added to a number below 2²² and subtracted again, it leaves the nearest whole number.
const ROUNDER: f32 = 12_582_912.0;

/// The same for an `f64` below 2⁵¹.
const ROUNDER_F64: f64 = 6_755_399_441_055_744.0;

/// ln 2 in two parts, the first short enough for its products with whole numbers to be exact.
const LN_2_HIGH: f32 = 0.693_359_4;
const LN_2_LOW: f32 = -2.121_944_4e-4;

/// Below this e^x rounds to 0, and above the other to infinity.
const EXP_LEAST: f32 = -104.0;
const EXP_MOST: f32 = 89.0;

/// (eʳ − 1 − r)/r² for |r| ≤ ½ ln 2; the least power first.
const EXP: [f32; 5] = [0.499_999_94, 0.166_665_21, 0.041_668_39, 0.008_368_745, 0.001_381_453_8];

/// The same, fitted for the relative error of eʳ − 1 rather than of eʳ.
const EXP_M1: [f32; 5] =
    [0.499_999_97, 0.166_665_43, 0.041_667_2, 0.008_366_520_5, 0.001_388_252_1];

/// The n of x = n·ln 2 + r with |r| ≤ ½ ln 2, as a whole number and as it is, and r + n·[`LN_2_LOW`],
/// exact; of `least` where x is below.
#[inline(always)]
fn reduced(x: f32, least: f32) -> (i32, f32, f32) {
    let x = if x < least { least } else { x };
    let x = if x > EXP_MOST { EXP_MOST } else { x };
    let shifted = x.mul_add(LOG2_E, ROUNDER);
    let n = shifted - ROUNDER;
    let whole = shifted.to_bits().wrapping_sub(ROUNDER.to_bits()) as i32;
    (whole, n, n.mul_add(-LN_2_HIGH, x))
}

/// eʳ − 1 for |r| ≤ ½ ln 2.
#[inline(always)]
fn near_0(coefficients: &[f32; 5], r: f32) -> f32 {
    (r * r).mul_add(polynomial(coefficients, r), r)
}

/// eˣ; 0 below −104 and infinite above 88.8.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    let (whole, n, most) = reduced(x, EXP_LEAST);
    times_power_of_two(1.0 + near_0(&EXP, n.mul_add(-LN_2_LOW, most)), whole)
}

/// 2ⁿ·x, by two factors, so that neither leaves the range where the product does not.
#[inline(always)]
fn times_power_of_two(x: f32, n: i32) -> f32 {
    let half = n >> 1;
    x * power_of_two(half) * power_of_two(n.wrapping_sub(half))
}

/// 2ⁿ for −126 ≤ n ≤ 127.
#[inline(always)]
fn power_of_two(n: i32) -> f32 {
    f32::from_bits((n.wrapping_add(127) as u32) << 23)
}

/// Below this eˣ − 1 rounds to −1.
const EXP_M1_LEAST: f32 = -20.0;

/// eˣ − 1, with all of its digits near 0.
#[inline(always)]
pub(crate) fn exp_m1(x: f32) -> f32 {
    let (whole, n, most) = reduced(x, EXP_M1_LEAST);
    let r = n.mul_add(-LN_2_LOW, most);
    // What rounds away of r would be seen where 2ⁿ·(eʳ − 1) and 2ⁿ − 1 nearly cancel.
    let lost = n.mul_add(-LN_2_LOW, most - r);
    // By half the power, which is in range where the power itself is beyond.
    let half = power_of_two(whole.wrapping_sub(1));
    let value = 2.0 * half.mul_add(near_0(&EXP_M1, r) + lost, half - 0.5);
    // Half of a number near the least has no room for its last digit.
    let value = if x.abs() < 2.0 * f32::MIN_POSITIVE { x } else { value };
    value.copysign(x)
}

/// From here on tanh rounds to 1.
const TANH_FAR: f32 = 10.0;

/// tanh x = e/(e + 2) = 1 − 2/(e + 2) for e = exp(2|x|) − 1.
#[inline(always)]
pub(crate) fn tanh(x: f32) -> f32 {
    let size = x.abs();
    let size = if size > TANH_FAR { TANH_FAR } else { size };
    let (whole, n, most) = reduced(size + size, 0.0);
    let power = power_of_two(whole);
    let e = power.mul_add(near_0(&EXP_M1, n.mul_add(-LN_2_LOW, most)), power - 1.0);
    let divisor = e + 2.0;
    let is_small = e < 2.0;
    let quotient = (if is_small { e } else { 2.0 }) / divisor;
    // What both have lost, over the divisor, which is 2/(1 − tanh).
    let lost = e - (divisor - 2.0);
    let rest = quotient.mul_add(-lost, quotient.mul_add(-divisor, e));
    let small = rest.mul_add(quotient.mul_add(-0.5, 0.5), quotient);
    (if is_small { small } else { 1.0 - quotient }).copysign(x)
}

/// Σ `coefficients`ₖ·xᵏ.
#[inline(always)]
fn polynomial<const N: usize>(coefficients: &[f32; N], x: f32) -> f32 {
    let mut sum = coefficients[N - 1];
    for k in (0..N - 1).rev() {
        sum = sum.mul_add(x, coefficients[k]);
    }
    sum
}
