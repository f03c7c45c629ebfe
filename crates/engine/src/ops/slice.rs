//! A part of a tensor: positions in equal steps along every axis.

use fanin_kernels::strided::{self, Axes, Axis};

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Type, Wire, misfit};
use crate::run::{Element, Io, Number, Stored};
use crate::spread::Spread;
use crate::tensor::Shape;

use super::embed::Embed;
use super::operator::run_stored;
use super::span::Span;
use super::{Entry, Operator, Sample, Structure};

/// The elements at the positions of one span per axis.
#[derive(Clone, Debug)]
pub struct Slice {
    pub(super) spans: Vec<Span>,
}

pub const ENTRY: Entry = Entry {
    name: "slice",
    about: "positions in equal steps along every axis",
    samples: || {
        let span = |start, step, count| Span { start, step, count };
        let rows = vec![span(1, 1, 2), span(0, 1, 4)];
        let mixed = vec![span(2, -2, 2), span(1, 2, 2)];
        let reversed = vec![span(0, 1, 3), span(3, -1, 4)];
        vec![
            Sample::new(Slice { spans: rows.clone() }, &[Type::float([3, 4])]),
            Sample::new(Slice { spans: mixed }, &[Type::float([3, 4])]),
            Sample::new(Slice { spans: reversed }, &[Type::float([3, 4])]),
            Sample::new(Slice { spans: rows }, &[Type::integer([3, 4])]),
        ]
    },
};

impl Slice {
    fn compute<T: Element, E: Stored<T>>(&self, io: &mut Io<'_, T>) {
        let sizes = io.input_shape(0).axes();
        let step = |axis: usize| sizes[axis + 1..].iter().product::<usize>();
        let axes = self.spans.iter().enumerate().map(|(axis, span)| Axis {
            size: span.count,
            steps: [span.step * step(axis) as isize],
        });
        let start = self.spans.iter().enumerate().map(|(axis, s)| s.start * step(axis)).sum();
        let (inputs, out) = io.parts::<E>();
        strided::copy(inputs.get(0), start, &Axes::merged(axes), out);
    }
}

impl Operator for Slice {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        match inputs {
            [x] if x.shape.rank() == self.spans.len()
                && self.spans.iter().zip(x.shape.axes()).all(|(s, &size)| s.fits(size)) =>
            {
                let axes: Vec<usize> = self.spans.iter().map(|span| span.count).collect();
                Ok(vec![Type { kind: x.kind, shape: Shape::new(axes) }])
            }
            _ => Err(misfit(ENTRY.name, inputs, format!("axes that hold {:?}", self.spans))),
        }
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        let d_out = backward.output_gradient();
        let shape = backward.graph.shape(backward.inputs[0]).clone();
        let spans = self.spans.clone();
        let operator = Embed { shape, spans, value: Number::Float(0.0) };
        Ok(vec![Some(backward.graph.apply(operator, &[d_out])?)])
    }

    run_stored!();

    fn structure(&self) -> Structure {
        Structure::Moved
    }

    fn spread(&self, types: &[&Type], inputs: &[&Spread]) -> Option<Vec<Spread>> {
        let x = inputs.first()?;
        let whole = self.spans.iter().zip(types[0].shape.axes());
        if whole.into_iter().all(|(span, &size)| span.is_whole(size)) {
            return Some(vec![(*x).clone()]);
        }
        let spans = self.spans.iter().map(|span| span.count).collect::<Vec<usize>>();
        Some(vec![x.cut(&spans)])
    }
}

impl Graph {
    /// The elements at the positions of one span per axis.
    ///
    /// # Errors
    /// If a span does not fit its axis, or there are not as many as axes.
    pub fn slice(&mut self, x: Wire, spans: &[Span]) -> Result<Wire> {
        self.apply(Slice { spans: spans.to_vec() }, &[x])
    }

    /// The elements at the positions of `span` along one axis, and at all along the others.
    ///
    /// # Errors
    /// If there is no such axis or the span does not fit it.
    pub fn slice_axis(&mut self, x: Wire, axis: usize, span: Span) -> Result<Wire> {
        let sizes = self.shape(x).axes();
        let mut spans: Vec<Span> = sizes.iter().map(|&size| Span::whole(size)).collect();
        match spans.get_mut(axis) {
            Some(place) => *place = span,
            None => spans.push(span),
        }
        self.slice(x, &spans)
    }
}
