//! An [`Architecture`](super::Architecture) with targets and a loss, for a given number of rows.

use fanin_engine::{Graph, Type, Wire};

use super::architecture::{Body, CellWires, Ground, LayerWires, RunningStatistic};
use super::{Loss, Model};
use crate::error::{Error, Result};
use crate::weights::Weights;

/// How layers behave that differ between training and use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Batch statistics, dropout on.
    Train,
    /// Batch statistics, dropout off: what starting weights are judged by.
    Probe,
    /// Running statistics, dropout off.
    Evaluate,
}

/// A network as a graph for a fixed number of rows.
#[derive(Clone, Debug)]
pub struct Network {
    /// The graph; inputs are features, targets and, with dropout, a clock of two integers.
    pub graph: Graph,
    /// Rows of a batch.
    pub rows: usize,
    /// What the network computes: logits or predictions, (rows, outputs); a result of several axes
    /// is flattened.
    pub output: Wire,
    /// The mean loss over the rows.
    pub loss: Wire,
    /// Names of all parameters and buffers, in the graph's order.
    pub names: Vec<String>,
    /// Positions of the parameters that training changes.
    pub trained: Vec<usize>,
    /// Layers that multiply by a matrix, in the order of the data.
    pub layers: Vec<LayerWires>,
    /// Recurrent cells, in the order of the data.
    pub cells: Vec<CellWires>,
    /// Statistics that training tracks.
    pub running: Vec<RunningStatistic>,
}

impl Network {
    /// The input that takes the features.
    pub const FEATURES: usize = 0;
    /// The input that takes the targets.
    pub const TARGETS: usize = 1;
    /// The input that takes seed and step, where the network has dropout.
    pub const CLOCK: usize = 2;

    /// Builds the graph of `model` with `loss` for `rows` rows.
    ///
    /// # Errors
    /// If layers do not fit each other or a tensor is larger than any machine holds.
    pub fn new(model: &Model, loss: &Loss, rows: usize, mode: Mode) -> Result<Self> {
        let architecture = model.architecture();
        let mut ground = Ground::new(architecture.inputs(), rows, mode);
        let columns = loss.target_columns(&architecture.output());
        let targets = ground.graph.input("targets", Type::float([rows, columns]));
        let Body { mut graph, output, names, trained, layers, cells, running } =
            architecture.build(ground)?;
        let loss = loss.build(&mut graph, output, targets)?;
        let output = graph.reshape(output, [rows, columns])?;
        Ok(Self { graph, rows, output, loss, names, trained, layers, cells, running })
    }

    /// Adds the gradient of the loss with respect to every trained parameter, in the order of
    /// [`trained`](Self::trained).
    ///
    /// # Errors
    /// If an operator has no derivative.
    pub fn add_gradients(&mut self) -> Result<Vec<Wire>> {
        let parameters = self.graph.parameters();
        let wires: Vec<Wire> = self.trained.iter().map(|&p| parameters[p]).collect();
        Ok(fanin_engine::gradients(&mut self.graph, self.loss, &wires)?)
    }

    /// The tensors of `weights` in the order of the graph's parameters; running statistics that
    /// are missing start at mean 0 and variance 1.
    ///
    /// # Errors
    /// If a tensor is missing or has another shape.
    pub fn arrange(&self, weights: &Weights) -> Result<Vec<Vec<f32>>> {
        let wires = self.graph.parameters().iter();
        self.names
            .iter()
            .zip(wires)
            .map(|(name, &wire)| {
                let shape = self.graph.shape(wire);
                match weights.get(name) {
                    Some(tensor) if tensor.shape() == shape => Ok(tensor.data().to_vec()),
                    Some(tensor) => Err(Error::Setting {
                        place: format!("weights, tensor `{name}`"),
                        found: format!("shape {}", tensor.shape()),
                        expected: format!("shape {shape}, as the model has it"),
                    }),
                    None if name.ends_with("running_mean") => Ok(vec![0.0; shape.elements()]),
                    None if name.ends_with("running_var") => Ok(vec![1.0; shape.elements()]),
                    None => Err(Error::Setting {
                        place: "weights".to_owned(),
                        found: format!("no tensor `{name}`"),
                        expected: format!("one of shape {shape}, as the model has it"),
                    }),
                }
            })
            .collect()
    }
}
