//! The lanes as one vector of 512 bits.
//!
//! Every `unsafe` block here calls instructions of AVX-512 F, which the machine has: a value of
//! [`Avx512`] comes from [`Avx512::detect`] alone.

#[allow(clippy::wildcard_imports, reason = "the names of all instructions begin with `_mm`")]
use std::arch::x86_64::*;

use super::{LANES, Lanes};

/// The instructions of AVX-512 F.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Avx512(());

impl Avx512 {
    /// The proof that this machine has the instructions, if it has.
    pub(in super::super) fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx512f").then_some(Self(()))
    }
}

/// Even lanes and odd lanes.
type Halves = [__m512i; 2];

/// The odd lanes.
const ODD: __mmask16 = 0xAAAA;
/// Orders of four lanes in which the lower half of 64 bits, or the upper, stands at both places.
const LOWER_TO_UPPER: _MM_PERM_ENUM = 0b10_10_00_00;
const UPPER_TO_LOWER: _MM_PERM_ENUM = 0b11_11_01_01;

/// Methods of one instruction or two each.
macro_rules! by_instructions {
    ($(fn $name:ident $(<const $n:ident: u32>)? ($($argument:ident: $type:ty),*) -> $out:ty = $body:expr;)*) => {
        $(
            #[inline(always)]
            fn $name $(<const $n: u32>)? (self, $($argument: $type),*) -> $out {
                // SAFETY: `self` proves that the machine has AVX-512 F.
                unsafe { $body }
            }
        )*
    };
}

impl Lanes for Avx512 {
    type Bits = __m512i;
    type Wide = Halves;
    type Number = __m512;
    type Mask = __mmask16;

    by_instructions! {
        fn count_from(first: u32) -> __m512i = {
            let steps = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
            _mm512_add_epi32(_mm512_set1_epi32(first as i32), steps)
        };
        fn bits(value: u32) -> __m512i = _mm512_set1_epi32(value as i32);
        fn add_bits(a: __m512i, b: __m512i) -> __m512i = _mm512_add_epi32(a, b);
        fn and(a: __m512i, b: __m512i) -> __m512i = _mm512_and_si512(a, b);
        fn xor(a: __m512i, b: __m512i) -> __m512i = _mm512_xor_si512(a, b);
        fn shift_left<const N: u32>(a: __m512i) -> __m512i = _mm512_slli_epi32::<N>(a);
        fn shift_right<const N: u32>(a: __m512i) -> __m512i = _mm512_srli_epi32::<N>(a);

        fn wide(value: u64) -> Halves = [_mm512_set1_epi64(value as i64); 2];
        fn widen(a: __m512i) -> Halves = [a, _mm512_srli_epi64::<32>(a)];
        fn upper(a: Halves) -> Halves = {
            [_mm512_srli_epi64::<32>(a[0]), _mm512_srli_epi64::<32>(a[1])]
        };
        fn narrow(a: Halves) -> __m512i = {
            _mm512_mask_shuffle_epi32::<LOWER_TO_UPPER>(a[0], ODD, a[1])
        };
        fn narrow_upper(a: Halves) -> __m512i = {
            _mm512_mask_shuffle_epi32::<UPPER_TO_LOWER>(a[1], !ODD, a[0])
        };
        fn add_wide(a: Halves, b: Halves) -> Halves = {
            [_mm512_add_epi64(a[0], b[0]), _mm512_add_epi64(a[1], b[1])]
        };
        fn xor_wide(a: Halves, b: Halves) -> Halves = {
            [_mm512_xor_si512(a[0], b[0]), _mm512_xor_si512(a[1], b[1])]
        };
        fn multiply_wide(a: Halves, b: Halves) -> Halves = {
            [_mm512_mul_epu32(a[0], b[0]), _mm512_mul_epu32(a[1], b[1])]
        };

        fn number(value: f32) -> __m512 = _mm512_set1_ps(value);
        fn unsigned_number(a: __m512i) -> __m512 = _mm512_cvtepu32_ps(a);
        fn signed_number(a: __m512i) -> __m512 = _mm512_cvtepi32_ps(a);
        fn bits_of(a: __m512) -> __m512i = _mm512_castps_si512(a);
        fn number_of(a: __m512i) -> __m512 = _mm512_castsi512_ps(a);
        fn sub(a: __m512, b: __m512) -> __m512 = _mm512_sub_ps(a, b);
        fn mul(a: __m512, b: __m512) -> __m512 = _mm512_mul_ps(a, b);
        fn fma(a: __m512, b: __m512, c: __m512) -> __m512 = _mm512_fmadd_ps(a, b, c);
        fn sqrt(a: __m512) -> __m512 = _mm512_sqrt_ps(a);
        fn min(a: __m512, b: __m512) -> __m512 = _mm512_min_ps(a, b);
        fn max(a: __m512, b: __m512) -> __m512 = _mm512_max_ps(a, b);

        fn sum_or(mask: __mmask16, a: __m512, b: __m512, no: __m512) -> __m512 = {
            _mm512_mask_add_ps(no, mask, a, b)
        };
        fn exponent(a: __m512) -> __m512 = _mm512_getexp_ps(a);
        fn zero_or_exponent(mask: __mmask16, a: __m512) -> __m512 = {
            _mm512_maskz_getexp_ps(!mask, a)
        };

        fn less(a: __m512, b: __m512) -> __mmask16 = _mm512_cmp_ps_mask::<_CMP_LT_OQ>(a, b);
        fn at_least(a: __m512i, b: __m512i) -> __mmask16 = _mm512_cmpge_epu32_mask(a, b);
        fn has_bit<const N: u32>(a: __m512i) -> __mmask16 = {
            _mm512_test_epi32_mask(a, _mm512_set1_epi32(1 << N))
        };
        fn complement_where(mask: __mmask16, a: __m512i) -> __m512i = {
            _mm512_mask_xor_epi32(a, mask, a, _mm512_set1_epi32(-1))
        };
        fn with_sign(a: __m512, sign: __m512i) -> __m512 = {
            const SELECT: i32 = 0xCA;
            let sign_bit = _mm512_set1_epi32(i32::MIN);
            let a = _mm512_castps_si512(a);
            _mm512_castsi512_ps(_mm512_ternarylogic_epi32::<SELECT>(sign_bit, sign, a))
        };
        fn select(mask: __mmask16, yes: __m512, no: __m512) -> __m512 = {
            _mm512_mask_blend_ps(mask, no, yes)
        };
    }

    #[inline(always)]
    fn any(self, mask: __mmask16) -> bool {
        mask != 0
    }

    #[inline(always)]
    fn store(self, a: __m512, slots: &mut [[f32; LANES]], word: usize) {
        // SAFETY: `self` proves the instruction; a slot holds the 64 bytes, at any alignment.
        unsafe { _mm512_storeu_ps(slots[word].as_mut_ptr(), a) }
    }

    #[inline(always)]
    fn prefetch(self, place: *const f32) {
        // SAFETY: a hint, without effect at an address that cannot be read.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(place.cast()) }
    }
}
