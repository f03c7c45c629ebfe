//! A tensor stretched to a larger shape.

use fanin_kernels::strided;

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Type, Wire, misfit};
use crate::run::{Element, Io, Stored};
use crate::spread::Spread;
use crate::tensor::Shape;

use super::broadcast::{common_shape, stretched_axes};
use super::operator::run_stored;
use super::{Entry, Operator, Sample, Structure};

/// A tensor stretched to a larger shape, as in NumPy.
#[derive(Clone, Debug)]
pub struct BroadcastTo {
    shape: Shape,
}

pub const ENTRY: Entry = Entry {
    name: "broadcast_to",
    about: "stretch to a larger shape",
    samples: || {
        let sample = |from: &[usize], to: &[usize]| {
            Sample::new(BroadcastTo { shape: to.into() }, &[Type::float(from)])
        };
        vec![sample(&[3], &[5, 3]), sample(&[5, 1], &[5, 3]), sample(&[], &[2, 2])]
    },
};

impl BroadcastTo {
    fn compute<T: Element, E: Stored<T>>(&self, io: &mut Io<'_, T>) {
        let axes = stretched_axes(&self.shape, [io.input_shape(0)]);
        let (inputs, out) = io.parts::<E>();
        strided::copy(inputs.get(0), 0, &axes, out);
    }
}

impl Operator for BroadcastTo {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        match inputs {
            [x] if common_shape(&x.shape, &self.shape).as_ref() == Some(&self.shape) => {
                Ok(vec![Type { kind: x.kind, shape: self.shape.clone() }])
            }
            _ => Err(misfit(ENTRY.name, inputs, format!("a shape that fits {}", self.shape))),
        }
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        let d_out = backward.output_gradient();
        let shape = backward.graph.shape(backward.inputs[0]).clone();
        Ok(vec![Some(backward.graph.sum_to(d_out, shape)?)])
    }

    run_stored!();

    fn structure(&self) -> Structure {
        Structure::Stretched
    }

    fn spread(&self, _types: &[&Type], inputs: &[&Spread]) -> Option<Vec<Spread>> {
        Some(vec![inputs.first()?.stretched(&self.shape)])
    }

    fn knows_rows(&self) -> bool {
        true
    }
}

impl Graph {
    /// Stretches `x` to `shape`.
    ///
    /// # Errors
    /// If the shape of `x` does not stretch to `shape`.
    pub fn broadcast_to(&mut self, x: Wire, shape: impl Into<Shape>) -> Result<Wire> {
        let shape = shape.into();
        if *self.shape(x) == shape {
            return Ok(x);
        }
        self.apply(BroadcastTo { shape }, &[x])
    }
}
