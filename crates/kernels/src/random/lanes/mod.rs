//! Sixteen numbers at a time, with equal bits on every instruction set.
//!
//! A draw is written once over [`Lanes`]. [`Plain`] is the reference and runs everywhere; the other
//! sets are the same operations as single instructions. Each operation rounds exactly once or not
//! at all, so there is nothing in which two sets could differ.

mod functions;
mod plain;
mod twice;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;

pub(super) use functions::{fraction, quantile, sine_cosine, squared_radius};
pub(super) use plain::Plain;
pub(super) use twice::Twice;

#[cfg(target_arch = "x86_64")]
pub(super) use {avx2::Avx2, avx512::Avx512};

/// How many lanes a set has.
pub(super) const LANES: usize = 16;

/// Random words that a lane gets at a time.
pub(super) const WORDS: usize = 4;

/// Sixteen lanes of 32 bits, read as integers or as `f32`.
///
/// A value of an implementing type is the proof that the machine has the instructions.
pub(super) trait Lanes: Copy {
    /// How many sets of sixteen lanes there are; below, sixteen means as many times sixteen.
    const SETS: usize = 1;
    /// Sixteen integers.
    type Bits: Copy;
    /// Sixteen integers of 64 bits.
    type Wide: Copy;
    /// Sixteen numbers.
    type Number: Copy;
    /// Sixteen truth values.
    type Mask: Copy;

    /// `first`, `first` + 1, …
    fn count_from(self, first: u32) -> Self::Bits;
    fn bits(self, value: u32) -> Self::Bits;
    /// Wrapping sum.
    fn add_bits(self, a: Self::Bits, b: Self::Bits) -> Self::Bits;
    fn and(self, a: Self::Bits, b: Self::Bits) -> Self::Bits;
    fn xor(self, a: Self::Bits, b: Self::Bits) -> Self::Bits;
    fn shift_left<const N: u32>(self, a: Self::Bits) -> Self::Bits;
    fn shift_right<const N: u32>(self, a: Self::Bits) -> Self::Bits;

    fn wide(self, value: u64) -> Self::Wide;
    /// What the upper halves hold is undefined.
    fn widen(self, a: Self::Bits) -> Self::Wide;
    /// The upper halves, moved down.
    fn upper(self, a: Self::Wide) -> Self::Wide;
    /// The lower halves alone.
    fn narrow(self, a: Self::Wide) -> Self::Bits;
    /// The upper halves alone.
    fn narrow_upper(self, a: Self::Wide) -> Self::Bits;
    /// Wrapping sum.
    fn add_wide(self, a: Self::Wide, b: Self::Wide) -> Self::Wide;
    fn xor_wide(self, a: Self::Wide, b: Self::Wide) -> Self::Wide;
    /// Products of the lower halves.
    fn multiply_wide(self, a: Self::Wide, b: Self::Wide) -> Self::Wide;

    fn number(self, value: f32) -> Self::Number;
    fn unsigned_number(self, a: Self::Bits) -> Self::Number;
    fn signed_number(self, a: Self::Bits) -> Self::Number;
    fn bits_of(self, a: Self::Number) -> Self::Bits;
    fn number_of(self, a: Self::Bits) -> Self::Number;
    fn sub(self, a: Self::Number, b: Self::Number) -> Self::Number;
    fn mul(self, a: Self::Number, b: Self::Number) -> Self::Number;
    /// a·b + c, rounded once.
    fn fma(self, a: Self::Number, b: Self::Number, c: Self::Number) -> Self::Number;
    fn sqrt(self, a: Self::Number) -> Self::Number;
    /// a if a < b, otherwise b.
    fn min(self, a: Self::Number, b: Self::Number) -> Self::Number;
    /// a if a > b, otherwise b.
    fn max(self, a: Self::Number, b: Self::Number) -> Self::Number;

    /// a + b where the mask holds, otherwise `no`.
    fn sum_or(
        self,
        mask: Self::Mask,
        a: Self::Number,
        b: Self::Number,
        no: Self::Number,
    ) -> Self::Number;
    /// The exponent of a positive normal number.
    fn exponent(self, a: Self::Number) -> Self::Number;
    /// 0 where the mask holds, otherwise the exponent of a positive normal number.
    fn zero_or_exponent(self, mask: Self::Mask, a: Self::Number) -> Self::Number;

    fn less(self, a: Self::Number, b: Self::Number) -> Self::Mask;
    /// Where a ≥ b, without signs.
    fn at_least(self, a: Self::Bits, b: Self::Bits) -> Self::Mask;
    /// Where bit N is set, for [`Lanes::select`] alone.
    fn has_bit<const N: u32>(self, a: Self::Bits) -> Self::Mask;
    /// The complement where the mask holds, otherwise `a`.
    fn complement_where(self, mask: Self::Mask, a: Self::Bits) -> Self::Bits;
    /// `a` with the signs of `sign`'s highest bits.
    fn with_sign(self, a: Self::Number, sign: Self::Bits) -> Self::Number;
    fn any(self, mask: Self::Mask) -> bool;
    fn select(self, mask: Self::Mask, yes: Self::Number, no: Self::Number) -> Self::Number;

    /// The numbers of set s become slot [`WORDS`]·s + `word`.
    fn store(self, a: Self::Number, slots: &mut [[f32; LANES]], word: usize);
    /// Brings near what will be written soon; any address will do.
    fn prefetch(self, place: *const f32);
}

#[cfg(test)]
mod tests;
