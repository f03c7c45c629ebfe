//! Two sets of lanes side by side, so that one has work while the other waits for a result.

use super::{LANES, Lanes, WORDS};

/// The sets of `L`, twice.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Twice<L>(pub(in super::super) L);

/// Methods applied to both sets.
macro_rules! both {
    ($(fn $name:ident $(<const $n:ident: u32>)? ($($argument:ident: $type:ident),*) -> $out:ident;)*) => {
        $(
            #[inline(always)]
            fn $name $(<const $n: u32>)? (self, $($argument: Self::$type),*) -> Self::$out {
                [
                    self.0.$name$(::<$n>)?($($argument[0]),*),
                    self.0.$name$(::<$n>)?($($argument[1]),*),
                ]
            }
        )*
    };
}

impl<L: Lanes> Lanes for Twice<L> {
    const SETS: usize = 2;
    type Bits = [L::Bits; 2];
    type Wide = [L::Wide; 2];
    type Number = [L::Number; 2];
    type Mask = [L::Mask; 2];

    #[inline(always)]
    fn count_from(self, first: u32) -> Self::Bits {
        [self.0.count_from(first), self.0.count_from(first.wrapping_add(LANES as u32))]
    }
    #[inline(always)]
    fn bits(self, value: u32) -> Self::Bits {
        [self.0.bits(value); 2]
    }
    #[inline(always)]
    fn wide(self, value: u64) -> Self::Wide {
        [self.0.wide(value); 2]
    }
    #[inline(always)]
    fn number(self, value: f32) -> Self::Number {
        [self.0.number(value); 2]
    }
    #[inline(always)]
    fn any(self, mask: Self::Mask) -> bool {
        self.0.any(mask[0]) || self.0.any(mask[1])
    }
    both! {
        fn add_bits(a: Bits, b: Bits) -> Bits;
        fn and(a: Bits, b: Bits) -> Bits;
        fn xor(a: Bits, b: Bits) -> Bits;
        fn shift_left<const N: u32>(a: Bits) -> Bits;
        fn shift_right<const N: u32>(a: Bits) -> Bits;
        fn widen(a: Bits) -> Wide;
        fn upper(a: Wide) -> Wide;
        fn narrow(a: Wide) -> Bits;
        fn narrow_upper(a: Wide) -> Bits;
        fn add_wide(a: Wide, b: Wide) -> Wide;
        fn xor_wide(a: Wide, b: Wide) -> Wide;
        fn multiply_wide(a: Wide, b: Wide) -> Wide;
        fn unsigned_number(a: Bits) -> Number;
        fn signed_number(a: Bits) -> Number;
        fn bits_of(a: Number) -> Bits;
        fn number_of(a: Bits) -> Number;
        fn sub(a: Number, b: Number) -> Number;
        fn mul(a: Number, b: Number) -> Number;
        fn fma(a: Number, b: Number, c: Number) -> Number;
        fn sqrt(a: Number) -> Number;
        fn min(a: Number, b: Number) -> Number;
        fn max(a: Number, b: Number) -> Number;
        fn less(a: Number, b: Number) -> Mask;
        fn sum_or(mask: Mask, a: Number, b: Number, no: Number) -> Number;
        fn exponent(a: Number) -> Number;
        fn zero_or_exponent(mask: Mask, a: Number) -> Number;
        fn at_least(a: Bits, b: Bits) -> Mask;
        fn has_bit<const N: u32>(a: Bits) -> Mask;
        fn complement_where(mask: Mask, a: Bits) -> Bits;
        fn with_sign(a: Number, sign: Bits) -> Number;
        fn select(mask: Mask, yes: Number, no: Number) -> Number;
    }

    #[inline(always)]
    fn store(self, a: Self::Number, slots: &mut [[f32; LANES]], word: usize) {
        let (first, second) = slots.split_at_mut(WORDS);
        self.0.store(a[0], first, word);
        self.0.store(a[1], second, word);
    }
    #[inline(always)]
    fn prefetch(self, place: *const f32) {
        self.0.prefetch(place);
    }
}
