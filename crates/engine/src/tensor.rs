//! A shape and its elements.

use std::fmt;
use std::sync::Arc;

use fanin_kernels::Float;

use crate::error::{Error, Result};

/// The most elements that one tensor may have: 2^40, far above memory and far below overflow.
pub const MAX_ELEMENTS: usize = 1 << 40;

/// The most axes that a tensor may have.
pub const MAX_RANK: usize = 8;

/// The sizes of a tensor's axes, outermost first; no axis for a scalar. Clones share them.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Shape(Arc<[usize]>);

impl Shape {
    /// A shape from its axes.
    pub fn new(axes: impl Into<Arc<[usize]>>) -> Self {
        Self(axes.into())
    }

    /// The sizes of the axes.
    pub fn axes(&self) -> &[usize] {
        &self.0
    }

    /// The number of axes.
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// The number of elements.
    pub fn elements(&self) -> usize {
        self.0.iter().product()
    }

    /// The number of elements, refusing a number that no machine holds.
    ///
    /// # Errors
    /// [`Error::TooLarge`] above [`MAX_ELEMENTS`], [`Error::Shape`] above [`MAX_RANK`] axes.
    pub fn checked_elements(&self, place: &str) -> Result<usize> {
        if self.rank() > MAX_RANK {
            return Err(Error::Shape {
                place: place.to_owned(),
                found: format!("{} axes", self.rank()),
                expected: format!("at most {MAX_RANK}"),
            });
        }
        let exact = self.0.iter().try_fold(1_usize, |n, &axis| n.checked_mul(axis));
        match exact {
            Some(n) if n <= MAX_ELEMENTS => Ok(n),
            _ => Err(Error::TooLarge {
                place: place.to_owned(),
                found: self.to_string(),
                limit: MAX_ELEMENTS,
            }),
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let axes: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        write!(f, "({})", axes.join(", "))
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    fn from(axes: [usize; N]) -> Self {
        Self(axes.into())
    }
}

impl From<Vec<usize>> for Shape {
    fn from(axes: Vec<usize>) -> Self {
        Self(axes.into())
    }
}

impl From<&[usize]> for Shape {
    fn from(axes: &[usize]) -> Self {
        Self(axes.into())
    }
}

/// A shape and its elements in row-major order. Clones share the elements until one is changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor<T = f32> {
    shape: Shape,
    data: Arc<Vec<T>>,
}

impl<T: Float> Tensor<T> {
    /// A tensor from its elements in row-major order.
    ///
    /// # Errors
    /// [`Error::Shape`] if the number of elements is not that of the shape.
    pub fn new(shape: impl Into<Shape>, data: Vec<T>) -> Result<Self> {
        let shape = shape.into();
        if shape.elements() != data.len() {
            return Err(Error::Shape {
                place: "tensor".to_owned(),
                found: format!("{} elements", data.len()),
                expected: format!("{} for shape {shape}", shape.elements()),
            });
        }
        Ok(Self { shape, data: Arc::new(data) })
    }

    /// A tensor of one value throughout.
    pub fn filled(shape: impl Into<Shape>, value: T) -> Self {
        let shape = shape.into();
        let data = Arc::new(vec![value; shape.elements()]);
        Self { shape, data }
    }

    /// The shape.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The elements in row-major order.
    pub fn data(&self) -> &[T] {
        &self.data
    }

    /// The elements in row-major order, to change.
    pub fn data_mut(&mut self) -> &mut [T] {
        let data: &mut Vec<T> = Arc::make_mut(&mut self.data);
        data
    }

    /// The elements alone.
    pub fn into_data(self) -> Vec<T> {
        Arc::unwrap_or_clone(self.data)
    }
}
