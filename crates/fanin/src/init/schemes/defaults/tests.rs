//! Framework defaults against values that the frameworks themselves gave.

use crate::init::fans::Axes;
use crate::init::schemes::sample_networks::{gpt2, lstm};
use crate::init::{
    Component, Packing, Parameter, Place, Rules, Source, Values, explain, find, initialize,
};
use crate::spec::Role;

/// Made by `tests/reference/framework_defaults.py`.
const MEASURED: &str = include_str!("../../../../tests/reference/framework_defaults.csv");

const FRAMEWORKS: [&str; 6] = [
    "torch-default",
    "keras-default",
    "flax-default",
    "burn-default",
    "candle-default",
    "transformers-default",
];

/// The layers that the script builds, as parameters.
fn layers(framework: &str) -> Vec<Parameter> {
    let bias = |name: &str, units: usize, inputs: usize| {
        let bias = Parameter::new(name, [units], Role::Bias);
        Parameter { fan_in: inputs, fan_out: units, ..bias }
    };
    let table = Parameter::new("embedding.weight", [300, 128], Role::Embedding);
    let (grouped, axes) = match framework {
        "torch-default" | "transformers-default" => ([96, 16, 3, 3], Axes::convolution(4)),
        _ => ([3, 3, 16, 96], Axes { output_groups: 4, ..Axes::keras(4) }),
    };
    let transposed = Axes::transposed_convolution(4);
    let attention = Parameter {
        packing: Some(Packing {
            axis: 0,
            parts: vec![(Component::Query, 128), (Component::Key, 128), (Component::Value, 128)],
        }),
        fan_out: 128,
        ..Parameter::linear("attention.in_proj_weight", 384, 128)
    };
    let output = Place { component: Some(Component::AttentionOutput), ..Place::default() };
    let out_weight = Parameter::linear("attention.out_proj.weight", 128, 128);
    let out_bias = bias("attention.out_proj.bias", 128, 128);
    let mut layers = vec![
        Parameter::linear("linear.weight", 160, 96),
        bias("linear.bias", 160, 96),
        Parameter { fan_in: 300, fan_out: 128, axes: Axes::new(0, 1), ..table },
        Parameter::weight("grouped.weight", grouped, axes).unwrap(),
        Parameter::weight("transposed.weight", [64, 24, 3, 3], transposed).unwrap(),
        attention,
        bias("attention.in_proj_bias", 384, 128),
        Parameter { place: output.clone(), ..out_weight },
        Parameter { place: output, ..out_bias },
        Parameter::new("prelu.weight", [1], Role::Slope),
    ];
    layers.extend(lstm(96, 64));
    layers
}

/// Mean and deviation of all elements, from those of the lines that explain a parameter.
fn moments(framework: &str, parameter: &Parameter) -> (f64, f64) {
    let lines = explain(std::slice::from_ref(parameter), &Rules::new(framework)).unwrap();
    let n = lines.len() as f64;
    let mean = lines.iter().map(|line| line.mean).sum::<f64>() / n;
    let second = lines.iter().map(|line| line.mean.powi(2) + line.deviation.powi(2)).sum::<f64>();
    (mean, (second / n - mean * mean).max(0.0).sqrt())
}

/// 5 standard errors of a normal variable's deviation, which the others' stay below.
#[test]
fn declared_moments_are_those_that_the_frameworks_give() {
    let mut compared = 0;
    for line in MEASURED.lines().skip(1).filter(|line| !line.starts_with("gpt2,")) {
        let cells: Vec<&str> = line.split(',').collect();
        let [framework, name, elements, mean, deviation, largest] = cells[..] else {
            panic!("{line}")
        };
        let number = |cell: &str| cell.parse::<f64>().unwrap();
        let layers = layers(framework);
        let parameter = layers.iter().find(|p| p.name == name || p.name.ends_with(name)).unwrap();
        let (expected_mean, expected) = moments(framework, parameter);
        let (mean, deviation) = (number(mean), number(deviation));
        let error = 5.0 * expected / number(elements).sqrt() + 1e-7;
        assert!((mean - expected_mean).abs() <= error, "{line}: mean {expected_mean}");
        assert!((deviation - expected).abs() <= error, "{line}: deviation {expected}");
        let scheme = find(framework).unwrap();
        let own = Values::new(parameter, Source::Scheme(&*scheme), 1).into_all().unwrap();
        let own = f64::from(own.iter().fold(0.0_f32, |most, x| most.max(x.abs())));
        // The largest of thousands of uniform values lies within a percent of the bound.
        let ratio = own / number(largest);
        assert!(number(largest) == own || (0.7..1.4).contains(&ratio), "{line}: largest {own}");
        compared += 1;
    }
    assert_eq!(compared, 38);
}

#[test]
fn gpt2_has_the_deviations_that_transformers_gives() {
    let network = gpt2(6, 128);
    let lines = explain(&network, &Rules::new("gpt2")).unwrap();
    let mut compared = 0;
    for row in MEASURED.lines().filter(|line| line.starts_with("gpt2,")) {
        let cells: Vec<&str> = row.split(',').collect();
        let name = if cells[1].contains('.') && !cells[1].starts_with('w') {
            format!("h.3.{}", cells[1])
        } else {
            cells[1].to_owned()
        };
        let line = lines.iter().find(|line| line.name.starts_with(&name)).unwrap();
        let (elements, measured): (f64, f64) =
            (cells[2].parse().unwrap(), cells[4].parse().unwrap());
        let error = 5.0 * line.deviation / (2.0 * elements).sqrt();
        assert!((measured - line.deviation).abs() < error, "{row}: {}", line.deviation);
        compared += 1;
    }
    assert_eq!(compared, 6);
}

#[test]
fn every_framework_decides_for_every_role_that_has_a_start() {
    for framework in FRAMEWORKS {
        let scheme = find(framework).unwrap();
        for &role in Role::ALL {
            let matrix = Parameter { role, ..Parameter::linear("w", 8, 4) };
            assert_eq!(scheme.distribution(&matrix).is_ok(), role != Role::Buffer, "{role:?}");
            assert_eq!(scheme.serves(role), role != Role::Buffer);
            if role.start() == Some(1.0) {
                assert_eq!(scheme.distribution(&matrix).unwrap().mean(), 1.0);
            }
        }
    }
}

#[test]
fn burn_and_candle_follow_their_sources() {
    let network = layers("torch-default");
    let declared = |framework: &str, name: &str| {
        let parameter = network.iter().find(|p| p.name.ends_with(name)).unwrap();
        moments(framework, parameter).1
    };
    for (framework, name, expected) in [
        ("burn-default", "linear.weight", f64::sqrt(1.0 / (3.0 * 96.0))),
        ("burn-default", "linear.bias", f64::sqrt(1.0 / (3.0 * 96.0))),
        ("burn-default", "embedding.weight", 1.0),
        ("burn-default", "transposed.weight", f64::sqrt(1.0 / (3.0 * 216.0))),
        ("burn-default", "weight_hh_l0", f64::sqrt(2.0 / 128.0)),
        ("candle-default", "linear.weight", f64::sqrt(2.0 / 96.0)),
        ("candle-default", "linear.bias", f64::sqrt(1.0 / (3.0 * 96.0))),
        ("candle-default", "embedding.weight", 1.0),
        ("candle-default", "weight_ih_l0", f64::sqrt(2.0 / 96.0)),
        ("candle-default", "bias_ih_l0", 0.0),
    ] {
        let found = declared(framework, name);
        assert!((found - expected).abs() < 1e-12, "{framework} {name}: {found}, not {expected}");
    }
}

/// Keras draws one matrix for all gates: its rows are orthonormal, not those of each gate.
#[test]
fn keras_makes_all_gates_together_orthogonal_and_flax_each() {
    let hidden = 6;
    let recurrent = &lstm(4, hidden)[1..2];
    for (framework, norm) in [("keras-default", 0.25), ("flax-default", 1.0)] {
        let weights = initialize(recurrent, &Rules::new(framework), 7).unwrap();
        let w = weights.tensors[0].1.data();
        let product = |rows: std::ops::Range<usize>, a: usize, b: usize| -> f64 {
            rows.map(|i| f64::from(w[i * hidden + a]) * f64::from(w[i * hidden + b])).sum()
        };
        for (a, b) in (0..hidden).flat_map(|a| (0..hidden).map(move |b| (a, b))) {
            let expected = if a == b { 4.0 * norm } else { 0.0 };
            assert!((product(0..4 * hidden, a, b) - expected).abs() < 1e-6, "{framework}");
        }
        let of_one_gate: f64 = (0..hidden).map(|a| product(0..hidden, a, a)).sum::<f64>();
        let is_orthogonal = (of_one_gate - hidden as f64 * norm).abs() < 1e-5;
        assert_eq!(is_orthogonal, framework == "flax-default", "{framework}: {of_one_gate}");
    }
}

#[test]
fn an_lstm_forgets_little_at_first_in_keras_alone() {
    for (framework, first) in [("keras-default", 1.0), ("flax-default", 0.0)] {
        let weights = initialize(&lstm(4, 2), &Rules::new(framework), 1).unwrap();
        let bias = |index: usize| weights.tensors[index].1.data().to_vec();
        assert_eq!(bias(2), [0.0, 0.0, first, first, 0.0, 0.0, 0.0, 0.0], "{framework}");
        assert_eq!(bias(3), [0.0; 8], "{framework}: the second bias");
    }
}
