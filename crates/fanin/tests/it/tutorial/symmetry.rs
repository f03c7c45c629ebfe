//! Equal units stay equal for ever; different ones part.

use fanin::data::Targets;
use fanin::weights::Weights;

use super::{network, spec, train};

const OPTIMIZERS: [&str; 3] = [
    "name = \"gradient-descent\", learning_rate = 0.3, weight_decay = 0.001",
    "name = \"sgd\", learning_rate = 0.1, momentum = 0.9",
    "name = \"adam\", learning_rate = 0.01",
];

const ACTIVATIONS: [&str; 2] = ["sigmoid", "tanh"];

/// The largest difference between two units of a hidden layer: in their weights, their biases and
/// in what the next layer takes from them.
fn gap(weights: &Weights) -> f32 {
    let mut gap = 0.0_f32;
    for layer in [0, 2] {
        let tensor = |name: &str| weights.get(name);
        let Some(out) = tensor(&format!("{}.weight", layer + 2)) else { break };
        let into = tensor(&format!("{layer}.weight")).unwrap();
        let bias = tensor(&format!("{layer}.bias")).unwrap();
        let [units, inputs] = into.shape().axes() else { panic!("a matrix") };
        for unit in 1..*units {
            for input in 0..*inputs {
                gap = gap.max((into.data()[unit * inputs + input] - into.data()[input]).abs());
            }
            gap = gap.max((bias.data()[unit] - bias.data()[0]).abs());
            for row in out.data().chunks_exact(*units) {
                gap = gap.max((row[unit] - row[0]).abs());
            }
        }
    }
    gap
}

#[test]
fn equal_starts_keep_a_gap_of_exactly_zero_for_a_thousand_steps() {
    for activation in ACTIVATIONS {
        for optimizer in OPTIMIZERS {
            let text = format!("2 -> 6 {activation} -> 5 {activation} -> 1");
            let mut spec = spec(&text, optimizer, 1000, "standard");
            let (data, model) = network(&spec);
            for scheme in ["zeros", "constant:0.5"] {
                scheme.clone_into(&mut spec.init.scheme);
                let weights = fanin::initialize(&spec, &model, 0).unwrap();
                let (_, after) = train(&spec, &model, &weights, &data).unwrap();
                let place = format!("{scheme} {activation} {optimizer}");
                // From zeros only the last bias may move, and targets of mean 0 leave even that.
                assert!(scheme == "zeros" || weights != after, "{place}: something moves");
                assert_eq!(gap(&after), 0.0, "{place}");
            }
        }
    }
}

#[test]
fn small_distinct_starts_part() {
    for activation in ACTIVATIONS {
        for optimizer in OPTIMIZERS {
            let mut spec = spec(&format!("2 -> 6 {activation} -> 1"), optimizer, 1000, "standard");
            spec.optimizer.weight_decay = Some(0.0);
            "normal:0.01".clone_into(&mut spec.init.scheme);
            let (mut data, model) = network(&spec);
            let targets = data.train.features.chunks_exact(2).map(|x| x[0] + x[0] * x[1]).collect();
            data.train.targets = Targets::Values { values: targets, names: vec!["y".to_owned()] };
            let weights = fanin::initialize(&spec, &model, 0).unwrap();
            let (_, after) = train(&spec, &model, &weights, &data).unwrap();
            let (before, after) = (gap(&weights), gap(&after));
            assert!(before > 0.0 && after > 10.0 * before, "{optimizer}: {before} {after}");
        }
    }
}
