//! 1 taken from one element of every row: what probabilities lack to be right.

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Type, Wire, misfit};
use crate::run::{Element, Io};

use super::label_cross_entropy::{fit, place};
use super::operator::run_generic;
use super::{Entry, Operator, Sample};

/// A matrix less 1 at one place of every row; a row whose place is outside stays.
#[derive(Clone, Copy, Debug)]
pub struct OneLessAt;

pub const ENTRY: Entry = Entry {
    name: "one_less_at",
    about: "1 taken from one element of every row",
    samples: || {
        let types = [Type::float([5, 4]), Type::integer([5])];
        vec![Sample::new(OneLessAt, &types).integers(&[3, 0, -1, 1, 4])]
    },
};

impl OneLessAt {
    fn compute<T: Element>(self, io: &mut Io<'_, T>) {
        let columns = io.input_shape(0).axes()[1];
        if io.in_place().is_none() {
            let ([x], out) = io.split([0]);
            out.copy_from_slice(x);
        }
        let (places, out) = io.split_integers(1);
        for (&at, row) in places.iter().zip(out.chunks_exact_mut(columns)) {
            if let Some(at) = place(at, columns) {
                row[at] -= T::ONE;
            }
        }
    }
}

impl Operator for OneLessAt {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        match inputs {
            [x, places] if fit(x, places) => Ok(vec![(*x).clone()]),
            _ => Err(misfit(ENTRY.name, inputs, "a matrix and an integer per row")),
        }
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        Ok(vec![Some(backward.output_gradient()), None])
    }

    run_generic!();

    fn in_place(&self) -> &'static [usize] {
        &[0]
    }
}

impl Graph {
    /// `x` less 1 at one place of every row.
    ///
    /// # Errors
    /// If `x` is no matrix of floating-point numbers or there is not an integer per row.
    pub fn one_less_at(&mut self, x: Wire, places: Wire) -> Result<Wire> {
        self.apply(OneLessAt, &[x, places])
    }
}
