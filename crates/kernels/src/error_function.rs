//! The error function of `f32` and its complement, without a call, so that loops over them are
//! compiled for wide instructions; the same bits on every platform.

#![expect(clippy::inline_always, reason = "a loop must be compiled where it is called from")]

use crate::exponential::exp_f64;

/// 1 − erf(x), rounded to `f32` from a relative error below 10⁻¹¹.
///
/// For x ≥ 0 and t = 2/(2 + x), erfc(x) = t·exp(p(t) − x²), with a polynomial p (the form of
/// Press et al., Numerical Recipes, 3rd edition, 6.2.2); erfc(−x) = 2 − erfc(x).
#[inline(always)]
pub fn erfc(x: f32) -> f32 {
    let right = complement(f64::from(x.abs()));
    (if x < 0.0 { 2.0 - right } else { right }) as f32
}

/// 2/√π ∫₀ˣ exp(−t²) dt, rounded to `f32` from a relative error below 10⁻¹¹.
///
/// x·q(x²) with a polynomial q where |x| < 1, and 1 − erfc(x) beyond.
#[inline(always)]
pub fn erf(x: f32) -> f32 {
    let wide = f64::from(x);
    let near = wide * polynomial(&NEAR, wide * wide);
    let far = 1.0 - complement(wide.abs());
    let far = if wide < 0.0 { -far } else { far };
    (if wide.abs() < 1.0 { near } else { far }) as f32
}

#[inline(always)]
fn complement(x: f64) -> f64 {
    /// erfc is 0 in `f32` from here on.
    const END: f64 = 10.5;
    let x = if x > END { END } else { x };
    let t = 2.0 / (2.0 + x);
    let u = (t - MIDDLE) / HALF_WIDTH;
    t * exp_f64(polynomial(&FAR, u) - x * x)
}

#[inline(always)]
fn polynomial<const N: usize>(coefficients: &[f64; N], x: f64) -> f64 {
    let mut sum = 0.0;
    for c in coefficients {
        sum = sum * x + c;
    }
    sum
}

/// t lies within [0.16, 1] as x goes from 10.5 to 0; u = (t − 0.58)/0.42 within [−1, 1].
const MIDDLE: f64 = 0.58;
const HALF_WIDTH: f64 = 0.42;

/// p by u, highest power first: `mpmath.chebyfit(lambda u: log(erfc(x(u))/t(u)) + x(u)**2,
/// [-1, 1], 16)`, in error by 5·10⁻¹².
const FAR: [f64; 16] = [
    3.286_041_749_311_468e-07,
    -9.394_165_204_146_316e-07,
    -1.552_107_469_442_585_1e-06,
    8.886_382_891_917_324e-06,
    -2.786_529_018_830_335_3e-06,
    -4.533_393_636_736_512e-05,
    7.340_241_344_103_516e-05,
    0.000_154_488_891_751_442_64,
    -0.000_587_094_718_594_423_9,
    -0.000_267_479_043_691_514_86,
    0.003_877_177_874_350_117,
    -0.001_230_684_901_820_620_5,
    -0.030_147_660_148_820_164,
    0.016_716_057_916_113_577,
    0.574_609_974_314_924_9,
    -0.563_156_785_595_687_9,
];

/// q, highest power first: `mpmath.chebyfit(lambda s: erf(sqrt(s))/sqrt(s), [1e-20, 1], 9)`, in
/// error by 8·10⁻¹³.
const NEAR: [f64; 9] = [
    1.058_938_064_107_502e-06,
    -1.390_934_002_187_459_9e-05,
    0.000_119_565_625_682_073_3,
    -0.000_854_263_799_708_722_9,
    0.005_223_783_477_189_248,
    -0.026_866_133_235_095_593,
    0.112_837_913_086_045_82,
    -0.376_126_388_896_353_1,
    1.128_379_167_094_676_8,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(own: fn(f32) -> f32, exact: fn(f64) -> f64) {
        let mut other = 0;
        let all = (0..=u32::MAX).step_by(4099).map(f32::from_bits).filter(|x| !x.is_nan());
        for x in all {
            let (got, want) = (own(x), exact(f64::from(x)) as f32);
            let apart = got.to_bits().abs_diff(want.to_bits());
            assert!(apart <= 1, "of {x} comes {got} and not {want}");
            other += apart;
        }
        // An error of 10⁻¹¹ against half a unit in the last place, 3·10⁻⁸ or more.
        assert!(other < 200, "{other} of a million are rounded to the other side");
    }

    #[test]
    fn error_functions_are_those_of_f64_rounded() {
        check(erf, libm::erf);
        check(erfc, libm::erfc);
    }

    #[test]
    fn nan_stays_and_signs_are_odd() {
        assert!(erf(f32::NAN).is_nan() && erfc(f32::NAN).is_nan());
        for x in [0.0, 1e-40, 0.3, 1.0, 2.5, f32::INFINITY] {
            assert_eq!(erf(-x).to_bits(), (-erf(x)).to_bits());
        }
        assert_eq!((erf(f32::INFINITY), erfc(f32::INFINITY)), (1.0, 0.0));
    }
}
