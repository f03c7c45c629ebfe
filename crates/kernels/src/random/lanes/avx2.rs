//! The lanes as two vectors of 256 bits.
//!
//! Every `unsafe` block here calls instructions of AVX2 or FMA, which the machine has: a value of
//! [`Avx2`] comes from [`Avx2::detect`] alone.

#[allow(clippy::wildcard_imports, reason = "the names of all instructions begin with `_mm`")]
use std::arch::x86_64::*;

use super::{LANES, Lanes};

/// The instructions of AVX2 and FMA.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Avx2(());

impl Avx2 {
    /// The proof that this machine has the instructions, if it has.
    pub(in super::super) fn detect() -> Option<Self> {
        let all = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        all.then_some(Self(()))
    }
}

/// Lanes 0–7 and 8–15.
type Integers = [__m256i; 2];
type Numbers = [__m256; 2];
/// Even and odd lanes of the first eight, then of the last.
type Quarters = [__m256i; 4];

/// The odd lanes.
const ODD: i32 = 0xAA;

/// Methods of a few instructions each.
macro_rules! by_instructions {
    ($(fn $name:ident $(<const $n:ident: u32>)? ($($argument:ident: $type:ty),*) -> $out:ty = $body:expr;)*) => {
        $(
            #[inline(always)]
            fn $name $(<const $n: u32>)? (self, $($argument: $type),*) -> $out {
                // SAFETY: `self` proves that the machine has AVX2 and FMA.
                unsafe { $body }
            }
        )*
    };
}

/// An instruction applied to both vectors.
macro_rules! both {
    ($instruction:path, $a:expr $(, $b:expr)*) => {
        [$instruction($a[0] $(, $b[0])*), $instruction($a[1] $(, $b[1])*)]
    };
}

/// An instruction applied to all four vectors.
macro_rules! all_four {
    ($instruction:path, $a:expr, $b:expr) => {
        [
            $instruction($a[0], $b[0]),
            $instruction($a[1], $b[1]),
            $instruction($a[2], $b[2]),
            $instruction($a[3], $b[3]),
        ]
    };
}

impl Lanes for Avx2 {
    type Bits = Integers;
    type Wide = Quarters;
    type Number = Numbers;
    type Mask = Numbers;

    by_instructions! {
        fn count_from(first: u32) -> Integers = {
            let first = _mm256_set1_epi32(first as i32);
            let low = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
            let high = _mm256_setr_epi32(8, 9, 10, 11, 12, 13, 14, 15);
            [_mm256_add_epi32(first, low), _mm256_add_epi32(first, high)]
        };
        fn bits(value: u32) -> Integers = [_mm256_set1_epi32(value as i32); 2];
        fn add_bits(a: Integers, b: Integers) -> Integers = both!(_mm256_add_epi32, a, b);
        fn and(a: Integers, b: Integers) -> Integers = both!(_mm256_and_si256, a, b);
        fn xor(a: Integers, b: Integers) -> Integers = both!(_mm256_xor_si256, a, b);
        fn shift_left<const N: u32>(a: Integers) -> Integers = {
            let count = _mm_cvtsi32_si128(N as i32);
            [_mm256_sll_epi32(a[0], count), _mm256_sll_epi32(a[1], count)]
        };
        fn shift_right<const N: u32>(a: Integers) -> Integers = {
            let count = _mm_cvtsi32_si128(N as i32);
            [_mm256_srl_epi32(a[0], count), _mm256_srl_epi32(a[1], count)]
        };

        fn wide(value: u64) -> Quarters = [_mm256_set1_epi64x(value as i64); 4];
        fn widen(a: Integers) -> Quarters = {
            [a[0], _mm256_srli_epi64::<32>(a[0]), a[1], _mm256_srli_epi64::<32>(a[1])]
        };
        fn upper(a: Quarters) -> Quarters = [
            _mm256_srli_epi64::<32>(a[0]),
            _mm256_srli_epi64::<32>(a[1]),
            _mm256_srli_epi64::<32>(a[2]),
            _mm256_srli_epi64::<32>(a[3]),
        ];
        fn narrow(a: Quarters) -> Integers = [
            _mm256_blend_epi32::<ODD>(a[0], _mm256_slli_epi64::<32>(a[1])),
            _mm256_blend_epi32::<ODD>(a[2], _mm256_slli_epi64::<32>(a[3])),
        ];
        fn narrow_upper(a: Quarters) -> Integers = [
            _mm256_blend_epi32::<ODD>(_mm256_srli_epi64::<32>(a[0]), a[1]),
            _mm256_blend_epi32::<ODD>(_mm256_srli_epi64::<32>(a[2]), a[3]),
        ];
        fn add_wide(a: Quarters, b: Quarters) -> Quarters = all_four!(_mm256_add_epi64, a, b);
        fn xor_wide(a: Quarters, b: Quarters) -> Quarters = all_four!(_mm256_xor_si256, a, b);
        fn multiply_wide(a: Quarters, b: Quarters) -> Quarters = all_four!(_mm256_mul_epu32, a, b);

        fn number(value: f32) -> Numbers = [_mm256_set1_ps(value); 2];
        fn signed_number(a: Integers) -> Numbers = both!(_mm256_cvtepi32_ps, a);
        fn bits_of(a: Numbers) -> Integers = both!(_mm256_castps_si256, a);
        fn number_of(a: Integers) -> Numbers = both!(_mm256_castsi256_ps, a);
        fn sub(a: Numbers, b: Numbers) -> Numbers = both!(_mm256_sub_ps, a, b);
        fn mul(a: Numbers, b: Numbers) -> Numbers = both!(_mm256_mul_ps, a, b);
        fn fma(a: Numbers, b: Numbers, c: Numbers) -> Numbers = both!(_mm256_fmadd_ps, a, b, c);
        fn sqrt(a: Numbers) -> Numbers = both!(_mm256_sqrt_ps, a);
        fn min(a: Numbers, b: Numbers) -> Numbers = both!(_mm256_min_ps, a, b);
        fn max(a: Numbers, b: Numbers) -> Numbers = both!(_mm256_max_ps, a, b);

        fn sum_or(mask: Numbers, a: Numbers, b: Numbers, no: Numbers) -> Numbers = {
            both!(_mm256_blendv_ps, no, both!(_mm256_add_ps, a, b), mask)
        };
        fn exponent(a: Numbers) -> Numbers = {
            let bits = both!(_mm256_castps_si256, a);
            let bias = [_mm256_set1_ps(127.0); 2];
            let biased = [_mm256_srli_epi32::<23>(bits[0]), _mm256_srli_epi32::<23>(bits[1])];
            both!(_mm256_sub_ps, both!(_mm256_cvtepi32_ps, biased), bias)
        };

        fn less(a: Numbers, b: Numbers) -> Numbers = both!(_mm256_cmp_ps::<_CMP_LT_OQ>, a, b);
        fn at_least(a: Integers, b: Integers) -> Numbers = {
            let larger = both!(_mm256_max_epu32, a, b);
            both!(_mm256_castsi256_ps, both!(_mm256_cmpeq_epi32, a, larger))
        };
        fn has_bit<const N: u32>(a: Integers) -> Numbers = {
            let count = _mm_cvtsi32_si128(31 - N as i32);
            [
                _mm256_castsi256_ps(_mm256_sll_epi32(a[0], count)),
                _mm256_castsi256_ps(_mm256_sll_epi32(a[1], count)),
            ]
        };
        fn complement_where(mask: Numbers, a: Integers) -> Integers = {
            both!(_mm256_xor_si256, a, both!(_mm256_castps_si256, mask))
        };
        fn with_sign(a: Numbers, sign: Integers) -> Numbers = {
            let sign_bit = [_mm256_set1_ps(-0.0); 2];
            let sign = both!(_mm256_and_ps, sign_bit, both!(_mm256_castsi256_ps, sign));
            both!(_mm256_or_ps, sign, both!(_mm256_andnot_ps, sign_bit, a))
        };
        fn any(mask: Numbers) -> bool = {
            _mm256_movemask_ps(mask[0]) | _mm256_movemask_ps(mask[1]) != 0
        };
        fn select(mask: Numbers, yes: Numbers, no: Numbers) -> Numbers = {
            both!(_mm256_blendv_ps, no, yes, mask)
        };
    }

    /// Both halves of an integer are exact, and their sum is rounded once.
    #[inline(always)]
    fn unsigned_number(self, a: Integers) -> Numbers {
        let high = self.signed_number(self.shift_right::<16>(a));
        let low = self.signed_number(self.and(a, self.bits(0xFFFF)));
        self.fma(high, self.number(65_536.0), low)
    }

    #[inline(always)]
    fn zero_or_exponent(self, mask: Numbers, a: Numbers) -> Numbers {
        let exponent = self.exponent(a);
        // SAFETY: `self` proves the instruction.
        unsafe { both!(_mm256_andnot_ps, mask, exponent) }
    }

    #[inline(always)]
    fn store(self, a: Numbers, slots: &mut [[f32; LANES]], word: usize) {
        let (low, high) = slots[word].split_at_mut(LANES / 2);
        // SAFETY: `self` proves the instruction; each half holds 32 bytes, at any alignment.
        unsafe {
            _mm256_storeu_ps(low.as_mut_ptr(), a[0]);
            _mm256_storeu_ps(high.as_mut_ptr(), a[1]);
        }
    }

    #[inline(always)]
    fn prefetch(self, place: *const f32) {
        // SAFETY: a hint, without effect at an address that cannot be read.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(place.cast()) }
    }
}
