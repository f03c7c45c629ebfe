//! A tensor of one value throughout.

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Type, Wire, misfit};
use crate::run::{Element, Io};
use crate::spread::Spread;
use crate::tensor::Shape;

use super::operator::run_generic;
use super::{Entry, Operator, Sample};

/// A tensor of one value throughout.
#[derive(Clone, Debug)]
pub struct Constant {
    shape: Shape,
    value: f64,
}

pub const ENTRY: Entry = Entry {
    name: "constant",
    about: "one value throughout",
    samples: || vec![Sample::new(Constant { shape: [2, 3].into(), value: 1.5 }, &[])],
};

impl Constant {
    fn compute<T: Element>(&self, io: &mut Io<'_, T>) {
        io.output().fill(T::from_f64(self.value));
    }
}

impl Operator for Constant {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        match inputs {
            [] => Ok(vec![Type::float(self.shape.clone())]),
            _ => Err(misfit(ENTRY.name, inputs, "no input")),
        }
    }

    fn gradient(&self, _backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        Ok(Vec::new())
    }

    run_generic!();

    fn spread(&self, _types: &[&Type], _inputs: &[&Spread]) -> Option<Vec<Spread>> {
        Some(vec![Spread::constant(&self.shape, self.value)])
    }
}

impl Graph {
    /// A tensor of one value throughout.
    ///
    /// # Errors
    /// If the shape has more elements than any machine holds.
    pub fn constant(&mut self, shape: impl Into<Shape>, value: f64) -> Result<Wire> {
        self.apply(Constant { shape: shape.into(), value }, &[])
    }
}
