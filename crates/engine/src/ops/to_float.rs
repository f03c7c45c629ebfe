//! Integers as floating-point numbers.

use fanin_kernels::elementwise;

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Kind, Type, Wire, misfit};
use crate::run::{Element, Io};

use super::operator::run_generic;
use super::{Entry, Operator, Sample};

/// Integers as floating-point numbers, rounded to the nearest.
#[derive(Clone, Copy, Debug)]
pub struct ToFloat;

pub const ENTRY: Entry = Entry {
    name: "to_float",
    about: "integers as floating-point numbers",
    samples: || vec![Sample::new(ToFloat, &[Type::integer([2, 3])])],
};

impl ToFloat {
    fn compute<T: Element>(self, io: &mut Io<'_, T>) {
        let (inputs, out) = io.parts::<T>();
        elementwise::map(inputs.get::<i64>(0), out, |n| T::from_f64(n as f64));
    }
}

impl Operator for ToFloat {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        match inputs {
            [x] if x.kind == Kind::Integer => Ok(vec![Type::float(x.shape.clone())]),
            _ => Err(misfit(ENTRY.name, inputs, "integers")),
        }
    }

    fn gradient(&self, _backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        Ok(vec![None])
    }

    run_generic!();
}

impl Graph {
    /// `x` as floating-point numbers, which it may be already.
    ///
    /// # Errors
    /// None that a wire of this graph can cause.
    pub fn to_float(&mut self, x: Wire) -> Result<Wire> {
        match self.type_of(x).kind {
            Kind::Float => Ok(x),
            Kind::Integer => self.apply(ToFloat, &[x]),
            Kind::Position => {
                let integers = self.to_integer(x)?;
                self.apply(ToFloat, &[integers])
            }
        }
    }
}
