//! Sixteen numbers at a time, with equal bits on every instruction set.
//!
//! A draw is written once over [`Lanes`]. [`Plain`] is the reference and runs everywhere; the other
//! sets are the same operations as single instructions. Each operation rounds exactly once or not
//! at all, so there is nothing in which two sets could differ.

mod functions;
mod plain;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;

pub(super) use functions::{fraction, quantile, sine_cosine, squared_radius};
pub(super) use plain::Plain;

#[cfg(target_arch = "x86_64")]
pub(super) use {avx2::Avx2, avx512::Avx512};

/// How many lanes a vector has.
pub(super) const LANES: usize = 16;

/// Sixteen lanes of 32 bits, read as integers or as `f32`.
///
/// A value of an implementing type is the proof that the machine has the instructions.
pub(super) trait Lanes: Copy {
    /// Sixteen integers.
    type Bits: Copy;
    /// Sixteen integers in the lower halves of 64 bits; what the upper halves hold is undefined.
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
    /// Copies of the highest bit come in from the left.
    fn shift_right_signed<const N: u32>(self, a: Self::Bits) -> Self::Bits;

    fn wide(self, value: u32) -> Self::Wide;
    fn widen(self, a: Self::Bits) -> Self::Wide;
    fn narrow(self, a: Self::Wide) -> Self::Bits;
    fn xor_wide(self, a: Self::Wide, b: Self::Wide) -> Self::Wide;
    /// The higher and the lower half of a product.
    fn multiply_wide(self, a: Self::Wide, b: Self::Wide) -> (Self::Wide, Self::Wide);

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

    fn less(self, a: Self::Number, b: Self::Number) -> Self::Mask;
    /// Where the highest bit is set.
    fn negative(self, a: Self::Bits) -> Self::Mask;
    fn any(self, mask: Self::Mask) -> bool;
    fn select(self, mask: Self::Mask, yes: Self::Number, no: Self::Number) -> Self::Number;

    fn store(self, a: Self::Number, out: &mut [f32; LANES]);
}

#[cfg(test)]
mod tests;
