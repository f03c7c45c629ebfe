//! What the memory of a run is made of: buffers of floating-point numbers, of integers or of positions.

use fanin_kernels::Float;
use fanin_kernels::memory::{Extent, try_zeros};

use crate::graph::Kind;

/// The elements of one buffer.
#[derive(Clone, Debug)]
pub enum Buffer<T> {
    /// Floating-point elements.
    Float(Vec<T>),
    /// Integer elements.
    Integer(Vec<i64>),
    /// Positions in planes.
    Position(Vec<i32>),
}

impl<T> Default for Buffer<T> {
    fn default() -> Self {
        Self::Float(Vec::new())
    }
}

impl<T: Float> Buffer<T> {
    /// A buffer of zeros, or nothing if memory does not hold it.
    pub(crate) fn new(kind: Kind, elements: usize) -> Option<Self> {
        Some(match kind {
            Kind::Float => Self::Float(try_zeros(elements)?),
            Kind::Integer => Self::Integer(defaults(elements)?),
            Kind::Position => Self::Position(defaults(elements)?),
        })
    }

    /// The bytes that [`new`](Self::new) asks for.
    pub(crate) fn bytes(kind: Kind, elements: usize) -> usize {
        let element = match kind {
            Kind::Float => size_of::<T>(),
            Kind::Integer => size_of::<i64>(),
            Kind::Position => size_of::<i32>(),
        };
        elements.saturating_mul(element)
    }

    /// Where the elements lie.
    pub(crate) fn extent(&self) -> Extent {
        match self {
            Self::Float(data) => Extent::of(data),
            Self::Integer(data) => Extent::of(data),
            Self::Position(data) => Extent::of(data),
        }
    }

    pub(crate) fn floats(&self) -> &[T] {
        match self {
            Self::Float(data) => data,
            _ => panic!("an operator read integers as floating-point numbers"),
        }
    }

    pub(crate) fn floats_mut(&mut self) -> &mut [T] {
        match self {
            Self::Float(data) => data,
            _ => panic!("an operator wrote floating-point numbers as integers"),
        }
    }

    /// Exchanges the elements for as many others.
    pub(crate) fn exchange(&mut self, others: &mut Vec<T>) {
        match self {
            Self::Float(data) => {
                assert_eq!(data.len(), others.len(), "what is exchanged has the same length");
                std::mem::swap(data, others);
            }
            _ => panic!("floating-point numbers are no integers"),
        }
    }

    pub(crate) fn integers(&self) -> &[i64] {
        match self {
            Self::Integer(data) => data,
            _ => panic!("an operator read other numbers as integers"),
        }
    }

    pub(crate) fn integers_mut(&mut self) -> &mut [i64] {
        match self {
            Self::Integer(data) => data,
            _ => panic!("an operator wrote integers as other numbers"),
        }
    }

    pub(crate) fn positions(&self) -> &[i32] {
        match self {
            Self::Position(data) => data,
            _ => panic!("an operator read other numbers as positions"),
        }
    }

    pub(crate) fn positions_mut(&mut self) -> &mut [i32] {
        match self {
            Self::Position(data) => data,
            _ => panic!("an operator wrote positions as other numbers"),
        }
    }
}

fn defaults<N: Clone + Default>(count: usize) -> Option<Vec<N>> {
    let mut memory = Vec::new();
    memory.try_reserve_exact(count).ok()?;
    memory.resize(count, N::default());
    Some(memory)
}

/// What the buffers of a run in `T` hold: `T` itself, or integers.
///
/// Operators that only move elements are written once over it.
pub trait Stored<T>: Copy + PartialOrd + Default + Send + Sync + 'static {
    /// Which kind of wire holds it.
    const KIND: Kind;
    /// What stands where there is nothing to show: NaN, or 0 for integers.
    const MISSING: Self;
    /// 1; the default is 0.
    const UNIT: Self;
    /// The number in this type; a floating-point number is cut to an integer.
    fn from_number(number: Number) -> Self;
    /// self + other, wrapping around for integers.
    fn plus(self, other: Self) -> Self;
    /// self · other, wrapping around for integers.
    fn times(self, other: Self) -> Self;
    /// The larger of two; NaN if either is NaN.
    fn larger(self, other: Self) -> Self;
    /// The smaller of two; NaN if either is NaN.
    fn smaller(self, other: Self) -> Self;
    /// Nothing is smaller: −∞, or the least integer.
    const LOWEST: Self;
    /// Nothing is larger: ∞, or the greatest integer.
    const HIGHEST: Self;
    #[doc(hidden)]
    fn slice(buffer: &Buffer<T>) -> &[Self];
    #[doc(hidden)]
    fn slice_mut(buffer: &mut Buffer<T>) -> &mut [Self];
    #[doc(hidden)]
    fn parameter(parameter: &[T]) -> &[Self];
}

/// A number of either kind, as an attribute of an operator.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// A floating-point number.
    Float(f64),
    /// An integer.
    Integer(i64),
}

impl Number {
    /// The kind of wire that it fits.
    pub fn kind(self) -> Kind {
        match self {
            Self::Float(_) => Kind::Float,
            Self::Integer(_) => Kind::Integer,
        }
    }
}

macro_rules! implement_stored {
    ($type:ident) => {
        impl Stored<$type> for $type {
            const KIND: Kind = Kind::Float;
            const MISSING: Self = $type::NAN;
            const UNIT: Self = 1.0;
            const LOWEST: Self = $type::NEG_INFINITY;
            const HIGHEST: Self = $type::INFINITY;

            fn plus(self, other: Self) -> Self {
                self + other
            }

            fn times(self, other: Self) -> Self {
                self * other
            }

            fn larger(self, other: Self) -> Self {
                if self.is_nan() || self > other { self } else { other }
            }

            fn smaller(self, other: Self) -> Self {
                if self.is_nan() || self < other { self } else { other }
            }

            fn from_number(number: Number) -> Self {
                match number {
                    Number::Float(x) => x as $type,
                    Number::Integer(n) => n as $type,
                }
            }

            fn slice(buffer: &Buffer<$type>) -> &[Self] {
                buffer.floats()
            }

            fn slice_mut(buffer: &mut Buffer<$type>) -> &mut [Self] {
                buffer.floats_mut()
            }

            fn parameter(parameter: &[$type]) -> &[Self] {
                parameter
            }
        }
    };
}

implement_stored!(f32);
implement_stored!(f64);

macro_rules! implement_stored_integers {
    ($type:ident, $kind:ident, $slice:ident, $slice_mut:ident) => {
        impl<T: Float> Stored<T> for $type {
            const KIND: Kind = Kind::$kind;
            const MISSING: Self = 0;
            const UNIT: Self = 1;
            const LOWEST: Self = Self::MIN;
            const HIGHEST: Self = Self::MAX;

            fn plus(self, other: Self) -> Self {
                self.wrapping_add(other)
            }

            fn times(self, other: Self) -> Self {
                self.wrapping_mul(other)
            }

            fn larger(self, other: Self) -> Self {
                self.max(other)
            }

            fn smaller(self, other: Self) -> Self {
                self.min(other)
            }

            fn from_number(number: Number) -> Self {
                match number {
                    Number::Float(x) => x as Self,
                    Number::Integer(n) => n as Self,
                }
            }

            fn slice(buffer: &Buffer<T>) -> &[Self] {
                buffer.$slice()
            }

            fn slice_mut(buffer: &mut Buffer<T>) -> &mut [Self] {
                buffer.$slice_mut()
            }

            fn parameter(_parameter: &[T]) -> &[Self] {
                panic!("an operator read a parameter as integers")
            }
        }
    };
}

implement_stored_integers!(i64, Integer, integers, integers_mut);
implement_stored_integers!(i32, Position, positions, positions_mut);
