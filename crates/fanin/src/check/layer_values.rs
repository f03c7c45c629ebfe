//! The numbers themselves of every layer: what a histogram is made of.
//!
//! Key: z pre-activation, a activation.

use fanin_engine::Wire;

use super::first_rows::FirstRows;
use super::instruments::pass::Pass;
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
        pass.run_on(batch);
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
