//! The lanes as arrays: the reference, and the path of machines without wide instructions.

use std::array::from_fn;

use super::{LANES, Lanes};

/// Arrays and loops.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Plain;

impl Lanes for Plain {
    type Bits = [u32; LANES];
    type Wide = [u64; LANES];
    type Number = [f32; LANES];
    type Mask = [bool; LANES];

    #[inline(always)]
    fn count_from(self, first: u32) -> Self::Bits {
        from_fn(|i| first.wrapping_add(i as u32))
    }
    #[inline(always)]
    fn bits(self, value: u32) -> Self::Bits {
        [value; LANES]
    }
    #[inline(always)]
    fn add_bits(self, a: Self::Bits, b: Self::Bits) -> Self::Bits {
        from_fn(|i| a[i].wrapping_add(b[i]))
    }
    #[inline(always)]
    fn and(self, a: Self::Bits, b: Self::Bits) -> Self::Bits {
        from_fn(|i| a[i] & b[i])
    }
    #[inline(always)]
    fn xor(self, a: Self::Bits, b: Self::Bits) -> Self::Bits {
        from_fn(|i| a[i] ^ b[i])
    }
    #[inline(always)]
    fn shift_left<const N: u32>(self, a: Self::Bits) -> Self::Bits {
        a.map(|a| a << N)
    }
    #[inline(always)]
    fn shift_right<const N: u32>(self, a: Self::Bits) -> Self::Bits {
        a.map(|a| a >> N)
    }

    #[inline(always)]
    fn wide(self, value: u64) -> Self::Wide {
        [value; LANES]
    }
    #[inline(always)]
    fn widen(self, a: Self::Bits) -> Self::Wide {
        a.map(u64::from)
    }
    #[inline(always)]
    fn upper(self, a: Self::Wide) -> Self::Wide {
        a.map(|a| a >> 32)
    }
    #[inline(always)]
    fn narrow(self, a: Self::Wide) -> Self::Bits {
        a.map(|a| a as u32)
    }
    #[inline(always)]
    fn narrow_upper(self, a: Self::Wide) -> Self::Bits {
        a.map(|a| (a >> 32) as u32)
    }
    #[inline(always)]
    fn add_wide(self, a: Self::Wide, b: Self::Wide) -> Self::Wide {
        from_fn(|i| a[i].wrapping_add(b[i]))
    }
    #[inline(always)]
    fn xor_wide(self, a: Self::Wide, b: Self::Wide) -> Self::Wide {
        from_fn(|i| a[i] ^ b[i])
    }
    #[inline(always)]
    fn multiply_wide(self, a: Self::Wide, b: Self::Wide) -> Self::Wide {
        const LOWER: u64 = 0xFFFF_FFFF;
        from_fn(|i| (a[i] & LOWER) * (b[i] & LOWER))
    }

    #[inline(always)]
    fn number(self, value: f32) -> Self::Number {
        [value; LANES]
    }
    #[inline(always)]
    fn unsigned_number(self, a: Self::Bits) -> Self::Number {
        a.map(|a| a as f32)
    }
    #[inline(always)]
    fn signed_number(self, a: Self::Bits) -> Self::Number {
        a.map(|a| a as i32 as f32)
    }
    #[inline(always)]
    fn bits_of(self, a: Self::Number) -> Self::Bits {
        a.map(f32::to_bits)
    }
    #[inline(always)]
    fn number_of(self, a: Self::Bits) -> Self::Number {
        a.map(f32::from_bits)
    }
    #[inline(always)]
    fn sub(self, a: Self::Number, b: Self::Number) -> Self::Number {
        from_fn(|i| a[i] - b[i])
    }
    #[inline(always)]
    fn mul(self, a: Self::Number, b: Self::Number) -> Self::Number {
        from_fn(|i| a[i] * b[i])
    }
    #[inline(always)]
    fn fma(self, a: Self::Number, b: Self::Number, c: Self::Number) -> Self::Number {
        from_fn(|i| fused(a[i], b[i], c[i]))
    }
    #[inline(always)]
    fn sqrt(self, a: Self::Number) -> Self::Number {
        a.map(f32::sqrt)
    }
    #[inline(always)]
    fn min(self, a: Self::Number, b: Self::Number) -> Self::Number {
        from_fn(|i| if a[i] < b[i] { a[i] } else { b[i] })
    }
    #[inline(always)]
    fn max(self, a: Self::Number, b: Self::Number) -> Self::Number {
        from_fn(|i| if a[i] > b[i] { a[i] } else { b[i] })
    }

    #[inline(always)]
    fn sum_or(
        self,
        mask: Self::Mask,
        a: Self::Number,
        b: Self::Number,
        no: Self::Number,
    ) -> Self::Number {
        from_fn(|i| if mask[i] { a[i] + b[i] } else { no[i] })
    }
    #[inline(always)]
    fn exponent(self, a: Self::Number) -> Self::Number {
        a.map(|a| (a.to_bits() >> 23) as f32 - 127.0)
    }
    #[inline(always)]
    fn zero_or_exponent(self, mask: Self::Mask, a: Self::Number) -> Self::Number {
        let exponent = self.exponent(a);
        from_fn(|i| if mask[i] { 0.0 } else { exponent[i] })
    }

    #[inline(always)]
    fn less(self, a: Self::Number, b: Self::Number) -> Self::Mask {
        from_fn(|i| a[i] < b[i])
    }
    #[inline(always)]
    fn at_least(self, a: Self::Bits, b: Self::Bits) -> Self::Mask {
        from_fn(|i| a[i] >= b[i])
    }
    #[inline(always)]
    fn has_bit<const N: u32>(self, a: Self::Bits) -> Self::Mask {
        a.map(|a| a >> N & 1 == 1)
    }
    #[inline(always)]
    fn complement_where(self, mask: Self::Mask, a: Self::Bits) -> Self::Bits {
        from_fn(|i| if mask[i] { !a[i] } else { a[i] })
    }
    #[inline(always)]
    fn with_sign(self, a: Self::Number, sign: Self::Bits) -> Self::Number {
        from_fn(|i| a[i].copysign(f32::from_bits(sign[i])))
    }
    #[inline(always)]
    fn any(self, mask: Self::Mask) -> bool {
        mask.contains(&true)
    }
    #[inline(always)]
    fn select(self, mask: Self::Mask, yes: Self::Number, no: Self::Number) -> Self::Number {
        from_fn(|i| if mask[i] { yes[i] } else { no[i] })
    }

    #[inline(always)]
    fn store(self, a: Self::Number, slots: &mut [[f32; LANES]], word: usize) {
        slots[word] = a;
    }
    #[inline(always)]
    fn prefetch(self, _: *const f32) {}
}

/// a·b + c, rounded once: by the machine's instruction where it surely has one.
#[inline(always)]
fn fused(a: f32, b: f32, c: f32) -> f32 {
    if cfg!(any(target_feature = "fma", target_arch = "aarch64")) {
        a.mul_add(b, c)
    } else {
        fused_by_rounding_to_odd(a, b, c)
    }
}

/// The product is exact in `f64`. The sum is rounded to odd, which leaves the second rounding, to
/// `f32`, what it would have been without the first: Boldo & Melquiond, "Emulation of a FMA and
/// correctly rounded sums: proved algorithms using rounding to odd", 2008.
#[inline(always)]
pub(super) fn fused_by_rounding_to_odd(a: f32, b: f32, c: f32) -> f32 {
    let (product, c) = (f64::from(a) * f64::from(b), f64::from(c));
    let sum = product + c;
    let of_c = sum - product;
    let lost = (product - (sum - of_c)) + (c - of_c);
    let even = sum.to_bits() & 1 == 0;
    // Neither comparison holds for NaN, which an infinite sum leaves here.
    let (outward, inward) =
        if sum > 0.0 { (lost > 0.0, lost < 0.0) } else { (lost < 0.0, lost > 0.0) };
    let step = u64::from(outward & even).wrapping_sub(u64::from(inward & even));
    f64::from_bits(sum.to_bits().wrapping_add(step)) as f32
}
