//! An array whose values are known when the graph is built.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::evaluate::{Array, Elements};
use crate::gradient::Backward;
use crate::graph::{Graph, Kind, Type, Wire, misfit};
use crate::run::{Element, Io};
use crate::spread::Spread;

use super::operator::run_generic;
use super::{Entry, Operator, Sample};

/// An array whose values are known when the graph is built.
#[derive(Clone, Debug)]
pub struct Literal {
    array: Arc<Array>,
}

pub const ENTRY: Entry = Entry {
    name: "literal",
    about: "an array whose values are known when the graph is built",
    samples: || {
        let arrays = [
            Array::float([2, 2], vec![1.0, -2.0, 0.5, 3.0]),
            Array::integer([3], vec![7, -1, 0]),
            Array::float([0], vec![]),
        ];
        arrays
            .into_iter()
            .flatten()
            .map(|array| Sample::new(Literal { array: Arc::new(array) }, &[]))
            .collect()
    },
};

impl Literal {
    fn compute<T: Element>(&self, io: &mut Io<'_, T>) {
        match self.array.elements() {
            Elements::Float(data) => {
                let out = io.parts::<T>().1;
                out.iter_mut().zip(data).for_each(|(out, &x)| *out = T::from_f64(x));
            }
            Elements::Integer(data) => io.parts::<i64>().1.copy_from_slice(data),
        }
    }
}

/// The most elements of a literal that the engine makes up itself.
const MOST_COUNTED: usize = 1 << 28;

/// Refuses a literal that would be too large, before it is allocated.
pub fn check_count(count: usize) -> Result<()> {
    if count <= MOST_COUNTED {
        return Ok(());
    }
    let (place, found) = (ENTRY.name.to_owned(), count.to_string());
    Err(Error::TooLarge { place, found, limit: MOST_COUNTED })
}

impl Operator for Literal {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        match inputs {
            [] => Ok(vec![self.array.r#type()]),
            _ => Err(misfit(ENTRY.name, inputs, "no input")),
        }
    }

    fn gradient(&self, _backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        Ok(Vec::new())
    }

    run_generic!();

    fn spread(&self, _types: &[&Type], _inputs: &[&Spread]) -> Option<Vec<Spread>> {
        Some(vec![Spread::of(&self.array)])
    }
}

impl Graph {
    /// An array whose values are known now; it is computed once for all runs of a plan.
    ///
    /// # Errors
    /// None: an array is well formed.
    pub fn literal(&mut self, array: impl Into<Arc<Array>>) -> Result<Wire> {
        self.apply(Literal { array: array.into() }, &[])
    }

    /// 0, 1, …, `count` − 1, as integers.
    ///
    /// # Errors
    /// If there are more than 2²⁸.
    pub fn counting(&mut self, count: usize) -> Result<Wire> {
        check_count(count)?;
        self.literal(Array::integer([count], (0..count as i64).collect())?)
    }

    /// One integer, as a scalar.
    ///
    /// # Errors
    /// None: a scalar is well formed.
    pub fn integer(&mut self, value: i64) -> Result<Wire> {
        self.literal(Array::integer([], vec![value])?)
    }

    /// Zeros of the kind of `like`, as a scalar.
    pub(super) fn zero_like(&mut self, like: Wire) -> Result<Wire> {
        match self.type_of(like).kind {
            Kind::Float => self.constant([], 0.0),
            Kind::Integer | Kind::Position => self.integer(0),
        }
    }
}
