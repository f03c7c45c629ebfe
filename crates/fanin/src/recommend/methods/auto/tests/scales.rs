//! Layers that scale: the deviation of noise, the couplings of a flow, and gates that are read twice.

use fanin_engine::Tensor;

use super::by_hand::ByHand;
use super::hand::{At, Hand, Line};
use super::*;

const INPUTS: usize = 32;
const UNITS: usize = 64;
const CODES: usize = 8;
const OUTPUTS: usize = 10;
const BLOCKS: usize = 5;

fn small(hand: Hand) -> (Model, Weights) {
    let model = Model::graph(hand);
    let weights = for_model(&model, &Rules::new("normal:0.01"), 0).unwrap();
    (model, weights)
}

fn signals(model: &Model, found: &Recommendation) -> Vec<f64> {
    let measured = measured(model, &found.weights, &normal_rows(model));
    measured.into_iter().map(|own| own.0).collect()
}

/// A variational auto-encoder whose noise is off: mean + exp(z/2)·0.
fn variational(layers: &mut ByHand, x: Wire) -> Result<Wire> {
    layers.at(0, x)?;
    let encoded = layers.activate(0, "relu")?;
    let mean = layers.at(1, encoded)?;
    let z = layers.at(2, encoded)?;
    let half = layers.graph.affine(z, 0.5, 0.0)?;
    let deviation = layers.graph.exp(half)?;
    let shape = layers.graph.shape(mean).clone();
    let noise = layers.graph.constant(shape, 0.0)?;
    let scaled = layers.graph.multiply(deviation, noise)?;
    let code = layers.graph.add(mean, scaled)?;
    layers.at(3, code)?;
    let decoded = layers.activate(3, "relu")?;
    layers.at(4, decoded)
}

#[test]
fn log_variances_begin_near_0() {
    let lines = vec![
        Line::new("encoder", UNITS, INPUTS),
        Line::new("mean", CODES, UNITS),
        Line::new("log_variance", CODES, UNITS),
        Line::new("decoder", UNITS, CODES),
        Line::new("head", OUTPUTS, UNITS),
    ];
    let (model, weights) = small(Hand { inputs: INPUTS, lines, build: variational });
    let found = recommended(&model, &weights, None);
    let signals = signals(&model, &found);
    // exp(z/2) of E z² = 0.04 has a deviation of a tenth.
    assert!((0.02..0.08).contains(&signals[2]), "{signals:?}");
    assert!((0.4..2.5).contains(&signals[1]), "{signals:?}");
    let change = found.changes.iter().find(|own| own.parameter == "log_variance.weight").unwrap();
    assert!(change.reason.contains("it scales"), "{}", change.reason);
}

/// b·exp(s(a)) + t(a), and a and b change places.
fn couplings(layers: &mut ByHand, x: Wire) -> Result<Wire> {
    let mut a = layers.at(0, x)?;
    let mut b = layers.at(1, x)?;
    for block in 0..BLOCKS {
        let first = 3 * block + 2;
        layers.at(first, a)?;
        let inside = layers.activate(first, "relu")?;
        let scale = layers.at(first + 1, inside)?;
        let shift = layers.at(first + 2, inside)?;
        let scale = layers.graph.exp(scale)?;
        let scaled = layers.graph.multiply(b, scale)?;
        (b, a) = (a, layers.graph.add(scaled, shift)?);
    }
    layers.at(3 * BLOCKS + 2, a)
}

/// With E s² = 1 each coupling would make the signal e² times as large, and the next by the spread of that.
#[test]
fn couplings_of_a_flow_keep_the_signal() {
    let mut lines = vec![Line::new("a", UNITS, INPUTS), Line::new("b", UNITS, INPUTS)];
    for block in 0..BLOCKS {
        lines.push(Line::new(format!("inside.{block}"), UNITS, UNITS));
        lines.push(Line::new(format!("scale.{block}"), UNITS, UNITS));
        lines.push(Line::new(format!("shift.{block}"), UNITS, UNITS));
    }
    lines.push(Line::new("head", OUTPUTS, UNITS));
    let (model, weights) = small(Hand { inputs: INPUTS, lines, build: couplings });
    let found = recommended(&model, &weights, None);
    let signals = signals(&model, &found);
    for block in 0..BLOCKS {
        let own = &signals[3 * block + 2..3 * block + 5];
        assert!((0.5..2.0).contains(&own[0]) && (0.003..0.03).contains(&own[1]), "{signals:?}");
    }
}

/// g·relu(h) + (1 − g)·x, as by a highway network.
fn highway(layers: &mut ByHand, x: Wire) -> Result<Wire> {
    let mut x = layers.at(0, x)?;
    for block in 0..BLOCKS {
        let first = 2 * block + 1;
        layers.at(first, x)?;
        let inside = layers.activate(first, "relu")?;
        layers.at(first + 1, x)?;
        let gate = layers.activate(first + 1, "sigmoid")?;
        let rest = layers.graph.affine(gate, -1.0, 1.0)?;
        let [new, old] = [layers.graph.multiply(gate, inside)?, layers.graph.multiply(rest, x)?];
        x = layers.graph.add(new, old)?;
    }
    layers.at(2 * BLOCKS + 1, x)
}

/// As a plain sigmoid the gate would be driven to E z² = 16, and its bias taken away.
#[test]
fn a_gate_that_also_keeps_back_is_half_open_about_the_bias_that_was_chosen() {
    let mut lines = vec![Line::new("in", UNITS, INPUTS)];
    for block in 0..BLOCKS {
        lines.push(Line::new(format!("new.{block}"), UNITS, UNITS));
        lines.push(Line::new(format!("gate.{block}"), UNITS, UNITS));
    }
    lines.push(Line::new("head", OUTPUTS, UNITS));
    let (model, mut weights) = small(Hand { inputs: INPUTS, lines, build: highway });
    let is_chosen = |name: &str| name.starts_with("gate") && name.ends_with("bias");
    for (name, tensor) in &mut weights.tensors {
        if is_chosen(name) {
            *tensor = Tensor::new([UNITS], vec![-2.0; UNITS]).unwrap();
        }
    }
    let found = recommended(&model, &weights, None);
    assert!(!found.changes.iter().any(|own| is_chosen(&own.parameter)), "{:?}", found.changes);
    let signals = signals(&model, &found);
    for block in 0..BLOCKS {
        // 4 of the bias, and 0.1 to 1 of the weights, whose mean over units is not 0 but by chance.
        assert!((2.5..7.0).contains(&signals[2 * block + 2]), "{signals:?}");
    }
    let gate = found.changes.iter().find(|own| own.parameter == "gate.2.weight").unwrap();
    assert!(gate.reason.contains("5 sigmoid gates"), "{}", gate.reason);
    let new = found.changes.iter().find(|own| own.parameter == "new.2.weight").unwrap();
    assert!(!new.reason.contains("gate"), "{}", new.reason);
}
