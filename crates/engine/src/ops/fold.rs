//! Reductions over any axes: every element of the output folds the inputs that stretch onto it.

use fanin_kernels::threads::{ELEMENTWISE_CHUNK, for_each_chunk};

use crate::error::Result;
use crate::graph::{Kind, Type, misfit};
use crate::tensor::Shape;

use super::broadcast::{Axis, common_shape, offset};
use super::{Operator, Sample};

/// The shape rule of a reduction of either kind to `shape`.
pub fn infer_fold(operator: &str, inputs: &[&Type], shape: &Shape) -> Result<Vec<Type>> {
    match inputs {
        [x] if x.kind != Kind::Position
            && common_shape(&x.shape, shape).as_ref() == Some(&x.shape) =>
        {
            Ok(vec![Type { kind: x.kind, shape: shape.clone() }])
        }
        _ => Err(misfit(operator, inputs, format!("numbers of a shape that {shape} fits"))),
    }
}

/// Samples of a reduction: over first, last, middle, several and all axes, of either kind.
pub fn samples_fold<O: Operator + 'static>(operator: impl Fn(Shape) -> O) -> Vec<Sample> {
    let sample = |from: Type, to: &[usize]| Sample::new(operator(to.into()), &[from]);
    vec![
        sample(Type::float([5, 3]), &[3]),
        sample(Type::float([5, 3]), &[5, 1]),
        sample(Type::float([5]), &[]),
        sample(Type::float([2, 3, 4]), &[2, 1, 4]),
        sample(Type::float([2, 3, 2, 2]), &[3, 1, 1]),
        sample(Type::float([2, 0]), &[2, 1]),
        sample(Type::float([0, 2]), &[0, 1]),
        sample(Type::integer([2, 3, 4]), &[3, 1]).integers(&[3, -1, 2, 7, 0]),
    ]
}

/// Neighbors of the output that are folded side by side.
const COLUMNS: usize = 16;

/// `out[o] = finish(fold of step over the elements of x that belong to o, in their order)`.
///
/// `axes` are those of `x`, with strides into `out`: 0 along an axis that is folded. An output
/// without elements is `finish(start)`.
pub fn fold_axes<X: Copy + Sync, A: Copy + Sync, O: Send>(
    x: &[X],
    axes: &[Axis],
    out: &mut [O],
    start: A,
    step: impl Fn(A, X) -> A + Sync,
    finish: impl Fn(A) -> O + Sync,
) {
    let folded: usize = axes.iter().filter(|axis| axis.stride == 0).map(|axis| axis.size).product();
    if x.is_empty() {
        out.iter_mut().for_each(|out| *out = finish(start));
        return;
    }
    let kept = Walk::new(axes, |axis| axis.stride != 0);
    let over = Walk::new(axes, |axis| axis.stride == 0);
    let chunk = (ELEMENTWISE_CHUNK / folded.max(1)).max(1);
    let (inner_folded, length) = axes.last().map_or((true, 1), |a| (a.stride == 0, a.size));
    for_each_chunk(out, chunk.next_multiple_of(COLUMNS), &|first, piece| {
        if inner_folded {
            for (o, out) in (first..).zip(piece) {
                let base = kept.source(o);
                let mut sum = start;
                for row in 0..folded / length {
                    let at = base + over.source(row * length);
                    sum = x[at..at + length].iter().fold(sum, |sum, &x| step(sum, x));
                }
                *out = finish(sum);
            }
            return;
        }
        let mut position = first;
        let mut rest = piece;
        while !rest.is_empty() {
            let width = COLUMNS.min(length - position % length).min(rest.len());
            let (now, after) = rest.split_at_mut(width);
            let base = kept.source(position);
            let mut sums = [start; COLUMNS];
            for row in 0..folded {
                let at = base + over.source(row);
                let pairs = sums.iter_mut().zip(&x[at..at + width]);
                pairs.for_each(|(sum, &x)| *sum = step(*sum, x));
            }
            now.iter_mut().zip(sums).for_each(|(out, sum)| *out = finish(sum));
            position += width;
            rest = after;
        }
    });
}

/// Some of the axes of a tensor, with their strides in the tensor itself.
struct Walk {
    axes: [Axis; fanin_kernels::strided::MOST_AXES],
    count: usize,
}

impl Walk {
    fn new(axes: &[Axis], belongs: impl Fn(&Axis) -> bool) -> Self {
        let mut walk = Self { axes: [Axis { size: 1, stride: 0 }; 8], count: 0 };
        let mut stride = axes.iter().map(|axis| axis.size).product::<usize>();
        for axis in axes {
            stride /= axis.size.max(1);
            if belongs(axis) {
                walk.axes[walk.count] = Axis { size: axis.size, stride };
                walk.count += 1;
            }
        }
        walk
    }

    /// The offset in the tensor of a position in row-major order over these axes.
    fn source(&self, position: usize) -> usize {
        offset(&self.axes[..self.count], position)
    }
}
