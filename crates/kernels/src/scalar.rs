//! Numbers that mathematical formulas are written over.
//!
//! [`Scalar`] is what a formula needs (arithmetic and the usual functions); it is implemented by
//! `f32`, `f64` and by [`Jet`](crate::Jet), so that one formula gives a value and all of its
//! derivatives. [`Float`] is what a buffer holds: `f32` for work, `f64` for gradient checks.

use std::fmt::{Debug, Display};
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use crate::functions;

/// A number that a formula can be evaluated on: `f32`, `f64`, or a [`Jet`](crate::Jet) of either.
pub trait Scalar:
    Copy
    + Debug
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// The constant `value`.
    fn constant(value: f64) -> Self;
    /// The plain value, by which piecewise formulas choose their piece.
    fn value(self) -> f64;
    /// e to the power of `self`.
    fn exp(self) -> Self;
    /// e to the power of `self`, minus 1, accurate near 0.
    fn exp_m1(self) -> Self;
    /// Natural logarithm.
    fn ln(self) -> Self;
    /// Natural logarithm of 1 + `self`, accurate near 0.
    fn ln_1p(self) -> Self;
    /// Square root.
    fn sqrt(self) -> Self;
    /// Sine, in radians.
    fn sin(self) -> Self;
    /// Cosine, in radians.
    fn cos(self) -> Self;
    /// Tangent, in radians.
    fn tan(self) -> Self;
    /// Angle in [−π/2, π/2] whose sine is `self`.
    fn asin(self) -> Self;
    /// Angle in [0, π] whose cosine is `self`.
    fn acos(self) -> Self;
    /// Angle in (−π/2, π/2) whose tangent is `self`.
    fn atan(self) -> Self;
    /// Hyperbolic sine.
    fn sinh(self) -> Self;
    /// Hyperbolic cosine.
    fn cosh(self) -> Self;
    /// Hyperbolic tangent.
    fn tanh(self) -> Self;
    /// Inverse of the hyperbolic sine.
    fn asinh(self) -> Self;
    /// Inverse of the hyperbolic cosine, from 1 on.
    fn acosh(self) -> Self;
    /// Inverse of the hyperbolic tangent, between −1 and 1.
    fn atanh(self) -> Self;
    /// Error function, 2/√π ∫₀ˣ exp(−t²) dt.
    fn erf(self) -> Self;
    /// 1 − erf, accurate where erf is near 1.
    fn erfc(self) -> Self;
    /// The distribution of N(0, 1), accurate where it is near 0, and its density.
    fn normal(self) -> [Self; 2];
    /// Absolute value; its derivative at 0 is taken as +1.
    fn abs(self) -> Self {
        if self.value() < 0.0 { -self } else { self }
    }
}

/// An element of a buffer: `f32` or `f64`.
pub trait Float:
    Scalar
    + crate::product::Product
    + crate::scratch::Scratch
    + crate::conv::tile::Tile
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
    + Sum
    + PartialOrd
    + Default
    + Display
    + Send
    + Sync
    + 'static
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// Rounds an `f64` to this type.
    fn from_f64(value: f64) -> Self;
    /// Widens to `f64`, exactly.
    fn to_f64(self) -> f64;
    /// Neither NaN nor infinite.
    fn is_finite(self) -> bool;
    /// The larger of two numbers; NaN if either is NaN.
    fn maximum(self, other: Self) -> Self;
    /// 0 in place of what is closer to it than any normal number: 1.2e-38 in f32. A memory that
    /// decays gets there and stays there, and processors compute with such numbers slower.
    ///
    /// ```
    /// use fanin_kernels::Float;
    /// assert_eq!([1e-39_f32.or_zero(), -2e-38_f32.or_zero()], [0.0, -2e-38]);
    /// ```
    #[must_use]
    fn or_zero(self) -> Self;
}

macro_rules! implement_float {
    ($type:ident, normal: $normal:path, {$($name:ident: $function:path),+ $(,)?}) => {
        impl Scalar for $type {
            #[inline]
            fn constant(value: f64) -> Self {
                value as $type
            }
            #[inline]
            fn value(self) -> f64 {
                f64::from(self)
            }
            $(
                #[inline(always)]
                fn $name(self) -> Self {
                    $function(self)
                }
            )+
            #[inline(always)]
            fn normal(self) -> [Self; 2] {
                $normal(self)
            }
            #[inline]
            fn sqrt(self) -> Self {
                $type::sqrt(self)
            }
            #[inline]
            fn tan(self) -> Self {
                $type::tan(self)
            }
            #[inline]
            fn asin(self) -> Self {
                $type::asin(self)
            }
            #[inline]
            fn acos(self) -> Self {
                $type::acos(self)
            }
            #[inline]
            fn atan(self) -> Self {
                $type::atan(self)
            }
            #[inline]
            fn sinh(self) -> Self {
                $type::sinh(self)
            }
            #[inline]
            fn cosh(self) -> Self {
                $type::cosh(self)
            }
            #[inline]
            fn asinh(self) -> Self {
                $type::asinh(self)
            }
            #[inline]
            fn acosh(self) -> Self {
                $type::acosh(self)
            }
            #[inline]
            fn atanh(self) -> Self {
                $type::atanh(self)
            }
        }

        impl Float for $type {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            #[inline]
            fn from_f64(value: f64) -> Self {
                value as $type
            }
            #[inline]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            #[inline]
            fn is_finite(self) -> bool {
                $type::is_finite(self)
            }
            #[inline]
            fn maximum(self, other: Self) -> Self {
                if self.is_nan() || self > other { self } else { other }
            }
            #[inline(always)]
            fn or_zero(self) -> Self {
                if $type::abs(self) < $type::MIN_POSITIVE { 0.0 } else { self }
            }
        }
    };
}

implement_float!(f32, normal: functions::normal, {
    exp: functions::exp,
    exp_m1: functions::exp_m1,
    ln: functions::ln,
    ln_1p: functions::ln_1p,
    sin: functions::sin,
    cos: functions::cos,
    tanh: functions::tanh,
    erf: functions::erf,
    erfc: functions::erfc,
});
implement_float!(f64, normal: functions::normal_f64, {
    exp: f64::exp,
    exp_m1: f64::exp_m1,
    ln: f64::ln,
    ln_1p: f64::ln_1p,
    sin: f64::sin,
    cos: f64::cos,
    tanh: f64::tanh,
    erf: libm::erf,
    erfc: libm::erfc,
});
