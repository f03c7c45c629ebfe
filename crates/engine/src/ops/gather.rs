//! Slices of a tensor by index: embeddings, selections, tables.

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Kind, Type, Wire, misfit};
use crate::run::{Element, Io, Stored};
use crate::spread::Spread;

use super::addressing::Addressing;
use super::operator::run_stored;
use super::scatter_add::ScatterAdd;
use super::span::for_each_row;
use super::{Entry, FanAxes, Operator, Sample, Structure};

/// The slices of a tensor that indices point to; an index outside gives NaN, or 0 for integers.
#[derive(Clone, Copy, Debug)]
pub struct Gather {
    pub(super) addressing: Addressing,
}

pub const ENTRY: Entry = Entry {
    name: "gather",
    about: "slices of a tensor by index",
    samples: || {
        use Addressing::{Along, Elements, Tuples};
        let sample = |addressing, x: &[usize], indices: &[usize]| {
            Sample::new(Gather { addressing }, &[Type::float(x), Type::integer(indices)])
        };
        let integers = [Type::integer([3, 4]), Type::integer([2])];
        vec![
            sample(Along(0), &[3, 4], &[5]),
            sample(Along(0), &[3, 2], &[2, 2]),
            sample(Along(1), &[2, 3, 2], &[4]).integers(&[0, -1, 2, -3]),
            sample(Along(2), &[2, 2, 3], &[]).integers(&[-1]),
            sample(Elements(0), &[3, 2], &[4, 2]),
            sample(Elements(1), &[3, 4], &[2, 3]),
            sample(Tuples(0), &[3, 3, 2], &[4, 2]),
            sample(Tuples(1), &[2, 3, 2], &[2, 2, 1]),
            Sample::new(Gather { addressing: Along(0) }, &integers),
        ]
    },
};

impl Gather {
    fn compute<T: Element, E: Stored<T>>(self, io: &mut Io<'_, T>) {
        let addresses = self.addressing.addresses(io.input_shape(0), io.input_shape(1));
        let (inputs, out) = io.parts::<E>();
        let (data, indices) = (inputs.get::<E>(0), inputs.get::<i64>(1));
        for_each_row(out, addresses.length, &|slice, out| match addresses.offset(indices, slice) {
            Some(at) => out.copy_from_slice(&data[at..at + out.len()]),
            None => out.fill(E::MISSING),
        });
    }
}

impl Operator for Gather {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        let shape = match inputs {
            [data, indices] if indices.kind == Kind::Integer => {
                self.addressing.shape(&data.shape, &indices.shape).map(|shape| (data.kind, shape))
            }
            _ => None,
        };
        match shape {
            Some((kind, shape)) => Ok(vec![Type { kind, shape }]),
            None => Err(misfit(
                ENTRY.name,
                inputs,
                format!("data and integers that point into them by {:?}", self.addressing),
            )),
        }
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        let d_out = backward.output_gradient();
        let shape = backward.graph.shape(backward.inputs[0]).clone();
        let operator = ScatterAdd { addressing: self.addressing, shape };
        Ok(vec![Some(backward.graph.apply(operator, &[d_out, backward.inputs[1]])?), None])
    }

    run_stored!();

    fn structure(&self) -> Structure {
        Structure::Picked
    }

    fn spread(&self, types: &[&Type], inputs: &[&Spread]) -> Option<Vec<Spread>> {
        let &[data, indices] = inputs else { return None };
        let shape = self.addressing.shape(&types[0].shape, &types[1].shape)?;
        let (data, indices) = (data.with_whole_axes(), indices.with_whole_axes());
        let ranks = (types[0].shape.rank(), types[1].shape.rank());
        Some(vec![Spread::from_products(&shape, data.mean(), |differs| {
            let (axis, mut at, pointing) = match self.addressing {
                Addressing::Along(axis) => {
                    let after = &differs[axis + ranks.1..];
                    let at = [&differs[..axis], &[false], after].concat();
                    (axis, at, &differs[axis..axis + ranks.1])
                }
                Addressing::Elements(axis) => (axis, differs.to_vec(), differs),
                Addressing::Tuples(_) => {
                    let apart = differs.contains(&true);
                    return if apart { data.mean().powi(2) } else { data.second() };
                }
            };
            let equal = indices.at(pointing).clamp(0.0, 1.0);
            let [same, apart] = [false, true].map(|apart| {
                at[axis] = apart;
                data.at(&at)
            });
            equal * same + (1.0 - equal) * apart
        })])
    }

    /// Each unit reads one row, so an embedding has a fan-in of 1.
    fn fan_axes(&self, types: &[&Type], input: usize) -> Option<FanAxes> {
        let is_table = self.addressing == Addressing::Along(0) && types[0].shape.rank() == 2;
        (input == 0 && is_table).then(|| FanAxes { fan_in: vec![], fan_out: vec![1], groups: 1 })
    }
}

impl Graph {
    /// Row `indices[i]` of `table`, for every index: shape (indices…, width).
    ///
    /// # Errors
    /// If the table is not a matrix or the indices are not integers.
    pub fn gather(&mut self, table: Wire, indices: Wire) -> Result<Wire> {
        self.gather_by(Addressing::Along(0), table, indices)
    }

    /// The slices of `data` that the indices point to; negative indices count from the end, and
    /// an index outside gives NaN, or 0 for integers.
    ///
    /// # Errors
    /// If the shapes do not fit, or the indices are not integers.
    pub fn gather_by(&mut self, way: Addressing, data: Wire, indices: Wire) -> Result<Wire> {
        self.apply(Gather { addressing: way }, &[data, indices])
    }
}
