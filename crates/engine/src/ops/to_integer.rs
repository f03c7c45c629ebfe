//! Floating-point numbers cut to integers, and positions as integers.

use fanin_kernels::elementwise;

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Kind, Type, Wire, misfit};
use crate::run::{Element, Io};

use super::operator::run_generic;
use super::{Entry, Operator, Sample};

/// The integer next to x towards 0; the nearest there is for a number beyond all, 0 for NaN. Positions
/// stay what they are.
#[derive(Clone, Copy, Debug)]
pub struct ToInteger;

pub const ENTRY: Entry = Entry {
    name: "to_integer",
    about: "floating-point numbers cut to integers, and positions as integers",
    samples: || {
        let types = [Type::float([2, 3]), Type::positions([2, 3])];
        let sample = |x| Sample::new(ToInteger, &[x]).within(-5.0, 5.0).differentiable(&[]);
        types.map(sample).into()
    },
};

impl ToInteger {
    fn compute<T: Element>(self, io: &mut Io<'_, T>) {
        let is_float = io.input_type(0).is_float();
        let (inputs, out) = io.parts::<i64>();
        if is_float {
            elementwise::map(inputs.get::<T>(0), out, |x| x.to_f64() as i64);
        } else {
            elementwise::map(inputs.get::<i32>(0), out, i64::from);
        }
    }
}

impl Operator for ToInteger {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        match inputs {
            [x] if x.kind != Kind::Integer => Ok(vec![Type::integer(x.shape.clone())]),
            _ => Err(misfit(ENTRY.name, inputs, "floating-point numbers or positions")),
        }
    }

    fn gradient(&self, _backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        Ok(vec![None])
    }

    run_generic!();
}

impl Graph {
    /// `x` cut towards 0 to integers, which it may hold already.
    ///
    /// # Errors
    /// None that a wire of this graph can cause.
    pub fn to_integer(&mut self, x: Wire) -> Result<Wire> {
        match self.type_of(x).kind {
            Kind::Integer => Ok(x),
            Kind::Float | Kind::Position => self.apply(ToInteger, &[x]),
        }
    }
}
