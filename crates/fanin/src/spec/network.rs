//! A [`Model`] becomes a graph for a given number of rows.
//!
//! Key: z pre-activation and a activation of a layer, both of shape (rows, units).

use fanin_engine::activations;
use fanin_engine::{Graph, Type, Wire};

use super::{Layer, Loss, Model};
use crate::error::{Error, Result};
use crate::weights::Weights;

/// What PyTorch adds to a variance before it divides by its root.
pub const NORM_EPSILON: f64 = 1e-5;

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

/// The wires of one linear layer with what follows it.
#[derive(Clone, Debug)]
pub struct LayerWires {
    /// The module's name: `0` for the parameters `0.weight` and `0.bias`.
    pub module: String,
    /// The weight's position among the parameters.
    pub weight: usize,
    /// What enters the layer.
    pub input: Wire,
    /// z.
    pub pre_activation: Wire,
    /// a: what leaves after normalization and activation, before dropout.
    pub activation: Wire,
    /// The first activation behind the layer, if it has one.
    pub bend: Option<Bend>,
}

/// An activation in its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Bend {
    /// The activation's name, as [`activations::find`] takes it.
    pub name: String,
    /// What enters it: z, or z after a normalization.
    pub input: Wire,
}

/// A running mean or variance, and the batch's own value for it.
#[derive(Clone, Copy, Debug)]
pub struct RunningStatistic {
    /// The buffer's position among the parameters.
    pub parameter: usize,
    /// The statistic of the current batch.
    pub batch: Wire,
    /// Factor from population to sample variance, 1 for a mean.
    pub correction: f64,
}

/// A network as a graph for a fixed number of rows.
#[derive(Clone, Debug)]
pub struct Network {
    /// The graph; inputs are features, targets and, with dropout, a clock of two integers.
    pub graph: Graph,
    /// Rows of a batch.
    pub rows: usize,
    /// What the network computes: logits or predictions, (rows, outputs).
    pub output: Wire,
    /// The mean loss over the rows.
    pub loss: Wire,
    /// Names of all parameters and buffers, in the graph's order.
    pub names: Vec<String>,
    /// Positions of the parameters that training changes.
    pub trained: Vec<usize>,
    /// Linear layers in the order of the data.
    pub layers: Vec<LayerWires>,
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
        let mut builder = Builder {
            graph: Graph::new(),
            mode,
            rows,
            clock: None,
            dropouts: 0,
            names: Vec::new(),
            trained: Vec::new(),
            layers: Vec::new(),
            running: Vec::new(),
        };
        let features = builder.graph.input("features", Type::float([rows, model.inputs]));
        let outputs = model.outputs();
        let targets = builder.graph.input("targets", Type::float([rows, outputs]));
        let output = builder.layers(&model.layers, "", features)?;
        let loss = loss.build(&mut builder.graph, output, targets)?;
        let Builder { graph, names, trained, layers, running, .. } = builder;
        Ok(Self { graph, rows, output, loss, names, trained, layers, running })
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

struct Builder {
    graph: Graph,
    mode: Mode,
    rows: usize,
    clock: Option<Wire>,
    dropouts: u64,
    names: Vec<String>,
    trained: Vec<usize>,
    layers: Vec<LayerWires>,
    running: Vec<RunningStatistic>,
}

impl Builder {
    fn layers(&mut self, layers: &[Layer], prefix: &str, mut x: Wire) -> Result<Wire> {
        for (index, layer) in layers.iter().enumerate() {
            let module = format!("{prefix}{index}");
            x = self.layer(layer, &module, x)?;
            self.graph.set_name(x, &module);
        }
        Ok(x)
    }

    fn layer(&mut self, layer: &Layer, module: &str, x: Wire) -> Result<Wire> {
        match layer {
            Layer::Linear { units, bias } => self.linear(module, x, *units, *bias),
            Layer::Activation(name) => {
                let activation = activations::find(name)
                    .ok_or_else(|| Error::unknown("activation", name, &activations::names()))?;
                let a = self.graph.activate(x, &*activation)?;
                if let Some(layer) = self.layers.last_mut() {
                    layer.bend.get_or_insert_with(|| Bend { name: name.clone(), input: x });
                }
                Ok(self.leaves(a))
            }
            Layer::PRelu => {
                let slope = self.parameter(module, "weight", vec![1]);
                let a = self.graph.prelu(x, slope)?;
                Ok(self.leaves(a))
            }
            Layer::LayerNorm => {
                let (gain, shift) = self.gain_and_shift(module, x);
                let a = self.graph.layer_norm(x, gain, shift, NORM_EPSILON)?;
                Ok(self.leaves(a))
            }
            Layer::BatchNorm => {
                let a = self.batch_norm(module, x)?;
                Ok(self.leaves(a))
            }
            Layer::Dropout { rate } => self.dropout(x, *rate),
            Layer::Residual { scale, layers } => {
                let branch = self.layers(layers, &format!("{module}.branch."), x)?;
                let scaled = self.graph.affine(branch, *scale, 0.0)?;
                let sum = self.graph.add(x, scaled)?;
                Ok(self.leaves(sum))
            }
        }
    }

    fn linear(&mut self, module: &str, x: Wire, units: usize, bias: bool) -> Result<Wire> {
        let inputs = self.width(x);
        let weight = self.parameter(module, "weight", vec![units, inputs]);
        let position = self.names.len() - 1;
        let bias = bias.then(|| self.parameter(module, "bias", vec![units]));
        let z = self.graph.linear(x, weight, bias)?;
        self.layers.push(LayerWires {
            module: module.to_owned(),
            weight: position,
            input: x,
            pre_activation: z,
            activation: z,
            bend: None,
        });
        Ok(z)
    }

    fn batch_norm(&mut self, module: &str, x: Wire) -> Result<Wire> {
        let (gain, shift) = self.gain_and_shift(module, x);
        let width = self.width(x);
        let mean = self.buffer(module, "running_mean", width);
        let variance = self.buffer(module, "running_var", width);
        if self.mode == Mode::Evaluate {
            let statistics = fanin_engine::compose::Statistics { mean, variance };
            return Ok(self.graph.normalize(x, statistics, NORM_EPSILON, gain, shift)?);
        }
        let (y, batch) = self.graph.batch_norm(x, gain, shift, NORM_EPSILON)?;
        let parameter = self.names.len() - 2;
        let correction = self.rows as f64 / (self.rows.max(2) - 1) as f64;
        self.running.extend([
            RunningStatistic { parameter, batch: batch.mean, correction: 1.0 },
            RunningStatistic { parameter: parameter + 1, batch: batch.variance, correction },
        ]);
        Ok(y)
    }

    fn dropout(&mut self, x: Wire, rate: f64) -> Result<Wire> {
        let stream = self.dropouts;
        self.dropouts += 1;
        if self.mode != Mode::Train || rate == 0.0 {
            return Ok(x);
        }
        let graph = &mut self.graph;
        let clock = *self.clock.get_or_insert_with(|| graph.input("clock", Type::integer([2])));
        Ok(self.graph.dropout(x, clock, rate, stream)?)
    }

    /// Notes that `a` is what the latest linear layer ends in.
    fn leaves(&mut self, a: Wire) -> Wire {
        if let Some(layer) = self.layers.last_mut() {
            layer.activation = a;
        }
        a
    }

    fn gain_and_shift(&mut self, module: &str, x: Wire) -> (Wire, Wire) {
        let width = self.width(x);
        (self.parameter(module, "weight", vec![width]), self.parameter(module, "bias", vec![width]))
    }

    fn parameter(&mut self, module: &str, name: &str, shape: Vec<usize>) -> Wire {
        self.trained.push(self.names.len());
        self.named(module, name, shape)
    }

    fn buffer(&mut self, module: &str, name: &str, width: usize) -> Wire {
        self.named(module, name, vec![width])
    }

    fn named(&mut self, module: &str, name: &str, shape: Vec<usize>) -> Wire {
        let name = format!("{module}.{name}");
        let wire = self.graph.parameter(&name, shape);
        self.names.push(name);
        wire
    }

    fn width(&self, x: Wire) -> usize {
        *self.graph.shape(x).axes().last().expect("activations have the axes rows and units")
    }
}
