//! Elements added into planes at given positions: the derivative of [`max_pool`](super::max_pool).

use fanin_kernels::pool;

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Kind, Type, Wire, misfit};
use crate::run::{Element, Io};
use crate::spread::Spread;

use super::operator::run_generic;
use super::take_positions::TakePositions;
use super::{Entry, Operator, Sample};

/// Planes of the spatial shape `input` to which every element of x (B, C, positions…) is added
/// at its place (B, C, positions…); a place outside the plane is nowhere.
#[derive(Clone, Debug)]
pub struct PutPositions {
    pub(super) input: Vec<usize>,
}

pub const ENTRY: Entry = Entry {
    name: "put_positions",
    about: "elements added into planes by place",
    samples: || {
        let types = [Type::float([2, 1, 2, 2]), Type::positions([2, 1, 2, 2])];
        vec![Sample::new(PutPositions { input: vec![3, 2] }, &types).differentiable(&[0])]
    },
};

impl PutPositions {
    fn compute<T: Element>(&self, io: &mut Io<'_, T>) {
        let positions = io.input_shape(0).axes()[2..].iter().product();
        let plane = self.input.iter().product();
        let (places, x, out) = io.split_indexed(1, 0);
        pool::put((plane, positions), x, places, out);
    }
}

impl Operator for PutPositions {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        match inputs {
            [x, places]
                if x.is_float()
                    && places.kind == Kind::Position
                    && x.shape == places.shape
                    && x.shape.rank() >= 2
                    && x.shape.elements() > 0
                    && !self.input.contains(&0) =>
            {
                let shape = [&x.shape.axes()[..2], &self.input[..]].concat();
                Ok(vec![Type::float(shape)])
            }
            _ => Err(misfit(ENTRY.name, inputs, "(batch, channels, positions…) twice")),
        }
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        let d_out = backward.output_gradient();
        let places = backward.inputs[1];
        Ok(vec![Some(backward.graph.apply(TakePositions, &[d_out, places])?), None])
    }

    run_generic!();

    fn puts_at_positions(&self) -> bool {
        true
    }

    fn spread(&self, types: &[&Type], inputs: &[&Spread]) -> Option<Vec<Spread>> {
        let x = inputs.first()?.with_whole_axes();
        let (positions, plane) = (types[0].shape.axes()[2..].iter(), self.input.iter());
        let share = positions.product::<usize>() as f64 / plane.product::<usize>() as f64;
        let shape = [&types[0].shape.axes()[..2], &self.input[..]].concat();
        Some(vec![Spread::from_products(&shape.into(), share * x.mean(), |differs| {
            let twice = if differs.contains(&true) { share * share } else { share };
            twice * x.at(differs)
        })])
    }
}

impl Graph {
    /// Adds x (B, C, positions…) into planes of the spatial shape `input` by place, as unpooling
    /// does.
    ///
    /// # Errors
    /// If x and the places differ in shape.
    pub fn put_positions(&mut self, x: Wire, places: Wire, input: &[usize]) -> Result<Wire> {
        self.apply(PutPositions { input: input.to_vec() }, &[x, places])
    }
}
