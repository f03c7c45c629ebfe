//! A product and a sum with one rounding, on machines with and without such an instruction.

/// a·b + c, rounded once.
///
/// The product of two `f32` is exact in `f64`. The sum, rounded to `f64`, lies on the same side of
/// every midpoint between neighboring `f32` as the exact sum does, or on the midpoint itself; so
/// rounding it once more is right but in that one case, which is left to the library. Below the
/// normal numbers midpoints are elsewhere, which is left to the library as well.
pub(super) fn fused(a: f32, b: f32, c: f32) -> f32 {
    const BELOW: u64 = (1 << 29) - 1;
    const MIDPOINT: u64 = 1 << 28;
    let sum = f64::from(a) * f64::from(b) + f64::from(c);
    if sum.to_bits() & BELOW == MIDPOINT || sum.abs() < f64::from(f32::MIN_POSITIVE) {
        return a.mul_add(b, c);
    }
    sum as f32
}

/// Horner's rule: the highest coefficient first.
pub(super) fn horner<const N: usize>(x: f32, start: f32, coefficients: [f32; N]) -> f32 {
    coefficients.iter().fold(start, |sum, c| fused(sum, x, *c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(count: u32) -> impl Iterator<Item = [u32; 3]> {
        let word =
            |i: u32| i.wrapping_mul(0x9E37_79B9) ^ i.wrapping_mul(0x85EB_CA6B).rotate_left(15);
        (0..count).map(move |i| [word(3 * i), word(3 * i + 1), word(3 * i + 2)])
    }

    #[track_caller]
    fn check(a: f32, b: f32, c: f32) {
        let (got, expected) = (fused(a, b, c), libm::fmaf(a, b, c));
        let equal = got.to_bits() == expected.to_bits() || got.is_nan() && expected.is_nan();
        assert!(equal, "{a:e}·{b:e} + {c:e}: {got:e} {expected:e}");
    }

    #[test]
    fn any_bits_are_rounded_once() {
        for [a, b, c] in words(3_000_000) {
            check(f32::from_bits(a), f32::from_bits(b), f32::from_bits(c));
        }
    }

    #[test]
    fn numbers_near_each_other_are_rounded_once() {
        let near = |word: u32| f32::from_bits(0x3F80_0000 - (word & 7) * 0x40_0000 + (word >> 9));
        for [a, b, c] in words(3_000_000) {
            let sign = if c & 256 == 0 { 1.0 } else { -1.0 };
            check(near(a), near(b), sign * near(c));
            check(near(a), near(b), sign * near(c) * near(a) * f32::from_bits(0x3300_0000));
        }
    }

    /// Few bits in the factors make midpoints frequent.
    #[test]
    fn midpoints_are_rounded_once() {
        let mut midpoints = 0;
        for [a, b, c] in words(2_000_000) {
            let a = 1.0 + (a >> 20) as f32 * f32::powi(2.0, -12);
            let b = 1.0 + (b >> 20) as f32 * f32::powi(2.0, -12);
            let c = f32::from_bits(c & 0x3FFF_FFFF);
            let sum = f64::from(a) * f64::from(b) + f64::from(c);
            midpoints += u32::from(sum.to_bits() & 0x1FFF_FFFF == 0x1000_0000);
            check(a, b, c);
            check(a, b, -c);
        }
        assert!(midpoints > 1_000, "{midpoints}");
    }
}
