//! Logarithm, sine, cosine and normal quantile on sixteen lanes, in `f32`.
//!
//! The coefficients are the minimax polynomials of `bench/random_polynomials.py`, which also prints
//! their errors. `w` is a word of 32 random bits throughout.

use std::f32::consts::LN_2;

use super::Lanes;

/// 2⁻³², the distance between neighboring fractions.
const STEP: f32 = 1.0 / 4_294_967_296.0;

/// (`w` + ½)·2⁻³²: in (0, 1], with full relative precision near 0.
#[inline(always)]
pub(in super::super) fn fraction<L: Lanes>(l: L, w: L::Bits) -> L::Number {
    l.fma(l.unsigned_number(w), l.number(STEP), l.number(0.5 * STEP))
}

/// −2·ln((`w` + ½)·2⁻³²), the squared distance of a pair of normal numbers from the origin.
///
/// The fraction is m·2^e with m in [√½, √2), and ln m = f − f²/2 + f³·P(f), where f = m − 1. Where
/// e is 0, f is taken from the complement of `w` instead, which has full precision near 0.
#[inline(always)]
pub(in super::super) fn squared_radius<L: Lanes>(l: L, w: L::Bits) -> L::Number {
    let complement = fraction(l, l.xor(w, l.bits(u32::MAX)));
    let (exponent, f) = split(l, fraction(l, w));
    let near_one = l.less(complement, l.number(1.0 - std::f32::consts::FRAC_1_SQRT_2));
    let f = l.select(near_one, l.sub(l.number(0.0), complement), f);
    l.mul(l.number(-2.0), logarithm(l, exponent, f))
}

/// Exponent e and f = m − 1 of a positive normal number m·2^e, m in [√½, √2).
#[inline(always)]
fn split<L: Lanes>(l: L, x: L::Number) -> (L::Number, L::Number) {
    const MANTISSA_BITS: u32 = 23;
    const MANTISSA: u32 = (1 << MANTISSA_BITS) - 1;
    let bits = l.bits_of(x);
    let lowest = std::f32::consts::FRAC_1_SQRT_2.to_bits();
    let above = l.add_bits(bits, l.bits(lowest.wrapping_neg()));
    let exponent = l.shift_right_signed::<MANTISSA_BITS>(above);
    let m = l.add_bits(l.and(above, l.bits(MANTISSA)), l.bits(lowest));
    (l.signed_number(exponent), l.sub(l.number_of(m), l.number(1.0)))
}

/// e·ln 2 + ln(1 + f).
#[inline(always)]
fn logarithm<L: Lanes>(l: L, e: L::Number, f: L::Number) -> L::Number {
    const CUBIC: [f32; 7] = [
        0.333_339_1,
        -0.250_013_35,
        0.199_631,
        -0.165_776_52,
        0.149_145_1,
        -0.142_669_28,
        0.087_003_805,
    ];
    let p = polynomial(l, f, CUBIC);
    let bend = l.fma(f, p, l.number(-0.5));
    let of_m = l.fma(l.mul(f, f), bend, f);
    l.fma(e, l.number(LN_2), of_m)
}

/// Sine and cosine of (`w` + ½)·2⁻³² of a full turn.
///
/// The two highest bits of `w` + 2²⁹ say which axis is nearest; the rest is the signed angle from
/// it, at most an eighth of a turn. The half keeps all angles off the axes, so that the four
/// quadrants are mirror images.
#[inline(always)]
pub(in super::super) fn sine_cosine<L: Lanes>(l: L, w: L::Bits) -> (L::Number, L::Number) {
    const EIGHTH: u32 = 1 << 29;
    const RADIANS: f32 = 2.0 * std::f32::consts::PI * STEP;
    const SINE: [f32; 3] = [-0.166_666_55, 0.008_332_192, -0.000_195_187_9];
    const COSINE: [f32; 3] = [0.041_666_646, -0.001_388_730_1, 2.443_066_8e-5];
    let turned = l.add_bits(w, l.bits(EIGHTH));
    let rest = l.and(turned, l.bits(2 * EIGHTH - 1));
    let rest = l.signed_number(l.add_bits(rest, l.bits(EIGHTH.wrapping_neg())));
    let t = l.fma(rest, l.number(RADIANS), l.number(0.5 * RADIANS));
    let z = l.mul(t, t);
    let sine = l.fma(l.mul(t, z), polynomial(l, z, SINE), t);
    let bend = l.fma(z, polynomial(l, z, COSINE), l.number(-0.5));
    let cosine = l.fma(z, bend, l.number(1.0));

    let odd = l.shift_left::<1>(turned);
    let swap = l.negative(odd);
    let sign = l.bits(1 << 31);
    let sine_sign = l.and(turned, sign);
    let cosine_sign = l.and(l.xor(turned, odd), sign);
    (
        flip_sign(l, l.select(swap, cosine, sine), sine_sign),
        flip_sign(l, l.select(swap, sine, cosine), cosine_sign),
    )
}

/// `x`, negated where the highest bit of `sign` is set; its other bits are 0.
#[inline(always)]
fn flip_sign<L: Lanes>(l: L, x: L::Number, sign: L::Bits) -> L::Number {
    l.number_of(l.xor(l.bits_of(x), sign))
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
    let (e, f) = split(l, both_tails);
    let w = l.sub(l.number(0.0), logarithm(l, e, f));
    let middle = polynomial(l, l.sub(w, l.number(0.5 * BORDER)), MIDDLE);
    let z = l.mul(y, middle);
    let is_tail = l.less(l.number(BORDER), w);
    if !l.any(is_tail) {
        return z;
    }
    let s = l.sub(l.sqrt(w), l.number(TAIL_CENTER));
    let sign = l.and(l.bits_of(y), l.bits(1 << 31));
    l.select(is_tail, flip_sign(l, polynomial(l, s, TAIL), sign), z)
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
