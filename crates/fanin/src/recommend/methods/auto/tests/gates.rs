//! Chains of gates whose two factors come of layers of their own: φ(W₁x)·(W₂x).

use super::by_hand::ByHand;
use super::*;
use crate::init::{Parameter, Place};
use crate::spec::{Architecture, Body, Ground};

const INPUTS: usize = 32;
const UNITS: usize = 128;
const OUTPUTS: usize = 10;

/// So many gates of an activation one after another, and a head.
#[derive(Clone, Copy, Debug)]
struct Gates {
    depth: usize,
    activation: &'static str,
}

impl Gates {
    /// Names and inputs of layers that have this place in the order of the signal.
    fn layer(&self, layer: usize) -> (String, usize, usize) {
        let inputs = if layer < 2 { INPUTS } else { UNITS };
        match layer {
            head if head == 2 * self.depth => ("head".to_owned(), OUTPUTS, UNITS),
            gate if gate.is_multiple_of(2) => (format!("gates.{}", gate / 2), UNITS, inputs),
            value => (format!("values.{}", value / 2), UNITS, inputs),
        }
    }
}

impl Architecture for Gates {
    fn label(&self) -> String {
        "gates".to_owned()
    }

    fn inputs(&self) -> usize {
        INPUTS
    }

    fn output(&self) -> fanin_engine::Shape {
        [OUTPUTS].into()
    }

    fn parameters(&self) -> Result<Vec<Parameter>> {
        let of_layer = |layer| {
            let (module, outputs, inputs) = self.layer(layer);
            let weight = Parameter::linear(&format!("{module}.weight"), outputs, inputs);
            let bias = Parameter::new(&format!("{module}.bias"), [outputs], Role::Bias);
            let place = Place { module, ..Place::default() };
            let bias = Parameter { fan_in: inputs, fan_out: outputs, place, ..bias };
            [weight, bias]
        };
        Ok((0..=2 * self.depth).flat_map(of_layer).collect())
    }

    fn build(&self, ground: Ground) -> Result<Body> {
        let mut layers = ByHand::new(ground.graph, self.parameters()?);
        let linear = |layers: &mut ByHand, at: usize, x: Wire| {
            layers.linear(&self.layer(at).0, 2 * at, Some(2 * at + 1), x)
        };
        let mut x = ground.features;
        for gate in 0..self.depth {
            linear(&mut layers, 2 * gate, x)?;
            let value = linear(&mut layers, 2 * gate + 1, x)?;
            let open = layers.activate(2 * gate, self.activation)?;
            x = layers.graph.multiply(open, value)?;
        }
        let output = linear(&mut layers, 2 * self.depth, x)?;
        Ok(layers.body(output))
    }
}

/// Signals and gradients of a chain that auto starts, from weights that are all too small.
fn started(gates: Gates) -> (Recommendation, Vec<(f64, f64)>) {
    let model = Model::graph(gates);
    let weights = for_model(&model, &Rules::new("normal:0.01"), 0).unwrap();
    let found = recommended(&model, &weights, None);
    let measured = measured(&model, &found.weights, &normal_rows(&model));
    (found, measured)
}

/// As plain sigmoids they would be driven to E z² = 16, at which gates are shut or open for good.
#[test]
fn sigmoids_that_gate_values_stand_half_open() {
    let (found, measured) = started(Gates { depth: 6, activation: "sigmoid" });
    for pair in measured[..12].chunks_exact(2) {
        let [(gate, _), (value, _)] = pair else { unreachable!("chunks of two") };
        assert!((0.1..1.5).contains(gate) && (0.5..2.0).contains(value), "{measured:?}");
    }
    let gradients = |value: usize| measured[2 * value + 1].1.sqrt();
    let ratio = gradients(1) / gradients(5);
    assert!((1.0 / 3.0..3.0).contains(&ratio), "{measured:?}");
    let reason =
        &found.changes.iter().find(|own| own.parameter == "gates.1.weight").unwrap().reason;
    assert!(reason.contains("6 sigmoid gates"), "{reason}");
}

/// Without biases a row that is twice as large comes out four times as large, 2⁶ of it after six.
#[test]
fn gates_that_square_the_size_of_rows_get_biases() {
    let (found, measured) = started(Gates { depth: 6, activation: "silu" });
    assert!(measured.iter().all(|(z, _)| (0.03..30.0).contains(z)), "{measured:?}");
    let bias = found.weights.get("gates.2.bias").unwrap().data();
    assert!(reduce::sum_of_squares(bias) / bias.len() as f64 > 0.1);
    let gradients: Vec<f64> = measured[..12].iter().map(|own| own.1.sqrt()).collect();
    let largest = gradients.iter().fold(0.0_f64, |a, b| a.max(*b));
    let least = gradients.iter().fold(f64::INFINITY, |a, b| a.min(*b));
    assert!(largest < 50.0 * least, "{gradients:?}");
}

/// Held against the mean over some draws of the same scales: second moments of z within 20 %, and norms of gradients,
/// which take no notice that they meet the weights that made the outputs, within 25 %.
#[test]
fn gates_of_layers_of_their_own_are_foreseen() {
    const DRAWS: u64 = 8;
    let model = Model::graph(Gates { depth: 5, activation: "sigmoid" });
    let data = normal_rows(&model);
    let start = for_model(&model, &Rules::new("normal:0.01"), 0).unwrap();
    let changes = recommended(&model, &start, Some(&data)).changes;
    let patterns = changes.into_iter().map(|own| (own.parameter, own.scheme)).collect();
    let rules = Rules { patterns, ..Rules::new("zeros") };
    let draw = |seed| for_model(&model, &rules, seed).unwrap();
    let told = expected(&problem(&model, &draw(0), Some(&data))).unwrap();
    let mut sums = vec![(0.0, 0.0); told.len()];
    for seed in 0..DRAWS {
        for (sum, own) in sums.iter_mut().zip(measured(&model, &draw(seed), &data)) {
            *sum = (sum.0 + own.0 / DRAWS as f64, sum.1 + own.1 / DRAWS as f64);
        }
    }
    // The head's ten outputs say little of their mean.
    for (layer, (told, (signal, gradient))) in told.iter().zip(&sums).take(10).enumerate() {
        let signal = (told.signal / signal).ln();
        let gradient = 0.5 * (told.gradient / gradient).ln();
        assert!(
            signal.abs() < 1.2_f64.ln() && gradient.abs() < 1.25_f64.ln(),
            "layer {layer}: off by {:.3} in signal, {:.3} in gradient",
            signal.exp(),
            gradient.exp()
        );
    }
}
