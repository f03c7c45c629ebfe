//! Logarithm, sine, cosine and normal quantile on sixteen lanes, in `f32`.
//!
//! The coefficients are the minimax polynomials of `bench/random_polynomials.py`, which also prints
//! their errors. `w` is a word of 32 random bits throughout.

use std::f32::consts::LN_2;

use super::Lanes;

/// 2⁻³², the distance between neighboring fractions.
const STEP: f32 = 1.0 / 4_294_967_296.0;

/// The first word whose complement stands for less than 1 − √½, as `f32` rounds that.
pub(super) const NEAR: u32 = 0xB504_F340;

/// (`w` + ½)·2⁻³²: in (0, 1], with full relative precision near 0.
#[inline(always)]
pub(in super::super) fn fraction<L: Lanes>(l: L, w: L::Bits) -> L::Number {
    l.fma(l.unsigned_number(w), l.number(STEP), l.number(0.5 * STEP))
}

/// −2·ln((`w` + ½)·2⁻³²), the squared distance of a pair of normal numbers from the origin.
///
/// Near 1 the fraction's distance from 1 is taken from the complement of `w`, which has full
/// precision there.
#[inline(always)]
pub(in super::super) fn squared_radius<L: Lanes>(l: L, w: L::Bits) -> L::Number {
    let near_one = l.at_least(w, l.bits(NEAR));
    let x = fraction(l, l.complement_where(near_one, w));
    let split = shifted(l, x);
    let exponent = l.zero_or_exponent(near_one, l.number_of(split));
    let g = l.sum_or(near_one, x, x, minus_twice_rest(l, split));
    minus_twice_logarithm(l, exponent, g)
}

/// The bits of √½.
const LOWEST: u32 = std::f32::consts::FRAC_1_SQRT_2.to_bits();

/// The bits of m·2^e, m in [√½, √2), moved so that e is their exponent.
#[inline(always)]
fn shifted<L: Lanes>(l: L, x: L::Number) -> L::Bits {
    l.add_bits(l.bits_of(x), l.bits(1.0_f32.to_bits().wrapping_sub(LOWEST)))
}

/// −2·(m − 1), for bits as [`shifted`] gives them.
#[inline(always)]
fn minus_twice_rest<L: Lanes>(l: L, shifted: L::Bits) -> L::Number {
    const MANTISSA: u32 = (1 << 23) - 1;
    let m = l.add_bits(l.and(shifted, l.bits(MANTISSA)), l.bits(LOWEST));
    l.fma(l.number_of(m), l.number(-2.0), l.number(2.0))
}

/// −2·(e·ln 2 + ln(1 + f)), given g = −2f.
///
/// ln(1 + f) = f − f²/2 + f³·P(f). Powers of 2 change no rounding, so they go into the
/// coefficients.
#[inline(always)]
fn minus_twice_logarithm<L: Lanes>(l: L, e: L::Number, g: L::Number) -> L::Number {
    /// P, lowest power first.
    const CUBIC: [f32; 7] = [
        0.333_339_1,
        -0.250_013_35,
        0.199_631,
        -0.165_776_52,
        0.149_145_1,
        -0.142_669_28,
        0.087_003_805,
    ];
    /// ¼ + g/4·P(−g/2), so that −2·ln(1 + f) = g + g²·(…).
    const SCALED: [f32; 8] = {
        let mut scaled = [0.25; 8];
        let mut power = 0.25;
        let mut k = 0;
        while k < CUBIC.len() {
            scaled[k + 1] = power * CUBIC[k];
            power *= -0.5;
            k += 1;
        }
        scaled
    };
    let bend = polynomial(l, g, SCALED);
    let of_m = l.fma(l.mul(g, g), bend, g);
    l.fma(e, l.number(-2.0 * LN_2), of_m)
}

/// Sine and cosine of (`w` + ½)·2⁻³² of a full turn.
///
/// The two highest bits of `w` + 2²⁹ say which axis is nearest; the 30 lowest of `w`, with sign, are
/// the angle from it, at most an eighth of a turn. The half keeps all angles off the axes, so that
/// the four quadrants are mirror images.
#[inline(always)]
pub(in super::super) fn sine_cosine<L: Lanes>(l: L, w: L::Bits) -> (L::Number, L::Number) {
    const QUARTER: u32 = 1 << 30;
    const RADIANS: f32 = 2.0 * std::f32::consts::PI * STEP;
    const SINE: [f32; 3] = [-0.166_666_55, 0.008_332_192, -0.000_195_187_9];
    const COSINE: [f32; 3] = [0.041_666_646, -0.001_388_730_1, 2.443_066_8e-5];
    let four_rests = l.signed_number(l.shift_left::<2>(w));
    let t = l.fma(four_rests, l.number(0.25 * RADIANS), l.number(0.5 * RADIANS));
    let z = l.mul(t, t);
    let sine = l.fma(l.mul(t, z), polynomial(l, z, SINE), t);
    let bend = l.fma(z, polynomial(l, z, COSINE), l.number(-0.5));
    let cosine = l.fma(z, bend, l.number(1.0));

    let swap = l.has_bit::<30>(l.add_bits(w, l.bits(QUARTER / 2)));
    (
        l.with_sign(l.select(swap, cosine, sine), w),
        l.with_sign(l.select(swap, sine, cosine), l.add_bits(w, l.bits(QUARTER))),
    )
}

/// The z below which a standard normal variable falls with probability ½ + `y`.
///
/// `tail` is ½ − |`y`|, given apart because it needs its own relative precision: z is `y` times a
/// function of s² = −ln(1 − 4y²) near the middle, and ± a function of s in the tails, after Giles,
/// "Approximating the erfinv function", GPU Computing Gems 2 (2011). For tails above 10⁻²¹.
#[inline(always)]
pub(in super::super) fn quantile<L: Lanes>(l: L, y: L::Number, tail: L::Number) -> L::Number {
    const MIDDLE: [f32; 10] = [
        4.246_627,
        0.697_604_06,
        -0.011_814_998,
        -0.003_543_207_7,
        0.000_617_251_3,
        -1.409_872_5e-5,
        -9.716_311e-6,
        1.333_046_8e-6,
        5.971_533e-8,
        -2.597_464_3e-8,
    ];
    const TAIL: [f32; 11] = [
        6.144_41,
        1.428_685_5,
        0.000_459_943_46,
        -0.000_611_710_65,
        0.000_213_344_44,
        -5.175_691_3e-5,
        1.028_080_4e-5,
        -5.205_220_5e-6,
        1.713_197_1e-6,
        2.426_537_8e-7,
        -1.418_058_4e-7,
    ];
    const BORDER: f32 = 5.0;
    const TAIL_CENTER: f32 = 4.5;
    let both_tails = l.mul(l.mul(l.number(4.0), tail), l.sub(l.number(1.0), tail));
    let split = shifted(l, both_tails);
    let exponent = l.exponent(l.number_of(split));
    let w = minus_twice_logarithm(l, exponent, minus_twice_rest(l, split));
    let w = l.mul(w, l.number(0.5));
    let middle = polynomial(l, l.sub(w, l.number(0.5 * BORDER)), MIDDLE);
    let z = l.mul(y, middle);
    let is_tail = l.less(l.number(BORDER), w);
    if !l.any(is_tail) {
        return z;
    }
    let s = l.sub(l.sqrt(w), l.number(TAIL_CENTER));
    l.select(is_tail, l.with_sign(polynomial(l, s, TAIL), l.bits_of(y)), z)
}

/// A polynomial by Horner's rule, coefficients from the lowest power up.
#[inline(always)]
fn polynomial<L: Lanes, const N: usize>(l: L, x: L::Number, coefficients: [f32; N]) -> L::Number {
    let mut sum = l.number(coefficients[N - 1]);
    for k in (0..N - 1).rev() {
        sum = l.fma(sum, x, l.number(coefficients[k]));
    }
    sum
}
