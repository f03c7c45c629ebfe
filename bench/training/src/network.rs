//! Networks that the short text cannot say: convolutions, pools and what lies between.

use std::collections::HashMap;

use fanin::engine::activations;
use fanin::engine::ops::{Rounding, Window};
use fanin::engine::{Graph, Shape, Wire};
use fanin::spec::{Architecture, Body, Ground, Parameter, Role};
use serde::Deserialize;
use serde_json::Value;

/// A layer as `bench/training/workloads.py` says it: its kind, then its sizes.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Vec<Value>")]
pub struct Layer {
    /// `image`, `conv`, `max_pool`, `flatten`, `linear`, or an activation.
    pub kind: String,
    /// image: channels, height, width; conv: channels in and out, kernel, pad; `max_pool`: kernel;
    /// linear: units in and out.
    pub sizes: Vec<usize>,
}

impl TryFrom<Vec<Value>> for Layer {
    type Error = String;

    fn try_from(words: Vec<Value>) -> Result<Self, String> {
        let (kind, sizes) = words.split_first().ok_or("a layer without a kind")?;
        let size = |v: &Value| v.as_u64().map(|v| v as usize).ok_or("a size that is no count");
        let sizes = sizes.iter().map(size).collect::<Result<_, _>>()?;
        Ok(Self { kind: kind.as_str().ok_or("a kind that is no text")?.to_owned(), sizes })
    }
}

/// Layers one after another; parameters are named as in `nn.Sequential`.
#[derive(Clone, Debug)]
pub struct Chain {
    /// The layers.
    pub layers: Vec<Layer>,
    /// The shape of each parameter, as the weights have it.
    pub shapes: HashMap<String, Shape>,
    /// Numbers that enter.
    pub inputs: usize,
    /// Logits.
    pub outputs: usize,
}

impl Architecture for Chain {
    fn label(&self) -> String {
        self.layers.iter().map(|layer| &*layer.kind).collect::<Vec<_>>().join(" -> ")
    }

    fn inputs(&self) -> usize {
        self.inputs
    }

    fn output(&self) -> Shape {
        [self.outputs].into()
    }

    fn parameters(&self) -> fanin::Result<Vec<Parameter>> {
        let named = self.shapes.iter();
        Ok(named.map(|(name, shape)| Parameter::new(name, shape.clone(), Role::Weight)).collect())
    }

    fn build(&self, ground: Ground) -> fanin::Result<Body> {
        let Ground { mut graph, features, rows, .. } = ground;
        let mut names = Vec::new();
        let mut x = features;
        for (index, layer) in self.layers.iter().enumerate() {
            let mut parameter = |graph: &mut Graph, what: &str| {
                names.push(format!("{index}.{what}"));
                let name = names.last().expect("a name was just pushed");
                graph.parameter(name, self.shapes[name].clone())
            };
            let sizes = &layer.sizes[..];
            x = match &*layer.kind {
                "image" => graph.reshape(x, [&[rows], sizes].concat())?,
                "flatten" => {
                    let columns = graph.shape(x).elements() / rows;
                    graph.reshape(x, [rows, columns])?
                }
                "linear" => {
                    let weight = parameter(&mut graph, "weight");
                    let bias = parameter(&mut graph, "bias");
                    graph.linear(x, weight, Some(bias))?
                }
                "conv" => {
                    let weight = parameter(&mut graph, "weight");
                    let bias = parameter(&mut graph, "bias");
                    convolution(&mut graph, x, [weight, bias], sizes)?
                }
                "max_pool" => {
                    let window = Window { strides: vec![sizes[0]; 2], ..Window::new(2) };
                    graph.max_pool(x, &[sizes[0]; 2], &window, Rounding::Down)?.0
                }
                name => {
                    let activation = activations::find(name).ok_or(fanin::Error::Setting {
                        place: format!("layer {index}"),
                        found: format!("`{name}`"),
                        expected: "a kind of layer or an activation".to_owned(),
                    })?;
                    graph.activate(x, &*activation)?
                }
            };
        }
        let trained = (0..names.len()).collect();
        let (layers, running) = (Vec::new(), Vec::new());
        Ok(Body { graph, output: x, names, trained, layers, cells: Vec::new(), running })
    }
}

/// Convolution of sizes (channels in and out, kernel, pad), with its bias.
///
/// # Errors
/// If the shapes do not fit.
pub fn convolution(
    graph: &mut Graph,
    x: Wire,
    [weight, bias]: [Wire; 2],
    sizes: &[usize],
) -> fanin::Result<Wire> {
    let window = Window { pads: vec![(sizes[3], sizes[3]); 2], ..Window::new(2) };
    let y = graph.convolution(x, weight, &window, 1)?;
    let bias = graph.reshape(bias, [sizes[1], 1, 1])?;
    Ok(graph.add(y, bias)?)
}
