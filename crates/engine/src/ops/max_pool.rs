//! The largest element in each window over one to three spatial axes.
//!
//! Key: x of shape (B, C, spatial…); values and positions of shape (B, C, positions…).

use fanin_kernels::pool;
use fanin_kernels::window::AXES;

use crate::error::Result;
use crate::gradient::Backward;
use crate::graph::{Graph, Type, Wire, misfit};
use crate::run::{Element, Io};
use crate::spread::Spread;
use crate::tensor::Shape;

use super::operator::run_generic;
use super::put_positions::PutPositions;
use super::window::{Rounding, Window};
use super::{Entry, Operator, Sample, Structure};

/// The largest element in each window, and its position in the plane (row-major over the spatial
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
        let (x, values, positions) = io.split_indexing(0);
        pool::maximum(&window, x, values, positions);
    }
}

impl Operator for MaxPool {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[&Type]) -> Result<Vec<Type>> {
        let is_counted = |x: &&Type| {
            let plane = x.shape.axes()[2..].iter().product::<usize>();
            i32::try_from(plane).is_ok()
        };
        let shape = pooled(inputs, (&self.window, &self.kernel, self.round));
        let Some(shape) = shape else {
            return Err(misfit(ENTRY.name, inputs, expected(&self.window, &self.kernel)));
        };
        if !inputs.iter().all(is_counted) {
            return Err(misfit(ENTRY.name, inputs, "planes of fewer than 2^31 elements"));
        }
        Ok(vec![Type::float(shape.clone()), Type::positions(shape)])
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<Vec<Option<Wire>>> {
        let Some(d_values) = backward.output_gradients[0] else { return Ok(vec![None]) };
        let positions = backward.outputs[1];
        let input = backward.graph.shape(backward.inputs[0]).axes()[2..].to_vec();
        Ok(vec![Some(backward.graph.apply(PutPositions { input }, &[d_values, positions])?)])
    }

    run_generic!();

    fn structure(&self) -> Structure {
        Structure::Largest
    }

    fn spread(&self, types: &[&Type], inputs: &[&Spread]) -> Option<Vec<Spread>> {
        let x = inputs.first()?.with_whole_axes();
        let output: Shape = pooled(types, (&self.window, &self.kernel, self.round))?.into();
        let positions = &output.axes()[2..];
        let window = self.window.sizes(&types[0].shape.axes()[2..], &self.kernel, positions);
        let inside = |axis: usize| -> f64 {
            let taps = 0..window.kernel[axis];
            let count: usize = taps.map(|tap| window.reach(axis, tap).0.len()).sum();
            count as f64 / window.output[axis].max(1) as f64
        };
        let taps: f64 = (0..AXES).map(inside).product();
        let beside: Vec<bool> = (0..output.rank()).map(|axis| axis >= 2).collect();
        let [mean, variance] = largest_among(&x, &beside, taps);
        let product = |differs: &[bool]| mean * mean + variance * correlation(&x, differs);
        Some(vec![Spread::from_products(&output, mean, product)])
    }
}

/// How elements go together that differ along these axes: 1 for those of a constant.
pub(super) fn correlation(x: &Spread, differs: &[bool]) -> f64 {
    let (variance, square) = (x.variance(), x.mean() * x.mean());
    if variance > 0.0 { ((x.at(differs) - square) / variance).clamp(-1.0, 1.0) } else { 1.0 }
}

/// Mean and variance of the largest of so many elements that differ along the axes `beside`, as normal
/// ones that are alike by what they have in common.
pub(super) fn largest_among(x: &Spread, beside: &[bool], count: f64) -> [f64; 2] {
    let common = correlation(x, beside).max(0.0);
    let (mean, own) = largest_of(count);
    let of_largest = common + (1.0 - common) * own;
    [x.mean() + (x.variance() * (1.0 - common)).sqrt() * mean, x.variance() * of_largest]
}

/// Mean and variance of the largest of so many independent standard normal numbers, of density
/// n·φ·Φⁿ⁻¹.
fn largest_of(count: f64) -> (f64, f64) {
    const STEP: f64 = 0.01;
    let (mut below, mut weight, mut first, mut second) = (0.0_f64, 0.0, 0.0, 0.0);
    for place in -800..=800 {
        let z = STEP * f64::from(place);
        let density = STEP * (-0.5 * z * z).exp() / std::f64::consts::TAU.sqrt();
        let at = density * (below + 0.5 * density).powf(count - 1.0);
        below += density;
        weight += at;
        first += at * z;
        second += at * z * z;
    }
    let mean = first / weight;
    (mean, second / weight - mean * mean)
}

impl Graph {
    /// The largest element of x (B, C, spatial…) in each window, and its position in the plane.
    ///
    /// # Errors
    /// If the window does not fit, or a plane has 2³¹ elements or more.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::{Array, compute};

    #[test]
    fn planes_of_more_places_than_32_bits_count_are_refused() {
        let types = [1 << 15, (1 << 16) - 1, 1 << 16].map(|width| {
            let mut graph = Graph::new();
            let x = graph.input("x", Type::float([1, 1, 1 << 15, width]));
            graph.max_pool(x, &[2, 2], &Window::new(2), Rounding::Down).map(drop)
        });
        assert!(types[0].is_ok() && types[1].is_ok());
        let message = types[2].as_ref().unwrap_err().to_string();
        assert!(message.contains("2^31"), "{message}");
    }

    #[test]
    fn positions_become_numbers_and_truths() {
        let x = Array::float([1, 1, 4], vec![5.0, 1.0, 2.0, 7.0]).unwrap();
        let found = compute(&[&x], 100, |graph, wires| {
            let window = Window { strides: vec![2], ..Window::new(1) };
            let positions = graph.max_pool(wires[0], &[2], &window, Rounding::Down)?.1;
            let whole = graph.to_integer(positions)?;
            Ok(vec![positions, whole, graph.to_float(positions)?, graph.truth(positions)?])
        });
        let found = found.unwrap();
        let whole = |at: usize| found[at].integers().unwrap();
        assert_eq!([whole(0), whole(1), whole(3)], [&[0, 3][..], &[0, 3], &[0, 1]]);
        assert_eq!(found[2].floats().unwrap(), [0.0, 3.0]);
    }
}
