//! Weights that are used at many positions of a row.
//!
//! Key: G gradient of a weight, S samples (rows and positions), δ̄ and x̄ means over them.

use fanin_engine::Wire;

use crate::spec::{Axes, LayerWires, Layout, Network};

/// Whether a layer's gradient for one row is the product of one error and one input: a plain
/// product x·Wᵀ of (rows, inputs), whose weight nothing else uses.
pub fn is_product(network: &Network, layer: &LayerWires) -> bool {
    let axes = |wire: Wire| network.graph.shape(wire).axes();
    let weight = network.graph.parameters()[layer.weight];
    let uses = network.graph.nodes().iter().flat_map(|node| &node.inputs);
    layer.layout == Layout::FLAT
        && layer.weight_axes == Axes::linear()
        && [layer.input, layer.pre_activation]
            .iter()
            .all(|&wire| axes(wire).len() == 2 && axes(wire)[0] == network.rows)
        && uses.filter(|&&wire| wire == weight).take(2).count() == 1
}

/// A weight that is used at many positions.
pub struct Shared<'a> {
    /// The weight's axes.
    pub weight: &'a [usize],
    /// What they run over.
    pub axes: &'a Axes,
    /// S.
    pub samples: usize,
}

impl Shared<'_> {
    /// ‖G − S·δ̄x̄ᵀ‖: without the part that all samples share. What a kernel sees beyond the borders
    /// of an image is counted as if it were the mean; where the axes are not one of units and one
    /// of inputs, all of G is taken to tell samples apart.
    pub fn telling_norm(&self, gradient: &[f32], mean_delta: &[f64], mean_x: &[f64]) -> f64 {
        let index = |element: usize, axis: usize| {
            element / self.weight[axis + 1..].iter().product::<usize>() % self.weight[axis]
        };
        let fits = |out: usize, input: usize| {
            let groups = self.axes.output_groups.max(1);
            self.weight[out] == mean_delta.len() && self.weight[input] * groups == mean_x.len()
        };
        let shared = |element: usize| match (&self.axes.output[..], &self.axes.input[..]) {
            (&[out], &[input]) if self.axes.batch.is_empty() && fits(out, input) => {
                let (unit, channel) = (index(element, out), index(element, input));
                let groups = self.axes.output_groups.max(1);
                let group = unit * groups / mean_delta.len();
                self.samples as f64
                    * mean_delta[unit]
                    * mean_x[group * self.weight[input] + channel]
            }
            _ => 0.0,
        };
        let squares = gradient.iter().enumerate();
        squares.map(|(i, &g)| (f64::from(g) - shared(i)).powi(2)).sum::<f64>().sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_all_samples_share_of_a_gradient_tells_nothing() {
        let axes = Axes::convolution(2);
        let shared = Shared { weight: &[2, 1, 1], axes: &axes, samples: 3 };
        let (delta, x) = ([1.0, -2.0], [5.0, 7.0]);
        assert!(shared.telling_norm(&[15.0, -42.0], &delta, &x) < 1e-6);
        assert!((shared.telling_norm(&[16.0, -42.0], &delta, &x) - 1.0).abs() < 1e-6);
        let axes = Axes::new(0, 1);
        let shared = Shared { weight: &[2, 2], axes: &axes, samples: 1 };
        assert!(shared.telling_norm(&[5.0, -10.0, 7.0, -14.0], &delta, &x) < 1e-6);
    }
}
