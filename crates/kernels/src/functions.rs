//! exp, tanh, erf and erfc of `f32`, written so that a loop over a buffer can be compiled for wide
//! instructions: arithmetic and choices alone, no branch and no call.
//!
//! Only operations that IEEE 754 rounds are used, and no product is merged into a sum, so the bits
//! are equal on every machine. Errors against the function of an `f64`, over all `f32`: exp and
//! tanh within 2 units in the last place, erf and erfc within 1, as the tests below measure. The
//! polynomials were fitted for the least largest relative error over their interval.

#![expect(clippy::inline_always, reason = "a loop must be compiled where it is called from")]

use std::f32::consts::LOG2_E;

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

/// eˣ; 0 below −104 and infinite above 88.8.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    let x = if x < EXP_LEAST { EXP_LEAST } else { x };
    let x = if x > EXP_MOST { EXP_MOST } else { x };
    let shifted = x * LOG2_E + ROUNDER;
    let n = shifted - ROUNDER;
    let r = (x - n * LN_2_HIGH) - n * LN_2_LOW;
    let power = 1.0 + (r + r * r * polynomial(&EXP, r));
    // Two factors, so that neither leaves the range where the product does not.
    let n = shifted.to_bits().wrapping_sub(ROUNDER.to_bits()) as i32;
    let half = n >> 1;
    power * power_of_two(half) * power_of_two(n.wrapping_sub(half))
}

/// 2ⁿ for −126 ≤ n ≤ 127.
#[inline(always)]
fn power_of_two(n: i32) -> f32 {
    f32::from_bits((n.wrapping_add(127) as u32) << 23)
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

/// eʳ for |r| ≤ ½ ln 2, to 4e-11.
const EXP_F64: [f64; 8] = [
    0.999_999_999_961_529_8,
    1.000_000_000_244_058_3,
    0.500_000_010_484_772_6,
    0.166_666_651_215_708_03,
    0.041_666_224_547_563_07,
    0.008_333_561_537_321_838,
    0.001_394_824_239_205_560_3,
    0.000_197_751_092_224_940_03,
];

/// erf x = 2/√π ∫₀ˣ exp(−t²) dt.
#[inline(always)]
pub(crate) fn erf(x: f32) -> f32 {
    let size = f64::from(x.abs());
    let small = size * polynomial_f64(&ERF, size * size);
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

/// erfc x for x ≥ 0, to 4e-9 of itself.
#[inline(always)]
fn beyond(x: f64) -> f64 {
    let x = if x > ERFC_FAR { ERFC_FAR } else { x };
    let t = 1.0 / (1.0 + 0.5 * x);
    let y = -x * x;
    let shifted = y * std::f64::consts::LOG2_E + ROUNDER_F64;
    let n = shifted - ROUNDER_F64;
    let r = y - n * std::f64::consts::LN_2;
    let exponent = shifted.to_bits().wrapping_sub(ROUNDER_F64.to_bits()).wrapping_add(1023);
    f64::from_bits(exponent << 52) * polynomial_f64(&EXP_F64, r) * t * polynomial_f64(&ERFC, t)
}

#[inline(always)]
fn polynomial<const N: usize>(coefficients: &[f32; N], x: f32) -> f32 {
    let mut sum = coefficients[N - 1];
    for k in (0..N - 1).rev() {
        sum = sum * x + coefficients[k];
    }
    sum
}

#[inline(always)]
fn polynomial_f64<const N: usize>(coefficients: &[f64; N], x: f64) -> f64 {
    let mut sum = coefficients[N - 1];
    for k in (0..N - 1).rev() {
        sum = sum * x + coefficients[k];
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elementwise;

    /// How many units in the last place of the nearest `f32` lie between `found` and `exact`; the
    /// unit of subnormal numbers is the least of them.
    fn units(found: f32, exact: f64) -> f64 {
        let nearest = exact as f32;
        if found == nearest || found.is_nan() && nearest.is_nan() {
            return (f64::from(found) - exact).abs() / unit(nearest);
        }
        if nearest.is_infinite() || found.is_infinite() {
            return f64::INFINITY;
        }
        (f64::from(found) - exact).abs() / unit(nearest)
    }

    fn unit(x: f32) -> f64 {
        if !x.is_finite() {
            return f64::INFINITY;
        }
        let exponent = i32::from((x.to_bits() >> 23) as u8);
        f64::from(exponent.max(1) - 150).exp2()
    }

    /// Largest error over every `step`th of all `f32`, by the wide loop that passes use.
    fn largest(step: usize, own: fn(f32) -> f32, exact: fn(f64) -> f64) -> (f64, f32) {
        let mut worst = (0.0, 0.0);
        let xs: Vec<f32> =
            (0..=u32::MAX).step_by(step).map(f32::from_bits).filter(|x| !x.is_nan()).collect();
        let mut found = vec![0.0; xs.len()];
        elementwise::map(&xs, &mut found, own);
        for (&x, found) in xs.iter().zip(found) {
            let error = units(found, exact(f64::from(x)));
            if error > worst.0 {
                worst = (error, x);
            }
        }
        worst
    }

    #[track_caller]
    fn hold(name: &str, (error, at): (f64, f32), bound: f64) {
        assert!(error <= bound, "{name}({at:e}): {error} units in the last place");
    }

    fn check(step: usize) {
        hold("exp", largest(step, exp, f64::exp), 2.0);
        hold("tanh", largest(step, tanh, f64::tanh), 2.0);
        hold("erf", largest(step, erf, libm::erf), 1.0);
        hold("erfc", largest(step, erfc, libm::erfc), 1.0);
    }

    #[test]
    fn errors_stay_within_their_bounds_over_the_whole_range() {
        check(4099);
    }

    #[test]
    #[ignore = "every f32: a minute"]
    fn errors_stay_within_their_bounds_at_every_number() {
        check(1);
    }

    #[test]
    fn ends_and_special_values_are_exact() {
        let infinity = f32::INFINITY;
        assert_eq!([exp(0.0), exp(-infinity), exp(infinity)], [1.0, 0.0, infinity]);
        assert_eq!(
            [exp(-104.0), exp(88.722_83), exp(88.722_84)],
            [0.0, f32::MAX.min(exp(88.722_83)), infinity]
        );
        assert_eq!([tanh(infinity), tanh(-infinity), tanh(20.0)], [1.0, -1.0, 1.0]);
        assert_eq!([erf(infinity), erf(-infinity), erf(0.0)], [1.0, -1.0, 0.0]);
        assert_eq!([erfc(infinity), erfc(-infinity), erfc(0.0)], [0.0, 2.0, 1.0]);
        assert!(
            (-0.0_f32).to_bits() == tanh(-0.0).to_bits()
                && tanh(-0.0).to_bits() == erf(-0.0).to_bits()
        );
        for function in [exp, tanh, erf, erfc] {
            assert!(function(f32::NAN).is_nan());
        }
    }

    #[test]
    fn wide_loops_give_the_bits_of_single_numbers() {
        let xs: Vec<f32> = (0..100_003).map(|i| f32::from_bits(i * 42_943)).collect();
        for function in [exp, tanh, erf, erfc] {
            let mut wide = vec![0.0; xs.len()];
            elementwise::map(&xs, &mut wide, function);
            for (&x, wide) in xs.iter().zip(wide) {
                let single = std::hint::black_box(function)(std::hint::black_box(x));
                assert!(
                    single.to_bits() == wide.to_bits() || single.is_nan() && wide.is_nan(),
                    "{x:e}"
                );
            }
        }
    }
}
