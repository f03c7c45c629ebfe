//! A tensor times a constant plus a constant.

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Kind, Type, Wire, misfit};
use crate::run::{Element, Io};
use crate::spread::Spread;

use super::operator::run_generic;
use super::{Entry, Operator, Sample, Structure};

/// scale · x + shift.
#[derive(Clone, Copy, Debug)]
pub struct Affine {
    scale: f64,
    shift: f64,
}

pub const ENTRY: Entry = Entry {
    name: "affine",
    about: "scale · x + shift, with constants",
    samples: || vec![Sample::new(Affine { scale: -2.5, shift: 0.5 }, &[Type::float([3, 4])])],
};

impl Affine {
    fn compute<T: Element>(self, io: &mut Io<'_, T>) {
        let (scale, shift) = (T::from_f64(self.scale), T::from_f64(self.shift));
        io.map(|x: T| scale * x + shift);
    }
}

impl Operator for Affine {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        match inputs {
            [x] if x.kind == Kind::Float => Ok(vec![(*x).clone()]),
            _ => Err(misfit(ENTRY.name, inputs, "one input of floating-point numbers")),
        }
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        let d_out = backward.output_gradient();
        Ok(vec![Some(backward.graph.affine(d_out, self.scale, 0.0)?)])
    }

    run_generic!();

    fn in_place(&self) -> &'static [usize] {
        &[0]
    }

    fn is_pointwise(&self) -> bool {
        true
    }

    fn structure(&self) -> Structure {
        Structure::Sum { factors: vec![self.scale], shift: self.shift }
    }

    fn spread(&self, _types: &[&Type], inputs: &[&Spread]) -> Option<Vec<Spread>> {
        let x = (*inputs.first()?).clone();
        Some(vec![x.scaled(self.scale, self.scale * self.scale).shifted(self.shift)])
    }

    fn knows_rows(&self) -> bool {
        true
    }
}

impl Graph {
    /// `scale` · x + `shift`.
    ///
    /// # Errors
    /// None that a wire of this graph can cause.
    pub fn affine(&mut self, x: Wire, scale: f64, shift: f64) -> Result<Wire> {
        self.apply(Affine { scale, shift }, &[x])
    }
}
