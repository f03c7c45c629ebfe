//! Rows added into a table by index: the derivative of an embedding.

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Kind, Type, Wire, misfit};
use crate::run::{Element, Io};

use super::operator::run_generic;
use super::{Entry, Operator, Sample};

/// A table of `rows` rows to which every row of the input is added at its index.
#[derive(Clone, Copy, Debug)]
pub struct ScatterAdd {
    pub(super) rows: usize,
}

pub const ENTRY: Entry = Entry {
    name: "scatter_add",
    about: "rows added into a table by index",
    samples: || {
        let types = [Type::float([5, 4]), Type::integer([5])];
        vec![Sample::new(ScatterAdd { rows: 3 }, &types).differentiable(&[0])]
    },
};

/// The row that an index means; negative indices count from the end.
pub(super) fn position(index: i64, rows: usize) -> Option<usize> {
    let row = if index < 0 { index + rows as i64 } else { index };
    usize::try_from(row).ok().filter(|&row| row < rows)
}

impl ScatterAdd {
    fn compute<T: Element>(self, io: &mut Io<'_, T>) {
        let width = io.output_shape(0).axes()[1];
        let (indices, x, out) = io.split_indexed(1, 0);
        out.fill(T::ZERO);
        for (&index, x) in indices.iter().zip(x.chunks_exact(width)) {
            if let Some(row) = position(index, self.rows) {
                let out = &mut out[row * width..(row + 1) * width];
                out.iter_mut().zip(x).for_each(|(out, &x)| *out += x);
            }
        }
    }
}

impl Operator for ScatterAdd {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        match inputs {
            [x, indices]
                if indices.kind == Kind::Integer
                    && x.shape.rank() == indices.shape.rank() + 1
                    && x.shape.axes().starts_with(indices.shape.axes())
                    && x.shape.axes().last().is_some_and(|&w| w > 0) =>
            {
                let width = x.shape.axes()[x.shape.rank() - 1];
                Ok(vec![Type::float([self.rows, width])])
            }
            _ => Err(misfit(ENTRY.name, inputs, "(indices…, width) and integer indices")),
        }
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        let d_out = backward.output_gradient();
        let indices = backward.inputs[1];
        Ok(vec![Some(backward.graph.gather(d_out, indices)?), None])
    }

    run_generic!();
}
