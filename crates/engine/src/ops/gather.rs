//! Rows of a table by index: an embedding.

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Kind, Type, Wire, misfit};
use crate::run::{Element, Io};

use super::operator::run_generic;
use super::scatter_add::{ScatterAdd, position};
use super::{Entry, FanAxes, Moments, Operator, Sample};

/// Row `indices[i]` of a table of shape (rows, width); an index outside the table gives NaN.
#[derive(Clone, Copy, Debug)]
pub struct Gather;

pub const ENTRY: Entry = Entry {
    name: "gather",
    about: "rows of a table by index",
    samples: || {
        vec![
            Sample::new(Gather, &[Type::float([3, 4]), Type::integer([5])]).differentiable(&[0]),
            Sample::new(Gather, &[Type::float([3, 2]), Type::integer([2, 2])]).differentiable(&[0]),
        ]
    },
};

impl Gather {
    fn compute<T: Element>(self, io: &mut Io<'_, T>) {
        let axes = io.input_shape(0).axes();
        let (rows, width) = (axes[0], axes[1]);
        let (indices, table, out) = io.split_indexed(1, 0);
        for (&index, out) in indices.iter().zip(out.chunks_exact_mut(width)) {
            match position(index, rows) {
                Some(row) => out.copy_from_slice(&table[row * width..(row + 1) * width]),
                None => out.fill(T::from_f64(f64::NAN)),
            }
        }
    }
}

impl Operator for Gather {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        match inputs {
            [table, indices]
                if table.shape.rank() == 2
                    && table.shape.axes()[1] > 0
                    && indices.kind == Kind::Integer =>
            {
                let mut axes = indices.shape.axes().to_vec();
                axes.push(table.shape.axes()[1]);
                Ok(vec![Type::float(axes)])
            }
            _ => Err(misfit(ENTRY.name, inputs, "a table (rows, width) and integer indices")),
        }
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        let d_out = backward.output_gradient();
        let rows = backward.graph.shape(backward.inputs[0]).axes()[0];
        let indices = backward.inputs[1];
        Ok(vec![Some(backward.graph.apply(ScatterAdd { rows }, &[d_out, indices])?), None])
    }

    run_generic!();

    fn moments(&self, _types: &[&Type], inputs: &[Moments]) -> Option<Moments> {
        inputs.first().copied()
    }

    /// Each unit reads one row, so an embedding has a fan-in of 1.
    fn fan_axes(&self, _types: &[&Type], input: usize) -> Option<FanAxes> {
        (input == 0).then(|| FanAxes { fan_in: vec![], fan_out: vec![1], groups: 1 })
    }
}

impl Graph {
    /// Row `indices[i]` of `table`, for every index: shape (indices…, width).
    ///
    /// # Errors
    /// If the table is not a matrix or the indices are not integers.
    pub fn gather(&mut self, table: Wire, indices: Wire) -> Result<Wire> {
        self.apply(Gather, &[table, indices])
    }
}
