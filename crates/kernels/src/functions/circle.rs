//! Sine and cosine, of angles of any size.

use std::f64::consts::{FRAC_2_PI, FRAC_PI_2};

use super::{ROUNDER_F64, polynomial};

/// What π/2 is more than the nearest `f64`.
const QUARTER_REST: f64 = 6.123_233_995_736_766e-17;

/// From here on an angle is reduced by whole numbers: 2²⁵, where neighbors are 4 radians apart.
const FAR: f32 = 33_554_432.0;

/// The binary digits of 2/π.
const DIGITS: [u64; 4] =
    [0xa2f9_836e_4e44_1529, 0xfc27_57d1_f534_ddc0, 0xdb62_9599_3c43_9041, 0xfe51_63ab_debb_c561];

/// π/2 · 2⁻⁶².
const QUARTER_OF_A_WHOLE: f64 = 3.406_121_580_086_554_5e-19;

/// (sin r − r)/r³ as a polynomial in r², for |r| ≤ π/4.
const SINE: [f32; 3] = [-0.166_666_55, 0.008_332_178, -0.000_195_172_67];

/// (cos r − 1 + ½r²)/r⁴ as a polynomial in r², for |r| ≤ π/4.
const COSINE: [f32; 3] = [0.041_666_646, -0.001_388_736_8, 2.443_841_5e-5];

/// sin x, x in radians; NaN at infinity.
#[inline(always)]
pub(crate) fn sin(x: f32) -> f32 {
    let (quarters, r) = reduced(x.abs());
    let value = at(quarters, r);
    let value = if x < 0.0 { -value } else { value };
    // For the sign of 0.
    if x == 0.0 { x } else { value }
}

/// cos x, x in radians; NaN at infinity.
#[inline(always)]
pub(crate) fn cos(x: f32) -> f32 {
    let (quarters, r) = reduced(x.abs());
    at(quarters.wrapping_add(1), r)
}

/// sin(r + `quarters`·π/2) for |r| ≤ π/4.
#[inline(always)]
fn at(quarters: u32, r: f32) -> f32 {
    let square = r * r;
    let sine = (r * square).mul_add(polynomial(&SINE, square), r);
    let cosine = 1.0 + (square * square).mul_add(polynomial(&COSINE, square), -0.5 * square);
    let size = if quarters & 1 == 0 { sine } else { cosine };
    if quarters & 2 == 0 { size } else { -size }
}

/// The n and r of x = n·π/2 + r with |r| ≤ π/4, n to the last two binary digits, for x ≥ 0.
#[inline(always)]
fn reduced(x: f32) -> (u32, f32) {
    let (near, far) = (near(x), far(x));
    let (quarters, r) = if x < FAR { near } else { far };
    (quarters, if x < f32::INFINITY { r as f32 } else { f32::NAN })
}

/// [`reduced`] below [`FAR`].
#[inline(always)]
fn near(x: f32) -> (u32, f64) {
    let x = f64::from(x);
    let shifted = x.mul_add(FRAC_2_PI, ROUNDER_F64);
    let n = shifted - ROUNDER_F64;
    let r = n.mul_add(-QUARTER_REST, n.mul_add(-FRAC_PI_2, x));
    (shifted.to_bits() as u32, r)
}

/// [`reduced`] from [`FAR`] on: x = m·2^q times 2/π, by those digits that are worth less than 4.
#[inline(always)]
fn far(x: f32) -> (u32, f64) {
    let bits = x.to_bits();
    let whole = u64::from((bits & 0x7f_ffff) | 0x80_0000);
    let skipped = (bits >> 23).wrapping_sub(152);
    let [a, b, c, d] = DIGITS;
    let [a, b, c] = if skipped < 64 { [a, b, c] } else { [b, c, d] };
    let shift = u64::from(skipped & 63);
    let window = |high: u64, low: u64| (high << shift) | ((low >> 1) >> (63 - shift));
    // In units of which 2⁶⁴ are four quarters.
    let turn =
        whole.wrapping_mul(window(a, b)).wrapping_add(whole.wrapping_mul(window(b, c) >> 32) >> 32);
    let quarters = turn.wrapping_add(1 << 61) >> 62;
    let rest = turn.wrapping_sub(quarters << 62) as i64;
    (quarters as u32, rest as f64 * QUARTER_OF_A_WHOLE)
}
