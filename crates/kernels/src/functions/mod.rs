//! exp, tanh, erf, logarithms and others of `f32`, written so that a loop over a buffer can be
//! compiled for wide instructions: arithmetic and choices alone, no branch and no call.
//!
//! Only operations that IEEE 754 rounds are used, and no product is merged into a sum, so the bits
//! are equal on every machine. Errors against the function of an `f64`, over the whole range: within 2
//! units in the last place, erf, erfc, ln within 1, as the tests measure. The polynomials
//! were fitted for the least largest relative error over their interval.

#![expect(clippy::inline_always, reason = "a loop must be compiled where it is called from")]

mod circle;
mod error;
mod logarithm;
#[cfg(test)]
mod tests;

use std::f32::consts::LOG2_E;
use std::ops::{Add, Mul};

pub(crate) use circle::{cos, sin};
pub(crate) use error::{erf, erfc};
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

/// The n and r of x = n·ln 2 + r with |r| ≤ ½ ln 2, r as what the first of two numbers is more than the
/// second; of `least` where x is below.
#[inline(always)]
fn reduced(x: f32, least: f32) -> (i32, [f32; 2]) {
    let x = if x < least { least } else { x };
    let x = if x > EXP_MOST { EXP_MOST } else { x };
    let shifted = x * LOG2_E + ROUNDER;
    let n = shifted - ROUNDER;
    let whole = shifted.to_bits().wrapping_sub(ROUNDER.to_bits()) as i32;
    (whole, [x - n * LN_2_HIGH, n * LN_2_LOW])
}

/// eˣ; 0 below −104 and infinite above 88.8.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    let (n, [most, least]) = reduced(x, EXP_LEAST);
    let r = most - least;
    let power = 1.0 + (r + r * r * polynomial(&EXP, r));
    // Two factors, so that neither leaves the range where the product does not.
    let half = n >> 1;
    power * power_of_two(half) * power_of_two(n.wrapping_sub(half))
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
    let (n, [most, least]) = reduced(x, EXP_M1_LEAST);
    let r = most - least;
    // What rounds away of r would be seen where 2ⁿ·(eʳ − 1) and 2ⁿ − 1 nearly cancel.
    let lost = (most - r) - least;
    let part = r + (r * r * polynomial(&EXP_M1, r) + lost);
    // By half the power, which is in range where the power itself is beyond.
    let half = power_of_two(n.wrapping_sub(1));
    let value = 2.0 * (half * part + (half - 0.5));
    // Half of a number near the least has no room for its last digit.
    let value = if x.abs() < 2.0 * f32::MIN_POSITIVE { x } else { value };
    value.copysign(x)
}

/// Up to here tanh is x + x³·P(x²).
const TANH_SMALL: f32 = 0.625;

/// (tanh x − x)/x³ as a polynomial in x².
const TANH: [f32; 5] = [-0.333_332_8, 0.133_314_42, -0.053_739_71, 0.020_639_079, -0.005_704_978_5];

/// tanh x.
#[inline(always)]
pub(crate) fn tanh(x: f32) -> f32 {
    let size = x.abs();
    let square = x * x;
    let small = size + size * square * polynomial(&TANH, square);
    let large = 1.0 - 2.0 / (exp(size + size) + 1.0);
    (if size < TANH_SMALL { small } else { large }).copysign(x)
}

/// Σ `coefficients`ₖ·xᵏ.
#[inline(always)]
fn polynomial<T: Copy + Add<Output = T> + Mul<Output = T>, const N: usize>(
    coefficients: &[T; N],
    x: T,
) -> T {
    let mut sum = coefficients[N - 1];
    for k in (0..N - 1).rev() {
        sum = sum * x + coefficients[k];
    }
    sum
}
