//! Tensors one after the other along an axis.

use fanin_kernels::elementwise;

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Type, Wire, misfit};
use crate::run::{Element, Io, Stored};
use crate::spread::Spread;
use crate::tensor::Shape;

use super::operator::run_stored;
use super::span::{Span, for_each_row};
use super::{Entry, Operator, Sample};

/// Tensors of one kind, one after the other along an axis.
#[derive(Clone, Copy, Debug)]
pub struct Concat {
    axis: usize,
}

pub const ENTRY: Entry = Entry {
    name: "concat",
    about: "tensors one after the other along an axis",
    samples: || {
        let floats =
            |shapes: &[&[usize]]| shapes.iter().map(|&s| Type::float(s)).collect::<Vec<_>>();
        vec![
            Sample::new(Concat { axis: 0 }, &floats(&[&[2, 3], &[1, 3], &[4, 3]])),
            Sample::new(Concat { axis: 1 }, &floats(&[&[2, 3, 2], &[2, 0, 2], &[2, 2, 2]])),
            Sample::new(Concat { axis: 2 }, &floats(&[&[2, 2, 1], &[2, 2, 3]])),
            Sample::new(Concat { axis: 0 }, &[Type::integer([2]), Type::integer([1])]),
            Sample::new(Concat { axis: 0 }, &floats(&[&[3]])),
        ]
    },
};

impl Concat {
    fn compute<T: Element, E: Stored<T>>(self, io: &mut Io<'_, T>) {
        let length = io.output_shape(0).axes()[self.axis..].iter().product();
        let count = io.input_count();
        let (inputs, out) = io.parts::<E>();
        if out.len() == length {
            let mut rest = out;
            for input in 0..count {
                let part = inputs.get::<E>(input);
                let (here, after) = rest.split_at_mut(part.len());
                elementwise::map(part, here, |x| x);
                rest = after;
            }
            return;
        }
        for_each_row(out, length, &|row, out| {
            let mut rest = out;
            for input in 0..count {
                let length = inputs.shape(input).axes()[self.axis..].iter().product::<usize>();
                let (part, after) = rest.split_at_mut(length);
                part.copy_from_slice(&inputs.get::<E>(input)[row * length..][..length]);
                rest = after;
            }
        });
    }
}

impl Operator for Concat {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        let expected = || format!("one kind and equal sizes but along axis {}", self.axis);
        let Some((first, _)) = inputs.split_first().filter(|f| self.axis < f.0.shape.rank()) else {
            return Err(misfit(ENTRY.name, inputs, expected()));
        };
        let mut axes = first.shape.axes().to_vec();
        let mut total = 0_usize;
        for input in inputs {
            let mut own = input.shape.axes().to_vec();
            if input.kind != first.kind || own.len() != axes.len() {
                return Err(misfit(ENTRY.name, inputs, expected()));
            }
            total = total.saturating_add(own[self.axis]);
            own[self.axis] = axes[self.axis];
            if own != axes {
                return Err(misfit(ENTRY.name, inputs, expected()));
            }
        }
        axes[self.axis] = total;
        Ok(vec![Type { kind: first.kind, shape: Shape::new(axes) }])
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        let d_out = backward.output_gradient();
        let graph = &mut *backward.graph;
        let mut start = 0;
        let mut part = |(&input, &wanted): (&Wire, &bool)| {
            let count = graph.shape(input).axes()[self.axis];
            let span = Span::neighbors(start, count);
            start += count;
            wanted.then(|| graph.slice_axis(d_out, self.axis, span)).transpose()
        };
        backward.inputs.iter().zip(&backward.wanted).map(&mut part).collect()
    }

    run_stored!();

    fn spread(&self, _types: &[&Type], inputs: &[&Spread]) -> Option<Vec<Spread>> {
        let parts: Vec<Spread> = inputs.iter().map(|&part| part.clone()).collect();
        Some(vec![Spread::side_by_side(&parts, self.axis)])
    }
}

impl Graph {
    /// Tensors one after the other along `axis`.
    ///
    /// # Errors
    /// If there is none, or their kinds, or their sizes along another axis differ.
    pub fn concat(&mut self, parts: &[Wire], axis: usize) -> Result<Wire> {
        self.apply(Concat { axis }, parts)
    }
}
