//! A list of layers becomes a graph.

use fanin_engine::{Shape, Wire, activations};

use super::{Layer, Sequential};
use crate::error::{Error, Result};
use crate::spec::architecture::{
    Architecture, Bend, Body, Ground, LayerWires, Layout, RunningStatistic,
};
use crate::spec::axes::Axes;
use crate::spec::network::Mode;
use crate::spec::parameter::Parameter;

/// What PyTorch adds to a variance before it divides by its root.
pub const NORM_EPSILON: f64 = 1e-5;

impl Architecture for Sequential {
    fn label(&self) -> String {
        self.to_string()
    }

    fn inputs(&self) -> usize {
        self.inputs
    }

    fn output(&self) -> Shape {
        [self.outputs()].into()
    }

    fn parameters(&self) -> Result<Vec<Parameter>> {
        Ok(self.module_parameters()?.iter().map(Parameter::from).collect())
    }

    fn build(&self, ground: Ground) -> Result<Body> {
        let features = ground.features;
        let mut builder = Builder {
            ground,
            dropouts: 0,
            names: Vec::new(),
            trained: Vec::new(),
            layers: Vec::new(),
            running: Vec::new(),
            branches: Vec::new(),
        };
        let output = builder.layers(&self.layers, "", features)?;
        let Builder { ground, names, trained, layers, running, .. } = builder;
        Ok(Body { graph: ground.graph, output, names, trained, layers, cells: Vec::new(), running })
    }
}

struct Builder {
    ground: Ground,
    dropouts: u64,
    names: Vec<String>,
    trained: Vec<usize>,
    layers: Vec<LayerWires>,
    running: Vec<RunningStatistic>,
    branches: Vec<String>,
}

impl Builder {
    fn layers(&mut self, layers: &[Layer], prefix: &str, mut x: Wire) -> Result<Wire> {
        for (index, layer) in layers.iter().enumerate() {
            let module = format!("{prefix}{index}");
            x = self.layer(layer, &module, x)?;
            self.ground.graph.set_name(x, &module);
        }
        Ok(x)
    }

    fn layer(&mut self, layer: &Layer, module: &str, x: Wire) -> Result<Wire> {
        match layer {
            Layer::Linear { units, bias } => self.linear(module, x, *units, *bias),
            Layer::Activation(name) => {
                let activation = activations::find(name)
                    .ok_or_else(|| Error::unknown("activation", name, &activations::names()))?;
                let a = self.ground.graph.activate(x, &*activation)?;
                if let Some(layer) = self.layers.last_mut() {
                    layer.bend.get_or_insert_with(|| Bend { name: name.clone(), input: x });
                }
                Ok(self.leaves(a))
            }
            Layer::PRelu => {
                let slope = self.parameter(module, "weight", vec![1]);
                let a = self.ground.graph.prelu(x, slope)?;
                Ok(self.leaves(a))
            }
            Layer::LayerNorm => {
                let (gain, shift) = self.gain_and_shift(module, x);
                let a = self.ground.graph.layer_norm(x, gain, shift, NORM_EPSILON)?;
                Ok(self.leaves(a))
            }
            Layer::BatchNorm => {
                let a = self.batch_norm(module, x)?;
                Ok(self.leaves(a))
            }
            Layer::Dropout { rate } => self.dropout(x, *rate),
            Layer::Residual { scale, layers } => {
                self.branches.push(module.to_owned());
                let branch = self.layers(layers, &format!("{module}.branch."), x)?;
                self.branches.pop();
                let scaled = self.ground.graph.affine(branch, *scale, 0.0)?;
                let sum = self.ground.graph.add(x, scaled)?;
                Ok(self.leaves(sum))
            }
        }
    }

    fn linear(&mut self, module: &str, x: Wire, units: usize, bias: bool) -> Result<Wire> {
        let inputs = self.width(x);
        let weight = self.parameter(module, "weight", vec![units, inputs]);
        let position = self.names.len() - 1;
        let bias = bias.then(|| self.parameter(module, "bias", vec![units]));
        let z = self.ground.graph.linear(x, weight, bias)?;
        self.layers.push(LayerWires {
            module: module.to_owned(),
            weight: position,
            bias: bias.map(|_| position + 1),
            weight_axes: Axes::linear(),
            input: x,
            pre_activation: z,
            activation: z,
            bend: None,
            layout: Layout::FLAT,
            branches: self.branches.clone(),
        });
        Ok(z)
    }

    fn batch_norm(&mut self, module: &str, x: Wire) -> Result<Wire> {
        let (gain, shift) = self.gain_and_shift(module, x);
        let width = self.width(x);
        let mean = self.buffer(module, "running_mean", width);
        let variance = self.buffer(module, "running_var", width);
        if self.ground.mode == Mode::Evaluate {
            let statistics = fanin_engine::compose::Statistics { mean, variance };
            return Ok(self.ground.graph.normalize(x, statistics, NORM_EPSILON, gain, shift)?);
        }
        let (y, batch) = self.ground.graph.batch_norm(x, gain, shift, NORM_EPSILON)?;
        let parameter = self.names.len() - 2;
        let correction = self.ground.rows as f64 / (self.ground.rows.max(2) - 1) as f64;
        self.running.extend([
            RunningStatistic { parameter, batch: batch.mean, correction: 1.0 },
            RunningStatistic { parameter: parameter + 1, batch: batch.variance, correction },
        ]);
        Ok(y)
    }

    fn dropout(&mut self, x: Wire, rate: f64) -> Result<Wire> {
        let stream = self.dropouts;
        self.dropouts += 1;
        if self.ground.mode != Mode::Train || rate == 0.0 {
            return Ok(x);
        }
        let clock = self.ground.clock();
        Ok(self.ground.graph.dropout(x, clock, rate, stream)?)
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
        let wire = self.ground.graph.parameter(&name, shape);
        self.names.push(name);
        wire
    }

    fn width(&self, x: Wire) -> usize {
        *self.ground.graph.shape(x).axes().last().expect("activations have the axes rows and units")
    }
}
