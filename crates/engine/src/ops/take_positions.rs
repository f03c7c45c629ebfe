//! Elements of planes at given positions: the transpose of
//! [`put_positions`](super::put_positions), each the other's derivative.

use fanin_kernels::pool;

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Kind, Type, Wire, misfit};
use crate::run::{Element, Io};
use crate::spread::Spread;

use super::operator::run_generic;
use super::put_positions::PutPositions;
use super::{Entry, Operator, Sample};

/// The elements of x (B, C, spatial…) at places (B, C, positions…) into each plane; 0 for a
/// place outside the plane.
#[derive(Clone, Copy, Debug)]
pub struct TakePositions;

pub const ENTRY: Entry = Entry {
    name: "take_positions",
    about: "elements of planes by place",
    samples: || {
        let types = [Type::float([2, 1, 3, 2]), Type::positions([2, 1, 5])];
        vec![Sample::new(TakePositions, &types).differentiable(&[0])]
    },
};

impl TakePositions {
    fn compute<T: Element>(self, io: &mut Io<'_, T>) {
        let count = |input: usize| io.input_shape(input).axes()[2..].iter().product();
        let sizes = (count(0), count(1));
        let (places, x, out) = io.split_indexed(1, 0);
        pool::take(sizes, x, places, out);
    }
}

impl Operator for TakePositions {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        match inputs {
            [x, places]
                if x.is_float()
                    && places.kind == Kind::Position
                    && x.shape.rank() >= 2
                    && x.shape.axes().get(..2) == places.shape.axes().get(..2)
                    && x.shape.elements() > 0
                    && places.shape.elements() > 0 =>
            {
                Ok(vec![Type::float(places.shape.clone())])
            }
            _ => Err(misfit(
                ENTRY.name,
                inputs,
                "(batch, channels, spatial…) and places (batch, channels, positions…)",
            )),
        }
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        let d_out = backward.output_gradient();
        let (x, places) = (backward.inputs[0], backward.inputs[1]);
        let input = backward.graph.shape(x).axes()[2..].to_vec();
        Ok(vec![Some(backward.graph.apply(PutPositions { input }, &[d_out, places])?), None])
    }

    run_generic!();

    fn spread(&self, types: &[&Type], inputs: &[&Spread]) -> Option<Vec<Spread>> {
        let x = inputs.first()?.with_whole_axes();
        Some(vec![Spread::from_products(&types[1].shape, x.mean(), |differs| x.at(differs))])
    }
}
