//! Axes in another order.

use fanin_kernels::strided::{self, Axes, Axis};

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Type, Wire, misfit};
use crate::run::{Element, Io, Stored};
use crate::spread::Spread;
use crate::tensor::Shape;

use super::operator::run_stored;
use super::{Entry, Operator, Sample, Structure};

/// Output axis i is input axis `order[i]`.
#[derive(Clone, Debug)]
pub struct Transpose {
    order: Vec<usize>,
}

pub const ENTRY: Entry = Entry {
    name: "transpose",
    about: "axes in another order",
    samples: || {
        vec![
            Sample::new(Transpose { order: vec![1, 0] }, &[Type::float([3, 4])]),
            Sample::new(Transpose { order: vec![2, 0, 1] }, &[Type::float([2, 3, 4])]),
            Sample::new(Transpose { order: vec![0, 2, 1, 3] }, &[Type::float([2, 3, 2, 2])]),
            Sample::new(Transpose { order: vec![1, 0] }, &[Type::integer([3, 4])]),
        ]
    },
};

impl Transpose {
    fn compute<T: Element, E: Stored<T>>(&self, io: &mut Io<'_, T>) {
        let axes = io.input_shape(0).axes();
        let step = |axis: usize| axes[axis + 1..].iter().product::<usize>() as isize;
        let reordered =
            self.order.iter().map(|&axis| Axis { size: axes[axis], steps: [step(axis)] });
        let reordered = Axes::merged(reordered);
        let (inputs, out) = io.parts::<E>();
        strided::copy(inputs.get(0), 0, &reordered, out);
    }
}

impl Operator for Transpose {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        let mut sorted = self.order.clone();
        sorted.sort_unstable();
        match inputs {
            [x] if sorted.into_iter().eq(0..x.shape.rank()) => {
                let axes: Vec<usize> = self.order.iter().map(|&a| x.shape.axes()[a]).collect();
                Ok(vec![Type { kind: x.kind, shape: Shape::new(axes) }])
            }
            _ => Err(misfit(ENTRY.name, inputs, format!("axes {:?}, each once", self.order))),
        }
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        let d_out = backward.output_gradient();
        let mut back = vec![0; self.order.len()];
        for (to, &from) in self.order.iter().enumerate() {
            back[from] = to;
        }
        Ok(vec![Some(backward.graph.transpose(d_out, &back)?)])
    }

    run_stored!();

    fn swaps_matrices(&self) -> bool {
        let Some(lead) = self.order.len().checked_sub(2) else { return false };
        self.order[..lead].iter().copied().eq(0..lead) && self.order[lead..] == [lead + 1, lead]
    }

    fn structure(&self) -> Structure {
        Structure::Moved
    }

    fn spread(&self, _types: &[&Type], inputs: &[&Spread]) -> Option<Vec<Spread>> {
        Some(vec![inputs.first()?.transposed(&self.order)])
    }
}

impl Graph {
    /// `x` with its axes reordered: output axis i is input axis `order[i]`.
    ///
    /// # Errors
    /// If `order` does not name every axis once.
    pub fn transpose(&mut self, x: Wire, order: &[usize]) -> Result<Wire> {
        self.apply(Transpose { order: order.to_vec() }, &[x])
    }
}
