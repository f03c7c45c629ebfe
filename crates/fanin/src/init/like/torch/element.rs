//! The number types of tensors, and the wider type in which PyTorch computes them.

use half::{bf16, f16};

use self::sealed::Arithmetic as _;
use super::box_muller;
use super::generator::Build;
use crate::init::like::mersenne_twister::MersenneTwister;

/// A number type that tensors can have: `f32`, `f64`, [`half::bf16`] or [`half::f16`].
pub trait Element: Copy + PartialEq + std::fmt::Debug + sealed::Sealed + Send + Sync {
    /// The type in which its numbers are drawn.
    type Wide: Wide;
    /// Whether numbers are drawn block by block, beside the tensor.
    const IS_NARROW: bool;
    /// The nearest number of this type.
    fn from_wide(wide: Self::Wide) -> Self;
    /// The same number.
    fn to_wide(self) -> Self::Wide;
    /// The nearest number of this type, by way of `f32` if it has 16 bits, as in C++.
    fn rounded(value: f64) -> Self {
        Self::from_wide(Self::Wide::from_f64(value))
    }
}

/// `f32` or `f64`: what uniform and normal numbers are computed in.
pub trait Wide: Element<Wide = Self> + PartialOrd + sealed::Arithmetic {}

pub(super) mod sealed {
    use super::{Build, MersenneTwister};

    /// Keeps the traits from being implemented for other types.
    pub trait Sealed {}

    /// What the two wide types have in common.
    pub trait Arithmetic: Sized + Copy {
        const ZERO: Self;
        const ONE: Self;
        fn from_f64(value: f64) -> Self;
        fn to_f64(self) -> f64;
        fn uniform(bits: &mut MersenneTwister, build: Build, from: Self, to: Self) -> Self;
        fn normal_block(block: &mut [Self; 16], build: Build, mean: Self, deviation: Self);
        /// −½((x − mean)/deviation)² − peak, rounded after every step; of the numbers that are
        /// given, PyTorch rounds those that it subtracts.
        fn log_of_density_above(
            self,
            mean: f64,
            deviation: f64,
            peak: f64,
            round: impl Fn(Self) -> Self,
        ) -> Self {
            let distance = round(self.minus(round(Self::from_f64(mean))));
            let distance = round(distance.over(Self::from_f64(deviation)));
            let square = round(distance.times(distance));
            let log_density = round(square.times(Self::from_f64(-0.5)));
            round(log_density.minus(round(Self::from_f64(peak))))
        }
        fn minus(self, other: Self) -> Self;
        fn times(self, other: Self) -> Self;
        fn over(self, other: Self) -> Self;
        fn ln(self) -> Self;
    }
}

impl sealed::Arithmetic for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;

    fn from_f64(value: f64) -> Self {
        value as Self
    }

    fn to_f64(self) -> f64 {
        f64::from(self)
    }

    fn uniform(bits: &mut MersenneTwister, build: Build, from: Self, to: Self) -> Self {
        let x = (bits.next_u32() & 0x00ff_ffff) as Self * 2f32.powi(-24);
        match build {
            Build::Fused => box_muller::fused(x, to - from, from),
            Build::Plain => x * (to - from) + from,
        }
    }

    fn normal_block(block: &mut [Self; 16], build: Build, mean: Self, deviation: Self) {
        match build {
            Build::Fused => box_muller::fused_block(block, mean, deviation),
            Build::Plain => box_muller::plain_block(block, mean, deviation),
        }
    }

    fn minus(self, other: Self) -> Self {
        self - other
    }

    fn times(self, other: Self) -> Self {
        self * other
    }

    fn over(self, other: Self) -> Self {
        self / other
    }

    fn ln(self) -> Self {
        f64::from(self).ln() as Self
    }
}

impl sealed::Arithmetic for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;

    fn from_f64(value: f64) -> Self {
        value
    }

    fn to_f64(self) -> f64 {
        self
    }

    fn uniform(bits: &mut MersenneTwister, build: Build, from: Self, to: Self) -> Self {
        let high = u64::from(bits.next_u32());
        let word = (high << 32) | u64::from(bits.next_u32());
        let x = (word & ((1 << 53) - 1)) as Self * 2f64.powi(-53);
        match build {
            Build::Fused => x.mul_add(to - from, from),
            Build::Plain => x * (to - from) + from,
        }
    }

    fn normal_block(block: &mut [Self; 16], _build: Build, mean: Self, deviation: Self) {
        box_muller::double_block(block, mean, deviation);
    }

    fn minus(self, other: Self) -> Self {
        self - other
    }

    fn times(self, other: Self) -> Self {
        self * other
    }

    fn over(self, other: Self) -> Self {
        self / other
    }

    fn ln(self) -> Self {
        Self::ln(self)
    }
}

/// Implements [`Element`] for a type that is drawn as itself.
macro_rules! wide {
    ($type:ty) => {
        impl sealed::Sealed for $type {}
        impl Wide for $type {}
        impl Element for $type {
            type Wide = Self;
            const IS_NARROW: bool = false;
            fn from_wide(wide: Self) -> Self {
                wide
            }
            fn to_wide(self) -> Self {
                self
            }
        }
    };
}

/// Implements [`Element`] for a type of 16 bits, which is drawn as `f32`.
macro_rules! narrow {
    ($type:ty) => {
        impl sealed::Sealed for $type {}
        impl Element for $type {
            type Wide = f32;
            const IS_NARROW: bool = true;
            fn from_wide(wide: f32) -> Self {
                Self::from_f32(wide)
            }
            fn to_wide(self) -> f32 {
                self.to_f32()
            }
        }
    };
}

wide!(f32);
wide!(f64);
narrow!(bf16);
narrow!(f16);
