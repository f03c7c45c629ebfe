//! A layer's wires as samples of its units.
//!
//! A channel of a convolution, or a feature of a token, is one unit that is computed at many
//! positions of every row. Statistics over rows treat each (row, position) as a sample.

use std::borrow::Cow;

use fanin_engine::Wire;

use crate::spec::{LayerWires, Network};

/// Samples looked at per wire, unless there are more rows: positions of a row are taken evenly
/// spaced until so many are reached, at least one of every row.
const MOST_SAMPLES: usize = 1 << 13;

/// How the elements of a wire lie.
#[derive(Clone, Copy, Debug)]
pub struct Lay<'a> {
    /// The axes of the wire.
    pub axes: &'a [usize],
    /// The axis along which rows follow one another.
    pub rows_axis: usize,
    /// The axis that counts units, or channels.
    pub units_axis: usize,
    /// Rows of the batch.
    pub rows: usize,
}

impl<'a> Lay<'a> {
    /// Of a layer's z, a or δ.
    pub fn of_units(network: &'a Network, layer: &LayerWires) -> Self {
        Self::new(network, layer.pre_activation, layer.layout.rows, layer.layout.units)
    }

    /// Of what enters a layer.
    pub fn of_channels(network: &'a Network, layer: &LayerWires) -> Self {
        Self::new(network, layer.input, layer.layout.rows, layer.layout.channels)
    }

    fn new(network: &'a Network, wire: Wire, rows_axis: usize, units_axis: usize) -> Self {
        Self { axes: network.graph.shape(wire).axes(), rows_axis, units_axis, rows: network.rows }
    }

    /// Number of units.
    pub fn units(&self) -> usize {
        self.axes[self.units_axis]
    }

    /// Samples of all rows and positions.
    pub fn count(&self) -> usize {
        self.axes.iter().product::<usize>() / self.units()
    }

    /// Whether samples are the rows of a matrix (rows, units).
    pub fn is_flat(&self) -> bool {
        self.axes == [self.rows, self.units()] && (self.rows_axis, self.units_axis) == (0, 1)
    }

    fn strides(&self) -> Vec<usize> {
        let mut strides = vec![1; self.axes.len()];
        for axis in (1..self.axes.len()).rev() {
            strides[axis - 1] = strides[axis] * self.axes[axis];
        }
        strides
    }

    /// The mean of each unit over all samples.
    pub fn means(&self, values: &[f32]) -> Vec<f64> {
        let (stride, units) = (self.strides()[self.units_axis], self.units());
        let mut means = vec![0.0; units];
        for (index, &value) in values.iter().enumerate() {
            means[index / stride % units] += f64::from(value);
        }
        let count = self.count() as f64;
        means.iter_mut().for_each(|mean| *mean /= count);
        means
    }

    /// (samples, units), row-major, the samples of a row together; at most [`MOST_SAMPLES`].
    pub fn samples<'v>(&self, values: &'v [f32]) -> Cow<'v, [f32]> {
        if self.is_flat() {
            return Cow::Borrowed(values);
        }
        let (strides, units) = (self.strides(), self.units());
        let per_row = self.count() / self.rows.max(1);
        let taken = (MOST_SAMPLES / self.rows.max(1)).clamp(1, per_row.max(1));
        let mut samples = Vec::with_capacity(self.rows * taken * units);
        for row in 0..self.rows {
            for nth in 0..taken {
                let start = self.start(row, nth * per_row / taken, &strides);
                let unit_stride = strides[self.units_axis];
                samples.extend((0..units).map(|unit| values[start + unit * unit_stride]));
            }
        }
        Cow::Owned(samples)
    }

    /// Where unit 0 of a row's position lies; positions count row-major, those folded into the
    /// axis of rows first.
    fn start(&self, row: usize, mut position: usize, strides: &[usize]) -> usize {
        let mut start = 0;
        for axis in (0..self.axes.len()).rev() {
            if axis != self.rows_axis && axis != self.units_axis {
                start += position % self.axes[axis] * strides[axis];
                position /= self.axes[axis];
            }
        }
        let folded = self.axes[self.rows_axis] / self.rows.max(1);
        start + (row * folded + position) * strides[self.rows_axis]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Layout;

    fn lay(axes: &[usize], layout: Layout, rows: usize) -> Lay<'_> {
        Lay { axes, rows_axis: layout.rows, units_axis: layout.units, rows }
    }

    #[track_caller]
    fn check(axes: &[usize], layout: Layout, rows: usize, expected: &[f32]) {
        let values: Vec<f32> = (0..axes.iter().product::<usize>()).map(|i| i as f32).collect();
        let lay = lay(axes, layout, rows);
        assert_eq!(&*lay.samples(&values), expected);
        let units = lay.units();
        let sum = |unit: usize| expected.iter().skip(unit).step_by(units).sum::<f32>();
        let count = lay.count() as f64;
        let means: Vec<f64> = (0..units).map(|unit| f64::from(sum(unit)) / count).collect();
        assert_eq!(lay.means(&values), means);
    }

    #[test]
    fn positions_become_samples_of_their_row() {
        check(&[2, 2], Layout::FLAT, 2, &[0., 1., 2., 3.]);
        check(&[1, 2, 3], Layout::CHANNELS_FIRST, 1, &[0., 3., 1., 4., 2., 5.]);
        check(&[2, 2, 2], Layout::units_last(3), 2, &[0., 1., 2., 3., 4., 5., 6., 7.]);
        let time_first = Layout { rows: 1, units: 2, channels: 2 };
        check(&[2, 2, 1], time_first, 2, &[0., 2., 1., 3.]);
        check(&[4, 1], Layout::FLAT, 2, &[0., 1., 2., 3.]);
    }

    #[test]
    fn of_many_positions_an_even_choice_is_taken() {
        let axes = [1, 1, 3 * MOST_SAMPLES];
        let values: Vec<f32> = (0..axes[2]).map(|i| i as f32).collect();
        let samples = lay(&axes, Layout::CHANNELS_FIRST, 1);
        let samples = samples.samples(&values);
        assert_eq!(samples.len(), MOST_SAMPLES);
        assert_eq!(samples[..3], [0.0, 3.0, 6.0]);
    }
}
