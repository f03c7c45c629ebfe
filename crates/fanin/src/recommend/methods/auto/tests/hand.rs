//! Networks of linear layers with biases, whose names and widths a list tells and whose graph a function builds.

use fanin_engine::Wire;

use super::by_hand::ByHand;
use crate::error::Result;
use crate::init::{Parameter, Place, Role};
use crate::spec::{Architecture, Body, Ground};

/// A network of linear layers with biases, in the order in which `build` adds them.
#[derive(Clone, Debug)]
pub struct Hand {
    pub inputs: usize,
    pub lines: Vec<Line>,
    pub build: fn(&mut ByHand, Wire) -> Result<Wire>,
}

/// A layer of so many units and inputs, that ends a residual branch or not.
#[derive(Clone, Debug)]
pub struct Line {
    pub name: String,
    pub units: usize,
    pub inputs: usize,
    pub ends_branch: bool,
}

impl Line {
    pub fn new(name: impl Into<String>, units: usize, inputs: usize) -> Self {
        Self { name: name.into(), units, inputs, ends_branch: false }
    }

    pub fn end(name: impl Into<String>, units: usize, inputs: usize) -> Self {
        Self { ends_branch: true, ..Self::new(name, units, inputs) }
    }
}

/// Layers by their places.
pub trait At {
    /// The layer of a [`Hand`] that has this place among all, over `x`.
    fn at(&mut self, layer: usize, x: Wire) -> Result<Wire>;
}

impl At for ByHand {
    fn at(&mut self, layer: usize, x: Wire) -> Result<Wire> {
        self.linear(&format!("layer {layer}"), 2 * layer, Some(2 * layer + 1), x)
    }
}

impl Architecture for Hand {
    fn label(&self) -> String {
        "by hand".to_owned()
    }

    fn inputs(&self) -> usize {
        self.inputs
    }

    fn output(&self) -> fanin_engine::Shape {
        [self.lines.last().unwrap().units].into()
    }

    fn parameters(&self) -> Result<Vec<Parameter>> {
        let of_line = |line: &Line| {
            let place = Place {
                module: line.name.clone(),
                is_residual_output: line.ends_branch,
                ..Place::default()
            };
            let weight =
                Parameter::linear(&format!("{}.weight", line.name), line.units, line.inputs);
            let bias = Parameter::new(&format!("{}.bias", line.name), [line.units], Role::Bias);
            let weight = Parameter { place: place.clone(), ..weight };
            let (fan_in, fan_out) = (line.inputs, line.units);
            [weight, Parameter { fan_in, fan_out, place, ..bias }]
        };
        Ok(self.lines.iter().flat_map(of_line).collect())
    }

    fn build(&self, ground: Ground) -> Result<Body> {
        let mut layers = ByHand::new(ground.graph, self.parameters()?);
        let output = (self.build)(&mut layers, ground.features)?;
        Ok(layers.body(output))
    }
}
