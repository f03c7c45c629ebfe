//! Sum over the axes along which a smaller shape would have to stretch.
//!
//! The transpose of [`broadcast_to`](super::broadcast_to): each is the other's derivative.

use fanin_kernels::reduce::{self, COLUMNS};
use fanin_kernels::threads::for_each_chunk;

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Kind, Type, Wire};
use crate::run::{Element, Io};
use crate::spread::Spread;
use crate::tensor::Shape;

use super::broadcast::{Axis, collapse};
use super::fold::{fold_axes, infer_fold};
use super::operator::run_generic;
use super::{Entry, Operator, Sample, Structure};

/// Sum over the axes along which `shape` would have to stretch.
#[derive(Clone, Debug)]
pub struct SumTo {
    shape: Shape,
}

pub const ENTRY: Entry = Entry {
    name: "sum_to",
    about: "sum over the axes along which a smaller shape would stretch",
    samples: || {
        let sample = |from: &[usize], to: &[usize]| {
            Sample::new(SumTo { shape: to.into() }, &[Type::float(from)])
        };
        vec![
            sample(&[5, 3], &[3]),
            sample(&[5, 3], &[5, 1]),
            sample(&[5, 3], &[]),
            sample(&[2, 3, 4], &[3, 1]),
            sample(&[2, 3, 4], &[2, 1, 4]),
            sample(&[2, 3, 2, 2], &[3, 1, 1]),
            sample(&[2, 3, 2, 2], &[1, 3, 1, 1]),
            sample(&[2, 0], &[2, 1]),
            Sample::new(SumTo { shape: [3, 1].into() }, &[Type::integer([2, 3, 4])]),
        ]
    },
};

impl SumTo {
    fn compute<T: Element>(&self, io: &mut Io<'_, T>) {
        let full = io.input_shape(0);
        if io.input_type(0).kind == Kind::Integer {
            let axes = collapse(full, &self.shape);
            let (inputs, out) = io.parts::<i64>();
            fold_axes(inputs.get::<i64>(0), &axes, out, 0, i64::wrapping_add, |sum| sum);
            return;
        }
        let ([x], out) = io.split([0]);
        let axes = collapse(full, &self.shape);
        match axes[..] {
            _ if x.is_empty() => out.fill(T::ZERO),
            [Axis { stride: 0, .. }] => out[0] = T::from_f64(reduce::sum(x)),
            [Axis { size: rows, stride: 0 }, Axis { size: columns, .. }] => {
                sum_rows(x, rows, columns, out);
            }
            [.., Axis { size, stride: 0 }] if is_plain(&axes[..axes.len() - 1]) => {
                for (sum, row) in out.iter_mut().zip(x.chunks_exact(size)) {
                    *sum = T::from_f64(reduce::sum(row));
                }
            }
            [
                Axis { stride: 0, .. },
                Axis { size: groups, stride: 1 },
                Axis { size: inner, stride: 0 },
            ] => sum_groups(x, groups, inner, out),
            _ => sum_anywhere(x, &axes, out),
        }
    }
}

fn is_plain(axes: &[Axis]) -> bool {
    matches!(axes, [Axis { stride: 1, .. }])
}

fn sum_rows<T: Element>(x: &[T], rows: usize, columns: usize, out: &mut [T]) {
    let per_chunk = (SUM_CHUNK / rows).next_multiple_of(COLUMNS);
    for_each_chunk(out, per_chunk, &|start, piece| reduce::sum_columns(x, columns, start, piece));
}

/// Elements summed by one thread at a time; what fewer cost is not worth fetching them from the
/// cache of the core that made them.
const SUM_CHUNK: usize = 1 << 14;

fn sum_groups<T: Element>(x: &[T], groups: usize, inner: usize, out: &mut [T]) {
    let per_chunk = (SUM_CHUNK * groups / x.len().max(1)).max(1);
    for_each_chunk(out, per_chunk, &|start, piece| {
        for (group, out) in (start..).zip(piece) {
            let rows = x.chunks_exact(groups * inner).map(|x| &x[group * inner..][..inner]);
            *out = T::from_f64(rows.map(reduce::sum).sum());
        }
    });
}

/// Sums with rest: every output is summed in the order of the input, in f64.
fn sum_anywhere<T: Element>(x: &[T], axes: &[Axis], out: &mut [T]) {
    fold_axes(x, axes, out, 0.0, |sum, x: T| sum + x.to_f64(), T::from_f64);
}

impl Operator for SumTo {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        infer_fold(ENTRY.name, inputs, &self.shape)
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        let d_out = backward.output_gradient();
        let shape = backward.graph.shape(backward.inputs[0]).clone();
        Ok(vec![Some(backward.graph.broadcast_to(d_out, shape)?)])
    }

    run_generic!();

    fn structure(&self) -> Structure {
        Structure::Summed
    }

    fn spread(&self, _types: &[&Type], inputs: &[&Spread]) -> Option<Vec<Spread>> {
        Some(vec![inputs.first()?.summed_to(&self.shape)])
    }
}

impl Graph {
    /// Sums `x` over the axes along which `shape` would have to stretch to fit it.
    ///
    /// # Errors
    /// If `shape` does not stretch to the shape of `x`.
    pub fn sum_to(&mut self, x: Wire, shape: impl Into<Shape>) -> Result<Wire> {
        let shape = shape.into();
        if *self.shape(x) == shape {
            return Ok(x);
        }
        self.apply(SumTo { shape }, &[x])
    }

    /// Sums `x` to the shape of `like`.
    ///
    /// # Errors
    /// If the shape of `like` does not stretch to that of `x`.
    pub fn sum_to_shape_of(&mut self, x: Wire, like: Wire) -> Result<Wire> {
        self.sum_to(x, self.shape(like).clone())
    }

    /// The mean of `x` over the axes along which `shape` would have to stretch; of integers cut
    /// towards 0.
    ///
    /// # Errors
    /// If `shape` does not stretch to the shape of `x`.
    pub fn mean_to(&mut self, x: Wire, shape: impl Into<Shape>) -> Result<Wire> {
        let elements = self.shape(x).elements();
        let sum = self.sum_to(x, shape)?;
        let count = elements / self.shape(sum).elements().max(1);
        if self.is_integer(sum) {
            let count = self.integer(count as i64)?;
            return self.divide(sum, count);
        }
        self.affine(sum, 1.0 / count as f64, 0.0)
    }
}
