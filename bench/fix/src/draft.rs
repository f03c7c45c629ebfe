//! Networks that are no chains, drawn layer by layer: parameters and wires are noted on the way.

use fanin::engine::activations;
use fanin::engine::ops::Window;
use fanin::engine::{Graph, Shape, Wire};
use fanin::error::Result;
use fanin::init::{Parameter, Position};
use fanin::spec::{Architecture, Axes, Bend, Body, Ground, LayerWires, Layout, Mode, Role};

/// Draws a network from (rows, inputs) to its output.
pub type Plan = fn(&mut Draft, Wire, &Size) -> Result<Wire>;

/// What a plan leaves open.
#[derive(Clone, Debug, PartialEq)]
pub struct Size {
    /// Layers, blocks or steps, as the plan counts.
    pub depth: usize,
    /// Units or channels.
    pub width: usize,
    /// Activation of the hidden layers.
    pub activation: &'static str,
    /// Numbers of one row.
    pub inputs: usize,
    /// Classes.
    pub outputs: usize,
}

/// A network that a plan draws.
pub struct Drawn {
    /// Its name in tables.
    pub name: String,
    /// How it is drawn.
    pub plan: Plan,
    /// What the plan leaves open.
    pub size: Size,
}

/// A network while it is drawn.
pub struct Draft {
    /// The graph.
    pub graph: Graph,
    /// Rows of a batch.
    pub rows: usize,
    parameters: Vec<Parameter>,
    layers: Vec<LayerWires>,
    branch: Option<String>,
}

impl std::fmt::Debug for Drawn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

impl Drawn {
    fn draw(&self, ground: Ground) -> Result<(Draft, Wire)> {
        let Ground { graph, features, rows, .. } = ground;
        let (parameters, layers) = (Vec::new(), Vec::new());
        let mut draft = Draft { graph, rows, parameters, layers, branch: None };
        let output = (self.plan)(&mut draft, features, &self.size)?;
        let count = draft.layers.len();
        for (index, layer) in draft.layers.iter().enumerate() {
            draft.parameters[layer.weight].place.layer = Some(Position { index, count });
        }
        let module = draft.layers.last().map(|layer| layer.module.clone()).unwrap_or_default();
        for parameter in &mut draft.parameters {
            parameter.place.is_head = parameter.place.module == module;
        }
        Ok((draft, output))
    }
}

impl Architecture for Drawn {
    fn label(&self) -> String {
        self.name.clone()
    }

    fn inputs(&self) -> usize {
        self.size.inputs
    }

    fn output(&self) -> Shape {
        [self.size.outputs].into()
    }

    fn parameters(&self) -> Result<Vec<Parameter>> {
        Ok(self.draw(Ground::new(self.size.inputs, 1, Mode::Probe))?.0.parameters)
    }

    fn build(&self, ground: Ground) -> Result<Body> {
        let (draft, output) = self.draw(ground)?;
        let names: Vec<String> = draft.parameters.iter().map(|p| p.name.clone()).collect();
        let trained = (0..names.len()).collect();
        let Draft { graph, layers, .. } = draft;
        let (cells, running) = (Vec::new(), Vec::new());
        Ok(Body { graph, output, names, trained, layers, cells, running })
    }
}

impl Draft {
    /// What is drawn by `inside` belongs to the residual branch `name`.
    pub fn branch(
        &mut self,
        name: &str,
        inside: impl FnOnce(&mut Self) -> Result<Wire>,
    ) -> Result<Wire> {
        self.branch = Some(name.to_owned());
        let drawn = inside(self);
        self.branch = None;
        drawn
    }

    /// The parameter that is the last of its branch.
    pub fn ends_branch(&mut self, module: &str) {
        let own = self.parameters.iter_mut().filter(|p| p.place.module == module);
        own.for_each(|parameter| parameter.place.is_residual_output = true);
    }

    /// A parameter of its own.
    pub fn parameter(&mut self, parameter: Parameter) -> Wire {
        let wire = self.graph.parameter(&parameter.name, parameter.shape.clone());
        self.parameters.push(parameter);
        wire
    }

    fn bias(&mut self, module: &str, units: usize, weight: &Parameter) -> (usize, Wire) {
        let mut bias = Parameter::new(&format!("{module}.bias"), [units], Role::Bias);
        bias.fan_in = weight.fan_in;
        bias.fan_out = weight.fan_out;
        bias.activation.clone_from(&weight.activation);
        module.clone_into(&mut bias.place.module);
        (self.parameters.len(), self.parameter(bias))
    }

    /// x·Wᵀ + b over the last axis, and the activation behind it.
    pub fn linear(
        &mut self,
        x: Wire,
        module: &str,
        units: usize,
        activation: &str,
    ) -> Result<Wire> {
        let axes = self.graph.shape(x).axes().to_vec();
        let inputs = axes[axes.len() - 1];
        let mut weight = Parameter::linear(&format!("{module}.weight"), units, inputs);
        weight.activation = Some(activation.to_owned());
        module.clone_into(&mut weight.place.module);
        let position = self.parameters.len();
        let w = self.parameter(weight.clone());
        let (bias, b) = self.bias(module, units, &weight);
        let z = self.graph.matmul_transposed(x, w)?;
        let z = self.graph.add(z, b)?;
        let layout = if axes.len() == 2 { Layout::FLAT } else { Layout::units_last(axes.len()) };
        self.layer(module, (position, Some(bias)), Axes::linear(), (x, z), activation, layout)
    }

    /// A convolution of 3 × 3 over (rows, channels, height, width), padded to its size over
    /// `stride`, and the activation behind it.
    pub fn convolution(
        &mut self,
        x: Wire,
        module: &str,
        (channels, stride): (usize, usize),
        activation: &str,
    ) -> Result<Wire> {
        let inputs = self.graph.shape(x).axes()[1];
        let axes = Axes::convolution(1);
        let name = format!("{module}.weight");
        let mut weight = Parameter::weight(&name, [channels, inputs, 3, 3], axes.clone())?;
        weight.activation = Some(activation.to_owned());
        module.clone_into(&mut weight.place.module);
        let position = self.parameters.len();
        let w = self.parameter(weight.clone());
        let (bias, b) = self.bias(module, channels, &weight);
        let window = Window { strides: vec![stride; 2], pads: vec![(1, 1); 2], ..Window::new(2) };
        let z = self.graph.convolution(x, w, &window, 1)?;
        let b = self.graph.reshape(b, [channels, 1, 1])?;
        let z = self.graph.add(z, b)?;
        let wires = (position, Some(bias));
        self.layer(module, wires, axes, (x, z), activation, Layout::CHANNELS_FIRST)
    }

    fn layer(
        &mut self,
        module: &str,
        (weight, bias): (usize, Option<usize>),
        weight_axes: Axes,
        (input, z): (Wire, Wire),
        activation: &str,
        layout: Layout,
    ) -> Result<Wire> {
        let (a, bend) = if activation == "identity" {
            (z, None)
        } else {
            let found = activations::find(activation).expect("activations of plans are known");
            let bend = Bend { name: activation.to_owned(), input: z };
            (self.graph.activate(z, &*found)?, Some(bend))
        };
        self.layers.push(LayerWires {
            module: module.to_owned(),
            weight,
            bias,
            weight_axes,
            input,
            pre_activation: z,
            activation: a,
            bend,
            layout,
            branches: self.branch.clone().into_iter().collect(),
        });
        Ok(a)
    }
}
