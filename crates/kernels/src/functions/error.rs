//! The error function, by arithmetic of `f64`.

use super::{ROUNDER_F64, polynomial};

/// Up to here erf is x·P(x²), beyond 1 − erfc.
const ERF_SMALL: f64 = 1.0;

/// erf(x)/x as a polynomial in x².
const ERF: [f64; 8] = [
    1.128_379_167_058_022_3,
    -0.376_126_384_346_545_7,
    0.112_837_819_741_684_94,
    -0.026_865_400_046_156_177,
    0.005_220_945_444_622_258_6,
    -0.000_848_282_902_058_555_4,
    0.000_112_569_491_871_600_46,
    -9.641_519_723_242_353e-6,
];

/// exp(x²)·erfc(x)/t for t = 1/(1 + x/2), as a polynomial in t, for 0 ≤ x ≤ 10.3.
const ERFC: [f64; 11] = [
    0.282_088_752_877_583_6,
    0.282_246_988_406_839_4,
    0.245_233_414_876_171_9,
    0.185_286_192_639_908_84,
    0.055_984_335_623_649_56,
    0.032_790_775_304_168_7,
    -0.017_820_361_686_904_054,
    -0.293_937_594_348_981_37,
    0.384_321_759_876_581_7,
    -0.192_149_496_153_286_9,
    0.035_955_236_128_324_99,
];

/// Beyond this erfc rounds to 0.
const ERFC_FAR: f64 = 10.3;

/// eʳ for |r| ≤ ½ ln 2, to 2e-9.
const EXP: [f64; 7] = [
    1.000_000_000_554_61,
    1.000_000_036_344_730_1,
    0.499_999_920_750_475_5,
    0.166_664_200_720_650_9,
    0.041_668_226_198_654_706,
    0.008_374_824_054_034_087,
    0.001_383_683_521_906_809,
];

/// erf x = 2/√π ∫₀ˣ exp(−t²) dt.
#[inline(always)]
pub(crate) fn erf(x: f32) -> f32 {
    let size = f64::from(x.abs());
    let small = size * polynomial(&ERF, size * size);
    let value = if size < ERF_SMALL { small } else { 1.0 - beyond(size) };
    (value as f32).copysign(x)
}

/// 1 − erf x, with all of its digits where erf is near 1.
#[inline(always)]
pub(crate) fn erfc(x: f32) -> f32 {
    let x = f64::from(x);
    let beyond = beyond(x.abs());
    (if x < 0.0 { 2.0 - beyond } else { beyond }) as f32
}

/// erfc x for x ≥ 0, to 8e-9 of itself.
#[inline(always)]
fn beyond(x: f64) -> f64 {
    let x = if x > ERFC_FAR { ERFC_FAR } else { x };
    // Divided in single precision, which is faster, and mended by a step of Newton's.
    let divisor = 1.0 + 0.5 * x;
    let nearly = f64::from(1.0 / divisor as f32);
    let t = nearly * (2.0 - divisor * nearly);
    let y = -x * x;
    let shifted = y * std::f64::consts::LOG2_E + ROUNDER_F64;
    let n = shifted - ROUNDER_F64;
    let r = y - n * std::f64::consts::LN_2;
    let exponent = shifted.to_bits().wrapping_sub(ROUNDER_F64.to_bits()).wrapping_add(1023);
    f64::from_bits(exponent << 52) * polynomial(&EXP, r) * t * polynomial(&ERFC, t)
}
