//! One gate for many values, as of each channel in a squeeze-and-excitation block.

use super::by_hand::ByHand;
use super::*;
use crate::init::Parameter;
use crate::spec::{Architecture, Body, Ground};

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
        let Ground { graph, features, rows, .. } = ground;
        let mut layers = ByHand::new(graph, self.parameters()?);
        let linear =
            |layers: &mut ByHand, at: usize, x: Wire| layers.linear(LAYERS[at].0, at, None, x);
        let values = linear(&mut layers, 0, features)?;
        linear(&mut layers, 1, values)?;
        let open = layers.activate(1, "sigmoid")?;
        let wide = layers.graph.broadcast_to(open, [rows, UNITS])?;
        let gated = layers.graph.multiply(wide, values)?;
        let output = linear(&mut layers, 2, gated)?;
        Ok(layers.body(output))
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
