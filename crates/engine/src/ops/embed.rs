//! A tensor placed in a larger one that holds one value elsewhere: constant padding.
//!
//! The transpose of [`slice`](super::slice): each is the other's derivative.

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Type, Wire, misfit};
use crate::run::{Element, Io, Number, Stored};
use crate::spread::Spread;
use crate::tensor::Shape;

use super::operator::run_stored;
use super::slice::Slice;
use super::span::{Span, for_each_row};
use super::{Entry, Operator, Sample, Structure};

/// A tensor of the given shape that holds the input at the positions of one span per axis, and
/// one value elsewhere.
#[derive(Clone, Debug)]
pub struct Embed {
    pub(super) shape: Shape,
    pub(super) spans: Vec<Span>,
    pub(super) value: Number,
}

pub const ENTRY: Entry = Entry {
    name: "embed",
    about: "a tensor placed in a larger one that holds one value elsewhere",
    samples: || {
        let span = |start, step, count| Span { start, step, count };
        let sample = |value, shape: &[usize], spans: Vec<Span>, r#type| {
            Sample::new(Embed { shape: shape.into(), spans, value }, &[r#type])
        };
        let zero = Number::Float(0.0);
        vec![
            sample(zero, &[5, 4], vec![span(3, -2, 2), span(1, 1, 2)], Type::float([2, 2])),
            sample(
                Number::Float(0.5),
                &[4, 3],
                vec![span(1, 1, 2), span(0, 1, 3)],
                Type::float([2, 3]),
            ),
            sample(zero, &[2, 5], vec![span(0, 1, 2), span(4, -2, 3)], Type::float([2, 3])),
            sample(
                Number::Integer(9),
                &[4, 3],
                vec![span(1, 2, 2), span(0, 1, 3)],
                Type::integer([2, 3]),
            ),
        ]
    },
};

impl Embed {
    fn compute<T: Element, E: Stored<T>>(&self, io: &mut Io<'_, T>) {
        let value = E::from_number(self.value);
        let sizes = self.shape.axes();
        let (inputs, out) = io.parts::<E>();
        let x = inputs.get::<E>(0);
        let cut = self.spans.iter().zip(sizes).rposition(|(span, &size)| !span.is_whole(size));
        let Some(cut) = cut else {
            out.copy_from_slice(x);
            return;
        };
        let span = self.spans[cut];
        let inner = sizes[cut + 1..].iter().product::<usize>();
        let length = span.count * inner;
        for_each_row(out, sizes[cut] * inner, &|row, out| {
            out.fill(value);
            let Some(row) = self.row(cut, row) else { return };
            let x = &x[row * length..(row + 1) * length];
            if span.step == 1 {
                out[span.start * inner..][..length].copy_from_slice(x);
            } else {
                for (index, x) in (0..).zip(x.chunks_exact(inner.max(1))) {
                    let at = span.start.wrapping_add_signed(index * span.step);
                    out[at * inner..][..inner].copy_from_slice(x);
                }
            }
        });
    }

    /// The input's row over the axes before `cut` that stands in this row of the output.
    fn row(&self, cut: usize, mut row: usize) -> Option<usize> {
        let (mut index, mut weight) = (0, 1);
        for (span, size) in self.spans[..cut].iter().zip(self.shape.axes()).rev() {
            index += weight * span.index_of(row % size)?;
            weight *= span.count;
            row /= size;
        }
        Some(index)
    }
}

impl Operator for Embed {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        let fits = |x: &Type| {
            let spans = self.spans.iter().zip(self.shape.axes());
            x.kind == self.value.kind()
                && self.spans.len() == self.shape.rank()
                && self.spans.iter().map(|s| &s.count).eq(x.shape.axes())
                && spans.into_iter().all(|(span, &size)| span.fits(size))
        };
        match inputs {
            [x] if fits(x) => Ok(vec![Type { kind: x.kind, shape: self.shape.clone() }]),
            _ => {
                let expected = format!("one that fits {:?} of {}", self.spans, self.shape);
                Err(misfit(ENTRY.name, inputs, expected))
            }
        }
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        let d_out = backward.output_gradient();
        let operator = Slice { spans: self.spans.clone() };
        Ok(vec![Some(backward.graph.apply(operator, &[d_out])?)])
    }

    run_stored!();

    fn structure(&self) -> Structure {
        match self.value {
            Number::Float(0.0) => Structure::Placed,
            _ => Structure::Other,
        }
    }

    fn spread(&self, _types: &[&Type], inputs: &[&Spread]) -> Option<Vec<Spread>> {
        let x = inputs.first()?.with_whole_axes();
        let value = match self.value {
            Number::Float(value) => value,
            Number::Integer(_) => return None,
        };
        let axes = || self.spans.iter().map(|span| span.count as f64).zip(self.shape.axes());
        let inside: f64 = axes().map(|(count, &size)| count / size as f64).product();
        let mean = inside * x.mean() + (1.0 - inside) * value;
        Some(vec![Spread::from_products(&self.shape, mean, |differs| {
            let both: f64 = axes()
                .zip(differs)
                .map(|((count, &size), &differs)| {
                    let share = count / size as f64;
                    if differs { share * (count - 1.0) / (size as f64 - 1.0) } else { share }
                })
                .product();
            let (one, none) = (2.0 * (inside - both), 1.0 - 2.0 * inside + both);
            both * x.at(differs) + one * x.mean() * value + none * value * value
        })])
    }
}

impl Graph {
    /// A tensor of `shape` that holds `x` at the positions of one span per axis, and `value`
    /// elsewhere.
    ///
    /// # Errors
    /// If a span does not fit its axis or the size of `x` along it, or `value` is of another kind.
    pub fn embed(
        &mut self,
        x: Wire,
        shape: impl Into<Shape>,
        spans: &[Span],
        value: Number,
    ) -> Result<Wire> {
        self.apply(Embed { shape: shape.into(), spans: spans.to_vec(), value }, &[x])
    }
}
