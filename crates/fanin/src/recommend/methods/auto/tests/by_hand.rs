//! Networks that no text says, built layer by layer.

use fanin_engine::{Graph, Wire};

use crate::error::Result;
use crate::init::Parameter;
use crate::spec::{Axes, Bend, Body, LayerWires, Layout};

/// A network on its way to a body: its graph, with a wire for every parameter, and its layers.
pub struct ByHand {
    pub graph: Graph,
    names: Vec<String>,
    wires: Vec<Wire>,
    layers: Vec<LayerWires>,
}

impl ByHand {
    /// No layer yet of these parameters.
    pub fn new(mut graph: Graph, parameters: Vec<Parameter>) -> Self {
        let wire = |own: &Parameter| graph.parameter(&own.name, own.shape.clone());
        let wires = parameters.iter().map(wire).collect();
        let names = parameters.into_iter().map(|own| own.name).collect();
        Self { graph, names, wires, layers: Vec::new() }
    }

    /// The next layer, z = W·x + b by the places of W and b among the parameters; gives z.
    pub fn linear(
        &mut self,
        module: &str,
        weight: usize,
        bias: Option<usize>,
        x: Wire,
    ) -> Result<Wire> {
        let product = self.graph.matmul_transposed(x, self.wires[weight])?;
        let z = match bias {
            Some(bias) => self.graph.add(product, self.wires[bias])?,
            None => product,
        };
        self.layers.push(LayerWires {
            module: module.to_owned(),
            weight,
            bias,
            weight_axes: Axes::linear(),
            input: x,
            pre_activation: z,
            activation: z,
            bend: None,
            layout: Layout::FLAT,
            branches: Vec::new(),
        });
        Ok(z)
    }

    /// The activation of this name over what a layer gives.
    pub fn activate(&mut self, layer: usize, name: &str) -> Result<Wire> {
        let activation = fanin_engine::activations::find(name).unwrap();
        let own = &mut self.layers[layer];
        own.activation = self.graph.activate(own.pre_activation, &*activation)?;
        own.bend = Some(Bend { name: name.to_owned(), input: own.pre_activation });
        Ok(own.activation)
    }

    /// The whole, all of whose parameters are trained.
    pub fn body(self, output: Wire) -> Body {
        let Self { graph, names, wires, layers } = self;
        let (cells, running) = (Vec::new(), Vec::new());
        Body { graph, output, names, trained: (0..wires.len()).collect(), layers, cells, running }
    }
}
