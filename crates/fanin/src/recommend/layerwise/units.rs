//! Which unit an element of z, or of a weight, belongs to.

use crate::spec::{LayerWires, Network};

/// Mean and variance of one unit over all samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Moments {
    pub mean: f64,
    pub variance: f64,
}

impl Moments {
    /// Of these values together; NaN where one is not finite.
    pub fn of(values: &[f32]) -> Self {
        let count = values.len().max(1) as f64;
        let mean = values.iter().map(|&x| f64::from(x)).sum::<f64>() / count;
        let squares: f64 = values.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum();
        Self { mean, variance: squares / count }
    }

    /// Whether there is a spread to divide by: more than rounding of the mean leaves.
    pub fn varies(&self) -> bool {
        let rounding = f64::from(f32::EPSILON) * self.mean;
        self.variance.is_finite() && self.variance > rounding * rounding && self.variance > 1e-30
    }
}

/// Mean and variance of every unit of a layer's z.
pub(super) fn of_units(network: &Network, layer: &LayerWires, z: &[f32]) -> Vec<Moments> {
    let axes = network.graph.shape(layer.pre_activation).axes();
    let units = axes[layer.layout.units];
    let stride: usize = axes[layer.layout.units + 1..].iter().product();
    let unit = |index: usize| index / stride % units;
    let count = (z.len() / units.max(1)).max(1) as f64;
    let mut means = vec![0.0; units];
    z.iter().enumerate().for_each(|(i, &x)| means[unit(i)] += f64::from(x) / count);
    let mut variances = vec![0.0; units];
    for (i, &x) in z.iter().enumerate() {
        variances[unit(i)] += (f64::from(x) - means[unit(i)]).powi(2) / count;
    }
    let pairs = means.into_iter().zip(variances);
    pairs.map(|(mean, variance)| Moments { mean, variance }).collect()
}

/// For every element of a layer's weight the unit that it feeds; none where that is not one of
/// `units`, as with several axes of units.
pub(super) fn of_weight(layer: &LayerWires, shape: &[usize], units: usize) -> Option<Vec<usize>> {
    let axes = &layer.weight_axes;
    let ([output], [input]) = (&axes.output[..], &axes.input[..]) else { return None };
    let (own, groups) = (shape[*output], axes.input_groups.max(1));
    if own * groups != units || !shape[*input].is_multiple_of(groups) {
        return None;
    }
    let stride = |axis: usize| shape[axis + 1..].iter().product::<usize>();
    let (across, along) = (stride(*output), stride(*input));
    let share = shape[*input] / groups;
    let unit = |index: usize| {
        let group = index / along % shape[*input] / share.max(1);
        group * own + index / across % own
    };
    Some((0..shape.iter().product()).map(unit).collect())
}
