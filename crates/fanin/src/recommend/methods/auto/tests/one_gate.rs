//! One gate for many values, as of each channel in a squeeze-and-excitation block.

use super::*;
use crate::init::Parameter;
use crate::spec::{Architecture, Axes, Bend, Body, Ground, LayerWires, Layout};

const INPUTS: usize = 32;
const UNITS: usize = 64;
const OUTPUTS: usize = 10;
const LAYERS: [(&str, usize, usize); 3] =
    [("values", UNITS, INPUTS), ("gate", 1, UNITS), ("head", OUTPUTS, UNITS)];

/// head(σ(gate(v))·v) of v = values(x).
#[derive(Clone, Copy, Debug)]
struct OneGate;

impl Architecture for OneGate {
    fn label(&self) -> String {
        "one gate".to_owned()
    }

    fn inputs(&self) -> usize {
        INPUTS
    }

    fn output(&self) -> fanin_engine::Shape {
        [OUTPUTS].into()
    }

    fn parameters(&self) -> Result<Vec<Parameter>> {
        let weight = |&(module, outputs, inputs): &(&str, usize, usize)| {
            Parameter::linear(&format!("{module}.weight"), outputs, inputs)
        };
        Ok(LAYERS.iter().map(weight).collect())
    }

    fn build(&self, ground: Ground) -> Result<Body> {
        let Ground { mut graph, features, rows, .. } = ground;
        let sigmoid = fanin_engine::activations::find("sigmoid").unwrap();
        let parameters = self.parameters()?;
        let wires: Vec<Wire> =
            parameters.iter().map(|own| graph.parameter(&own.name, own.shape.clone())).collect();
        let values = graph.matmul_transposed(features, wires[0])?;
        let z = graph.matmul_transposed(values, wires[1])?;
        let open = graph.activate(z, &*sigmoid)?;
        let wide = graph.broadcast_to(open, [rows, UNITS])?;
        let gated = graph.multiply(wide, values)?;
        let output = graph.matmul_transposed(gated, wires[2])?;
        let layer = |weight: usize, input: Wire, pre_activation: Wire| LayerWires {
            module: LAYERS[weight].0.to_owned(),
            weight,
            bias: None,
            weight_axes: Axes::linear(),
            input,
            pre_activation,
            activation: pre_activation,
            bend: None,
            layout: Layout::FLAT,
            branches: Vec::new(),
        };
        let mut layers =
            vec![layer(0, features, values), layer(1, values, z), layer(2, gated, output)];
        layers[1].activation = open;
        layers[1].bend = Some(Bend { name: "sigmoid".to_owned(), input: z });
        let names = parameters.into_iter().map(|own| own.name).collect();
        let (cells, running) = (Vec::new(), Vec::new());
        let trained = (0..wires.len()).collect();
        Ok(Body { graph, output, names, trained, layers, cells, running })
    }
}

/// As a plain sigmoid it would be driven to E z² = 16.
#[test]
fn a_gate_that_is_stretched_over_many_values_stands_half_open() {
    let model = Model::graph(OneGate);
    let weights = for_model(&model, &Rules::new("normal:0.01"), 0).unwrap();
    let found = recommended(&model, &weights, None);
    let reason = &found.changes.iter().find(|own| own.parameter == "gate.weight").unwrap().reason;
    assert!(reason.contains("1 sigmoid gate "), "{reason}");
    let measured = measured(&model, &found.weights, &normal_rows(&model));
    // One unit: a draw of its direction.
    assert!((0.1..4.0).contains(&measured[1].0), "{measured:?}");
}
