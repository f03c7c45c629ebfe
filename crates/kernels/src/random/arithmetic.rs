//! Logarithm, sine, cosine and normal quantile from exactly rounded operations alone.
//!
//! Libraries for these functions differ between platforms in the last bit, and so would the
//! weights. Everything here is +, −, ×, ÷, √ and integer work on `f64`, which IEEE 754 fixes to
//! the bit. Rust never contracts a multiplication and an addition into one rounding by itself.

use std::f64::consts::{LN_2, PI};

/// Natural logarithm of a positive normal number, to about 2 units in the last place.
///
/// x = m·2^e with m in [√½, √2), and ln m = 2·artanh(s) with s = (m − 1)/(m + 1), |s| < 0.172.
pub(super) fn ln(x: f64) -> f64 {
    const SQRT_HALF: u64 = 0x3FE6_A09E_667F_3BCD;
    const MANTISSA_BITS: u32 = 52;
    let bits = x.to_bits();
    let exponent = (bits.wrapping_sub(SQRT_HALF) as i64) >> MANTISSA_BITS;
    let m = f64::from_bits(bits.wrapping_sub((exponent << MANTISSA_BITS) as u64));
    let s = (m - 1.0) / (m + 1.0);
    let z = s * s;
    let odd = [19.0, 17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0];
    let series = odd.iter().fold(1.0 / 21.0, |sum, n| sum * z + 1.0 / n);
    let artanh = s + s * (z * series);
    exponent as f64 * LN_2 + (artanh + artanh)
}

/// The middle of the word's interval of width 2⁻³² in (0, 1): never 0, never 1.
pub(super) fn fraction(word: u32) -> f64 {
    (f64::from(word) + 0.5) * (1.0 / 4_294_967_296.0)
}

/// Sine and cosine of the angle (`turn` + ½) / 2³² of a full turn, to about 10⁻¹³.
///
/// The half keeps all angles off the axes, so that the four quadrants are mirror images.
pub(super) fn sine_cosine(turn: u32) -> (f64, f64) {
    const QUARTER: u32 = 30;
    let quadrant = turn.wrapping_add(1 << (QUARTER - 1)) >> QUARTER;
    let rest = turn.wrapping_sub(quadrant << QUARTER) as i32;
    let t = (f64::from(rest) * 2.0 + 1.0) * (PI / 4_294_967_296.0);
    let z = t * t;
    let sine = t
        * (1.0
            + z * alternating(z, [6.0, 120.0, 5_040.0, 362_880.0, 39_916_800.0, 6_227_020_800.0]));
    let cosine = 1.0
        + z * alternating(
            z,
            [2.0, 24.0, 720.0, 40_320.0, 3_628_800.0, 479_001_600.0, 87_178_291_200.0],
        );
    let (sine, cosine) = if quadrant & 1 == 0 { (sine, cosine) } else { (cosine, -sine) };
    if quadrant & 2 == 0 { (sine, cosine) } else { (-sine, -cosine) }
}

/// −1/d₀ + z/d₁ − z²/d₂ + …: the tail of a Taylor series with factorials d.
fn alternating<const N: usize>(z: f64, factorials: [f64; N]) -> f64 {
    factorials.iter().rev().fold(0.0, |sum, d| -1.0 / d - z * sum)
}

/// The x below which a standard normal variable falls with probability `p`, 0 < `p` < 1.
///
/// Relative error below 10⁻¹⁵. Wichura, "Algorithm AS 241: the percentage points of the normal
/// distribution", Applied Statistics 37 (1988), routine PPND16.
///
/// ```
/// use fanin_kernels::random::normal_quantile;
/// assert_eq!(normal_quantile(0.5), 0.0);
/// assert!((normal_quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-14);
/// ```
pub fn normal_quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * ratio(r, &CENTER);
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    let r = (-ln(tail)).sqrt();
    let x = if r <= 5.0 { ratio(r - 1.6, &MIDDLE) } else { ratio(r - 5.0, &FAR) };
    if q < 0.0 { -x } else { x }
}

/// Numerator and denominator of a rational function, lowest power first.
type Rational = [[f64; 8]; 2];

fn ratio(r: f64, [numerator, denominator]: &Rational) -> f64 {
    let polynomial = |c: &[f64; 8]| c.iter().rev().fold(0.0, |sum, c| sum * r + c);
    polynomial(numerator) / polynomial(denominator)
}

const CENTER: Rational = [
    [
        3.387_132_872_796_366_5,
        1.331_416_678_917_843_8e2,
        1.971_590_950_306_551_3e3,
        1.373_169_376_550_946e4,
        4.592_195_393_154_987e4,
        6.726_577_092_700_87e4,
        3.343_057_558_358_813e4,
        2.509_080_928_730_122_7e3,
    ],
    [
        1.0,
        4.231_333_070_160_091e1,
        6.871_870_074_920_579e2,
        5.394_196_021_424_751e3,
        2.121_379_430_158_659_7e4,
        3.930_789_580_009_271e4,
        2.872_908_573_572_194_3e4,
        5.226_495_278_852_854e3,
    ],
];

const MIDDLE: Rational = [
    [
        1.423_437_110_749_683_5,
        4.630_337_846_156_546,
        5.769_497_221_460_691,
        3.647_848_324_763_204_5,
        1.270_458_252_452_368_4,
        2.417_807_251_774_506e-1,
        2.272_384_498_926_918_4e-2,
        7.745_450_142_783_414e-4,
    ],
    [
        1.0,
        2.053_191_626_637_759,
        1.676_384_830_183_803_8,
        6.897_673_349_851e-1,
        1.481_039_764_274_800_8e-1,
        1.519_866_656_361_645_7e-2,
        5.475_938_084_995_345e-4,
        1.050_750_071_644_416_9e-9,
    ],
];

const FAR: Rational = [
    [
        6.657_904_643_501_103,
        5.463_784_911_164_114,
        1.784_826_539_917_291_3,
        2.965_605_718_285_048_7e-1,
        2.653_218_952_657_612_4e-2,
        1.242_660_947_388_078_4e-3,
        2.711_555_568_743_487_6e-5,
        2.010_334_399_292_288_1e-7,
    ],
    [
        1.0,
        5.998_322_065_558_88e-1,
        1.369_298_809_227_358e-1,
        1.487_536_129_085_061_5e-2,
        7.868_691_311_456_133e-4,
        1.846_318_317_510_054_8e-5,
        1.421_511_758_316_446e-7,
        2.044_263_103_389_939_8e-15,
    ],
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithm_agrees_with_the_library() {
        for k in 0..200_000_u32 {
            let x = (f64::from(k.wrapping_mul(2_654_435_761)) + 0.5) / 4_294_967_296.0;
            let (got, want) = (ln(x), libm::log(x));
            assert!((got - want).abs() <= 1e-15 * want.abs() + 1e-16, "{x}: {got} {want}");
        }
        let nearly_one = 1.0 - f64::powi(2.0, -33);
        assert!((ln(nearly_one) / nearly_one.ln() - 1.0).abs() < 1e-15);
    }

    #[test]
    fn sine_and_cosine_agree_with_the_library_in_every_quadrant() {
        for k in 0..200_000_u32 {
            let turn = k.wrapping_mul(2_654_435_761);
            let angle = (f64::from(turn) + 0.5) / 4_294_967_296.0 * 2.0 * PI;
            let (sine, cosine) = sine_cosine(turn);
            assert!((sine - libm::sin(angle)).abs() < 2e-12, "{turn}: {sine}");
            assert!((cosine - libm::cos(angle)).abs() < 2e-12, "{turn}: {cosine}");
            assert!((sine * sine + cosine * cosine - 1.0).abs() < 2e-12);
        }
    }

    #[test]
    fn quantile_inverts_the_distribution_function() {
        let below = |x: f64| 0.5 * libm::erfc(-x / std::f64::consts::SQRT_2);
        for k in 1..4_000 {
            for p in [f64::from(k) / 4_000.0, f64::powi(0.5, k / 8), 1.0 - f64::powi(0.5, k / 100)]
            {
                if p <= 0.0 || p >= 1.0 {
                    continue;
                }
                let x = normal_quantile(p);
                let slope = (-0.5 * x * x).exp() / (2.0 * PI).sqrt();
                let tolerance = 1e-14 * x.abs() + 1e-15 + f64::EPSILON * p.min(1.0) / slope;
                let error = (below(x) - p) / slope;
                assert!(error.abs() < 4.0 * tolerance, "{p}: {x} is off by {error}");
            }
        }
    }
}
