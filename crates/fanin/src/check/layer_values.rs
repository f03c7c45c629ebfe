//! The numbers themselves of every layer: what a histogram is made of.
//!
//! Key: z pre-activation, a activation.

use fanin_engine::Wire;

use super::instruments::pass::{FirstRows, Pass};
use crate::data::Dataset;
use crate::error::Result;
use crate::spec::{Loss, Mode, Model, Network};
use crate::weights::Weights;

/// Rows behind the numbers: some thousands of numbers a layer show their spread.
const ROWS: usize = 128;

/// The numbers of one linear layer at one point of training.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LayerValues {
    /// The module.
    pub module: String,
    /// Its weight.
    pub weights: Vec<f32>,
    /// z on the first rows.
    pub pre_activations: Vec<f32>,
    /// a on the same rows.
    pub activations: Vec<f32>,
    /// The gradient of the mean loss over these rows by the weight.
    pub gradients: Vec<f32>,
}

impl LayerValues {
    /// All layers, in the order of the data, with `weights` on the first rows of `data`.
    ///
    /// Batch normalization uses the rows' statistics and dropout is off.
    ///
    /// # Errors
    /// If weights, data and model do not fit each other.
    pub fn all(model: &Model, loss: &Loss, weights: &Weights, data: &Dataset) -> Result<Vec<Self>> {
        let rows = FirstRows::of(data, ROWS);
        let batch = rows.batch();
        let mut network = Network::new(model, loss, batch.rows, Mode::Probe)?;
        let parameters = network.graph.parameters();
        let wanted: Vec<Wire> = network.layers.iter().map(|l| parameters[l.weight]).collect();
        let gradients = fanin_engine::gradients(&mut network.graph, network.loss, &wanted)?;
        let wires = network.layers.iter().flat_map(|l| [l.pre_activation, l.activation]);
        let keep: Vec<Wire> = wires.chain(gradients).collect();
        let mut pass = Pass::<f32>::new(&network, &keep, weights)?;
        pass.feed_batch(batch);
        pass.run();
        let depth = network.layers.len();
        let layer = |(index, wires): (usize, &crate::spec::LayerWires)| Self {
            module: wires.module.clone(),
            weights: pass.parameters()[wires.weight].clone(),
            pre_activations: pass.read(2 * index).to_vec(),
            activations: pass.read(2 * index + 1).to_vec(),
            gradients: pass.read(2 * depth + index).to_vec(),
        };
        Ok(network.layers.iter().enumerate().map(layer).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Spec;

    /// One layer of one weight: z = w·x, and the gradient is that of the loss by hand.
    #[test]
    fn values_are_those_of_the_pass_and_its_gradient() {
        let spec = Spec { model: "64 -> 3 tanh -> 10".parse().unwrap(), ..Spec::default() };
        let data = crate::load(&spec).unwrap();
        let model = crate::resolve(&spec, &data).unwrap();
        let weights = crate::initialize(&spec, &model, 0).unwrap();
        let found = crate::layer_values(&spec, &model, &weights, &data).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].weights.len(), found[1].weights.len()), (3 * 64, 30));
        assert_eq!(found[0].pre_activations.len(), 128 * 3);
        for (z, a) in found[0].pre_activations.iter().zip(&found[0].activations) {
            assert!((z.tanh() - a).abs() < 1e-6, "{z} {a}");
        }
        let mut moved = weights.clone();
        let step = 1e-2_f32;
        let place = found[1].gradients.iter().map(|g| g.abs()).enumerate();
        let (place, _) = place.max_by(|x, y| x.1.total_cmp(&y.1)).unwrap();
        let gradient = found[1].gradients[place];
        let loss = |weights: &Weights| {
            let measured = crate::check(&spec, &model, weights, &data).unwrap().measurement;
            measured.loss
        };
        let name = "2.weight";
        let tensor = &mut moved.tensors.iter_mut().find(|(n, _)| n == name).unwrap().1;
        tensor.data_mut()[place] -= step * gradient.signum();
        let fall = loss(&weights) - loss(&moved);
        assert!(fall > 0.0, "a step against the gradient makes the loss fall: {fall}");
    }
}
