//! The largest element in each window over one to three spatial axes.
//!
//! Key: x of shape (B, C, spatial…); values and indices of shape (B, C, positions…).

use fanin_kernels::pool;

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Type, Wire, misfit};
use crate::run::{Element, Io};

use super::operator::run_generic;
use super::put_positions::PutPositions;
use super::window::{Rounding, Window};
use super::{Entry, Operator, Sample};

/// The largest element in each window, and its index in the plane (row-major over the spatial
/// axes of one channel), −1 for a window that sees padding alone.
#[derive(Clone, Debug)]
pub struct MaxPool {
    window: Window,
    kernel: Vec<usize>,
    round: Rounding,
}

pub const ENTRY: Entry = Entry {
    name: "max_pool",
    about: "the largest element in each window, and where it is",
    samples: || {
        pools()
            .into_iter()
            .map(|(x, window, kernel, round)| {
                Sample::new(MaxPool { window, kernel, round }, &[Type::float(x)])
            })
            .collect()
    },
};

/// Shapes and attributes that the laws of pools are tested on.
pub(super) fn pools() -> Vec<(Vec<usize>, Window, Vec<usize>, Rounding)> {
    let pool =
        |x: &[usize], kernel: &[usize], stride: usize, pad: (usize, usize), dilation: usize| {
            let axes = kernel.len();
            let window = Window {
                strides: vec![stride; axes],
                dilations: vec![dilation; axes],
                pads: vec![pad; axes],
            };
            (x.to_vec(), window, kernel.to_vec())
        };
    let down = |(x, window, kernel)| (x, window, kernel, Rounding::Down);
    let up = |(x, window, kernel)| (x, window, kernel, Rounding::Up);
    vec![
        down(pool(&[2, 2, 4, 4], &[2, 2], 2, (0, 0), 1)),
        down(pool(&[1, 2, 5, 6], &[3, 3], 2, (1, 1), 1)),
        up(pool(&[1, 1, 6, 5], &[3, 2], 2, (0, 1), 1)),
        down(pool(&[2, 1, 7], &[3], 1, (1, 0), 2)),
        up(pool(&[1, 1, 3, 4, 3], &[2, 2, 2], 2, (0, 0), 1)),
    ]
}

/// The type of a pool's output; `None` where the window does not fit.
pub(super) fn pooled(
    inputs: &[&Type],
    (window, kernel, round): (&Window, &[usize], Rounding),
) -> Option<Vec<usize>> {
    let [x] = inputs else { return None };
    if !x.is_float() {
        return None;
    }
    let [batch, channels, input @ ..] = x.shape.axes() else { return None };
    let output = window.output(input, kernel, round)?;
    (batch * channels > 0).then(|| [&[*batch, *channels], &output[..]].concat())
}

pub(super) fn expected(window: &Window, kernel: &[usize]) -> String {
    format!(
        "(batch, channels, spatial axes) that a window of {kernel:?} fits with strides {:?}, \
         dilations {:?} and pads {:?}",
        window.strides, window.dilations, window.pads
    )
}

impl MaxPool {
    fn compute<T: Element>(&self, io: &mut Io<'_, T>) {
        let (input, output) = (&io.input_shape(0).axes()[2..], &io.output_shape(0).axes()[2..]);
        let window = self.window.sizes(input, &self.kernel, output);
        let (x, values, indices) = io.split_indexing(0);
        pool::maximum(&window, x, values, indices);
    }
}

impl Operator for MaxPool {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        match pooled(inputs, (&self.window, &self.kernel, self.round)) {
            Some(shape) => Ok(vec![Type::float(shape.clone()), Type::integer(shape)]),
            None => Err(misfit(ENTRY.name, inputs, expected(&self.window, &self.kernel))),
        }
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        let Some(d_values) = backward.output_gradients[0] else { return Ok(vec![None]) };
        let indices = backward.outputs[1];
        let input = backward.graph.shape(backward.inputs[0]).axes()[2..].to_vec();
        Ok(vec![Some(backward.graph.apply(PutPositions { input }, &[d_values, indices])?)])
    }

    run_generic!();
}

impl Graph {
    /// The largest element of x (B, C, spatial…) in each window, and its index in the plane.
    ///
    /// # Errors
    /// If the window does not fit.
    pub fn max_pool(
        &mut self,
        x: Wire,
        kernel: &[usize],
        window: &Window,
        round: Rounding,
    ) -> Result<(Wire, Wire)> {
        let operator = MaxPool { window: window.clone(), kernel: kernel.to_vec(), round };
        let outputs = self.apply_shared(std::sync::Arc::new(operator), &[x])?;
        Ok((outputs[0], outputs[1]))
    }
}
