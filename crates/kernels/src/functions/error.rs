//! The error function and the normal distribution.

use std::f64::consts::FRAC_1_SQRT_2;

use super::{EXP, EXP_LEAST, LN_2_LOW, near_0, polynomial, reduced, times_power_of_two};

/// Up to here erf x is x + x·P(x²), beyond 1 − erfc x. Just before erfc x falls below ¼, and numbers
/// become finer.
const SMALL: f32 = 0.8125;

/// erf(x)/x − 1 as a polynomial in x².
const ERF: [f32; 6] =
    [0.128_379_17, -0.376_126_05, 0.112_831_116, -0.026_819_6, 0.005_081_495_7, -0.000_650_501_87];

/// exp(x²)·½ erfc(x)/t for t = 1/(1 + x/2), as a polynomial in t, from [`SMALL`] to 10.3.
const ERFC: [f32; 9] = [
    0.141_041_04,
    0.141_219_8,
    0.121_415_54,
    0.101_156_49,
    -0.009_935_732,
    0.127_264_74,
    -0.224_013_91,
    0.126_059_14,
    -0.024_157_887,
];

/// Beyond this erfc rounds to 0.
const ERFC_FAR: f32 = 10.3;

/// The same of the normal distribution.
const NORMAL_FAR: f32 = 14.5;

/// The density of N(0, 1) at 0, 1/√(2π).
const DENSITY_AT_0: f64 = 0.398_942_280_401_432_7;

/// What erf and its relatives are made of, for x ≥ 0.
struct Parts {
    /// erf x up to [`SMALL`].
    erf: f32,
    /// ½ erfc x from there on.
    half_erfc: f32,
    /// exp(−x²).
    density: f32,
}

/// Of x with x² = `square` + `lost`; x/2 is `number` times `half`, rounded once where x itself is rounded.
#[inline(always)]
fn parts(x: f32, [square, lost]: [f32; 2], [number, half]: [f32; 2]) -> Parts {
    let (whole, n, most) = reduced(-square, EXP_LEAST);
    let rise = near_0(&EXP, n.mul_add(-LN_2_LOW, most) - lost);
    let t = 1.0 / number.mul_add(half, 1.0);
    let beyond = t * polynomial(&ERFC, t);
    Parts {
        erf: x.mul_add(polynomial(&ERF, square), x),
        half_erfc: times_power_of_two(beyond.mul_add(rise, beyond), whole),
        density: times_power_of_two(1.0 + rise, whole),
    }
}

/// Those of |x|, and it itself.
#[inline(always)]
fn parts_of(x: f32) -> (f32, Parts) {
    let size = x.abs();
    let size = if size > ERFC_FAR { ERFC_FAR } else { size };
    let square = size * size;
    (size, parts(size, [square, size.mul_add(size, -square)], [size, 0.5]))
}

/// erf x = 2/√π ∫₀ˣ exp(−t²) dt.
#[inline(always)]
pub(crate) fn erf(x: f32) -> f32 {
    let (size, parts) = parts_of(x);
    let large = parts.half_erfc.mul_add(-2.0, 1.0);
    (if size < SMALL { parts.erf } else { large }).copysign(x)
}

/// 1 − erf x, with its digits where erf is near 1.
#[inline(always)]
pub(crate) fn erfc(x: f32) -> f32 {
    let (size, parts) = parts_of(x);
    let right = if size < SMALL { 1.0 - parts.erf } else { 2.0 * parts.half_erfc };
    if x < 0.0 { 2.0 - right } else { right }
}

/// The distribution of N(0, 1) at x, with its digits where it is near 0, and the density.
#[inline(always)]
pub(crate) fn normal(x: f32) -> [f32; 2] {
    let size = x.abs();
    let size = if size > NORMAL_FAR { NORMAL_FAR } else { size };
    let half = 0.5 * size;
    let square = half * size;
    let lost = half.mul_add(size, -square);
    let scaled = size * FRAC_1_SQRT_2 as f32;
    let parts = parts(scaled, [square, lost], [size, 0.5 * FRAC_1_SQRT_2 as f32]);
    let left = if scaled < SMALL { parts.erf.mul_add(-0.5, 0.5) } else { parts.half_erfc };
    let distribution = if x < 0.0 { left } else { 1.0 - left };
    [distribution, DENSITY_AT_0 as f32 * parts.density]
}

/// [`normal`] of an `f64`.
#[inline(always)]
pub(crate) fn normal_f64(x: f64) -> [f64; 2] {
    [0.5 * libm::erfc(-FRAC_1_SQRT_2 * x), DENSITY_AT_0 * (-0.5 * x * x).exp()]
}
