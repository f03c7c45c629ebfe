//! A network of one's own, in operators of the engine, and starting weights that fit it.

use fanin::engine::{Shape, Wire, activations};
use fanin::init::{Parameter, Rules, for_model};
use fanin::recommend::Options;
use fanin::spec::{Architecture, Axes, Bend, Body, Ground, LayerWires, Layout, Model, Spec};

/// Layers of tanh, each of which adds the half of what it gets.
#[derive(Debug)]
struct Halves {
    layers: usize,
}

const UNITS: usize = 64;
const CLASSES: usize = 10;

impl Architecture for Halves {
    fn label(&self) -> String {
        format!("{} layers with halves", self.layers)
    }

    fn inputs(&self) -> usize {
        UNITS
    }

    fn output(&self) -> Shape {
        [CLASSES].into()
    }

    fn parameters(&self) -> fanin::Result<Vec<Parameter>> {
        let hidden = |n| Parameter::linear(&format!("layers.{n}.weight"), UNITS, UNITS);
        let mut all: Vec<Parameter> =
            (0..self.layers).map(|n| hidden(n).followed_by("tanh")).collect();
        all.push(Parameter::linear("head.weight", CLASSES, UNITS));
        Ok(all)
    }

    fn build(&self, ground: Ground) -> fanin::Result<Body> {
        let Ground { mut graph, features, .. } = ground;
        let parameters = self.parameters()?;
        let weights: Vec<Wire> =
            parameters.iter().map(|p| graph.parameter(&p.name, p.shape.clone())).collect();
        let tanh = activations::find("tanh").expect("it is in the registry");
        let (mut x, mut layers) = (features, Vec::new());
        for (index, weight) in weights.iter().enumerate() {
            let is_head = index == self.layers;
            let z = graph.matmul_transposed(x, *weight)?;
            let a = if is_head { z } else { graph.activate(z, &*tanh)? };
            layers.push(LayerWires {
                module: parameters[index].name.trim_end_matches(".weight").to_owned(),
                weight: index,
                bias: None,
                weight_axes: Axes::linear(),
                input: x,
                pre_activation: z,
                activation: a,
                bend: (!is_head).then(|| Bend { name: "tanh".to_owned(), input: z }),
                layout: Layout::FLAT,
                branches: Vec::new(),
            });
            let half = graph.affine(x, 0.5, 0.0)?;
            x = if is_head { a } else { graph.add(a, half)? };
        }
        let names = parameters.into_iter().map(|p| p.name).collect();
        let trained = (0..weights.len()).collect();
        let (cells, running) = (Vec::new(), Vec::new());
        Ok(Body { graph, output: x, names, trained, layers, cells, running })
    }
}

/// Mends a start that is far too small.
pub fn main() -> fanin::Result<()> {
    let spec = Spec::default();
    let data = fanin::load(&spec)?;
    let model = Model::graph(Halves { layers: 12 });
    let weights = for_model(&model, &Rules::new("normal:0.001"), 0)?;
    let repair = fanin::recommend(&spec, &model, &weights, &data, &Options::default())?;
    println!("{model}: {}, then {}", repair.before.forecast, repair.result().forecast);
    for tried in &repair.tried {
        println!("  {}: {}", tried.method, tried.reason.as_deref().unwrap_or("passes"));
    }
    Ok(())
}
