//! Shapes that stretch to fit each other, as in NumPy: axes align at the end, and an axis of
//! size 1 stands for any size.

use fanin_kernels::threads::{ELEMENTWISE_CHUNK, for_each_chunk};
use fanin_kernels::{elementwise, strided};

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Kind, Type, Wire, misfit};
use crate::run::{Element, Io, Stored};
use crate::tensor::{MAX_RANK, Shape};

use super::{Operator, Sample};

/// The shape to which two shapes stretch; `None` if they do not fit.
pub fn common_shape(a: &Shape, b: &Shape) -> Option<Shape> {
    let rank = a.rank().max(b.rank());
    let size = |shape: &Shape, axis: usize| match (axis + shape.rank()).checked_sub(rank) {
        Some(own) => shape.axes()[own],
        None => 1,
    };
    let axes: Option<Vec<usize>> = (0..rank)
        .map(|axis| match (size(a, axis), size(b, axis)) {
            (x, y) if x == y => Some(x),
            (1, y) => Some(y),
            (x, 1) => Some(x),
            _ => None,
        })
        .collect();
    axes.map(Shape::new)
}

/// The shape rule of an operator on two tensors that stretch to fit each other.
pub fn infer_binary(operator: &str, inputs: &[&Type]) -> Result<Vec<Type>> {
    let [a, b] = inputs else {
        return Err(misfit(operator, inputs, "two inputs"));
    };
    if [a.kind, b.kind] != [Kind::Float; 2] {
        return Err(misfit(operator, inputs, "floating-point numbers"));
    }
    Ok(vec![Type::float(stretched(operator, inputs)?)])
}

/// The shape rule of an operator on two tensors of one kind, be it floats or integers, that
/// stretch to fit each other.
pub fn infer_pair(operator: &str, inputs: &[&Type]) -> Result<Vec<Type>> {
    match inputs {
        [a, b] if a.kind == b.kind => {
            Ok(vec![Type { kind: a.kind, shape: stretched(operator, inputs)? }])
        }
        _ => Err(misfit(operator, inputs, "two inputs of one kind")),
    }
}

/// The shape to which all inputs stretch.
pub fn stretched(operator: &str, inputs: &[&Type]) -> Result<Shape> {
    let mut shapes = inputs.iter().map(|input| &input.shape);
    shapes
        .try_fold(Shape::default(), |common, shape| common_shape(&common, shape))
        .ok_or_else(|| misfit(operator, inputs, "sizes that are equal or 1 on every axis"))
}

/// The gradients of an operator on two tensors, from the gradient of its output; what nobody asks
/// for is not built.
pub fn gradient_binary(
    backward: &mut Backward<'_>,
    d_a: impl FnOnce(&mut Graph, Wire) -> Result<Wire>,
    d_b: impl FnOnce(&mut Graph, Wire) -> Result<Wire>,
) -> Result<Vec<Option<Wire>>> {
    let d_out = backward.output_gradient();
    let [wants_a, wants_b] = [backward.wanted[0], backward.wanted[1]];
    let graph = &mut *backward.graph;
    let d_a = wants_a.then(|| d_a(graph, d_out)).transpose()?;
    let d_b = wants_b.then(|| d_b(graph, d_out)).transpose()?;
    Ok(vec![d_a, d_b])
}

/// Samples of an operator on two tensors: equal shapes, and each way in which one stretches.
pub fn samples_binary(operator: impl Operator + Copy + 'static) -> Vec<Sample> {
    let shapes: [[&[usize]; 2]; 4] =
        [[&[3, 4], &[3, 4]], [&[3, 4], &[4]], [&[3, 1], &[2, 1, 4]], [&[1], &[2, 3]]];
    shapes.map(|shapes| Sample::new(operator, &shapes.map(Type::float))).into()
}

/// Writes f(a, b) for inputs 0 and 1, stretched to the output's shape, in place where planned.
pub fn compute_binary<T: Element, E: Stored<T>>(io: &mut Io<'_, T>, f: impl Fn(E, E) -> E + Sync) {
    let (out_shape, in_place) = (io.output_shape(0), io.in_place());
    let (inputs, out) = io.parts::<E>();
    match in_place {
        Some(0) => combine(out, out_shape, inputs.get(1), inputs.shape(1), f),
        Some(_) => combine(out, out_shape, inputs.get(0), inputs.shape(0), |b, a| f(a, b)),
        None => {
            let axes = stretched_axes(out_shape, [inputs.shape(0), inputs.shape(1)]);
            strided::zip(inputs.get::<E>(0), inputs.get::<E>(1), &axes, out, f);
        }
    }
}

/// The axes of `full` with the steps of tensors that are stretched to it.
pub fn stretched_axes<const N: usize>(full: &Shape, parts: [&Shape; N]) -> strided::Axes<N> {
    let step = |part: &Shape, axis: usize| match (axis + part.rank()).checked_sub(full.rank()) {
        Some(own) if part.axes()[own] != 1 => {
            part.axes()[own + 1..].iter().product::<usize>() as isize
        }
        _ => 0,
    };
    strided::Axes::merged(
        full.axes()
            .iter()
            .enumerate()
            .map(|(axis, &size)| strided::Axis { size, steps: parts.map(|part| step(part, axis)) }),
    )
}

/// `out[i] = f(out[i], b[i])` with `b` stretched to the shape of `out`.
pub fn combine<T: Copy + Send, B: Copy + Sync>(
    out: &mut [T],
    out_shape: &Shape,
    b: &[B],
    b_shape: &Shape,
    f: impl Fn(T, B) -> T + Sync,
) {
    if b_shape == out_shape {
        elementwise::zip_in_place(out, b, f);
        return;
    }
    let axes = collapse(out_shape, b_shape);
    if let [Axis { stride: 0, .. }, Axis { stride: 1, size }] = axes[..] {
        elementwise::zip_row_in_place(out, &b[..size], f);
        return;
    }
    let Some((inner, outer)) = axes.split_last() else {
        return;
    };
    for_each_chunk(out, ELEMENTWISE_CHUNK, &|start, piece| {
        let mut rest = piece;
        let mut position = start;
        while !rest.is_empty() {
            let (row, column) = (position / inner.size, position % inner.size);
            let length = (inner.size - column).min(rest.len());
            let (run, after) = rest.split_at_mut(length);
            let base = offset(outer, row) + column * inner.stride;
            if inner.stride == 0 {
                let value = b[base];
                run.iter_mut().for_each(|o| *o = f(*o, value));
            } else {
                run.iter_mut().zip(&b[base..base + length]).for_each(|(o, &b)| *o = f(*o, b));
            }
            position += length;
            rest = after;
        }
    });
}

/// One axis, or several merged ones: its size, and how far a step along it moves in the
/// stretched tensor (0 where it is stretched).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    /// Steps along the axis.
    pub size: usize,
    /// Elements that a step moves in the smaller tensor.
    pub stride: usize,
}

/// A few axes, held without allocating.
#[derive(Clone, Copy, Debug)]
pub struct Axes {
    items: [Axis; MAX_RANK],
    count: usize,
}

impl Axes {
    fn push(&mut self, axis: Axis) {
        self.items[self.count] = axis;
        self.count += 1;
    }
}

impl std::ops::Deref for Axes {
    type Target = [Axis];

    fn deref(&self) -> &[Axis] {
        &self.items[..self.count]
    }
}

/// The axes of `full`, with strides into a tensor of the shape `part` stretched to it; axes of
/// size 1 are dropped and neighbours that can be walked as one are merged.
pub fn collapse(full: &Shape, part: &Shape) -> Axes {
    let lead = full.rank() - part.rank();
    let stride = |axis: usize| match axis.checked_sub(lead) {
        Some(own) if part.axes()[own] != 1 => part.axes()[own + 1..].iter().product(),
        _ => 0,
    };
    let mut axes = Axes { items: [Axis { size: 0, stride: 0 }; MAX_RANK], count: 0 };
    for (axis, &size) in full.axes().iter().enumerate().filter(|(_, size)| **size != 1) {
        let stride = stride(axis);
        let count = axes.count;
        match axes.items[..count].last_mut() {
            Some(last) if last.stride == stride * size => {
                last.size *= size;
                last.stride = stride;
            }
            _ => axes.push(Axis { size, stride }),
        }
    }
    if axes.count == 0 {
        axes.push(Axis { size: full.elements(), stride: 0 });
    }
    axes
}

/// The offset that the position `index` in row-major order over `axes` has in the smaller tensor.
pub fn offset(axes: &[Axis], mut index: usize) -> usize {
    let mut offset = 0;
    for axis in axes.iter().rev() {
        offset += index % axis.size * axis.stride;
        index /= axis.size;
    }
    offset
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_stretch_as_in_numpy() {
        let common = |a: &[usize], b: &[usize]| common_shape(&a.into(), &b.into());
        assert_eq!(common(&[2, 3], &[3]), Some([2, 3].into()));
        assert_eq!(common(&[2, 1], &[1, 3]), Some([2, 3].into()));
        assert_eq!(common(&[], &[4]), Some([4].into()));
        assert_eq!(common(&[2, 3], &[2]), None);
    }

    #[test]
    fn a_bias_is_added_to_rows_of_any_length_and_to_none() {
        for (rows, columns) in [(3, 0), (0, 4), (5, 7), (300, 41)] {
            let bias: Vec<i64> = (0..columns as i64).collect();
            let mut out = vec![1; rows * columns];
            let shapes: [Shape; 2] = [[rows, columns].into(), [columns].into()];
            combine(&mut out, &shapes[0], &bias, &shapes[1], |a, b| a + b);
            assert!(out.iter().enumerate().all(|(i, &x)| x == 1 + bias[i % columns]));
        }
    }

    #[test]
    fn neighbouring_axes_are_walked_as_one() {
        let bias = collapse(&[5, 2, 3].into(), &[2, 3].into());
        assert_eq!(*bias, [Axis { size: 5, stride: 0 }, Axis { size: 6, stride: 1 }]);
        let same = collapse(&[5, 2, 3].into(), &[5, 2, 3].into());
        assert_eq!(*same, [Axis { size: 30, stride: 1 }]);
        let middle = collapse(&[5, 2, 3].into(), &[5, 1, 3].into());
        assert_eq!(offset(&middle, 5 * 2 + 1), 3 + 2);
    }
}
