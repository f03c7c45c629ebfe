//! Initializers and whole models start as they do in Keras.

use std::sync::LazyLock;

use serde_json::Value;

use super::*;
use crate::init::like::tests as reference;

static REFERENCE: LazyLock<Value> = LazyLock::new(|| {
    reference::parsed(include_str!("../../../../tests/reference/like_keras.json"))
});

fn backend(entry: &Value) -> Backend {
    match entry["backend"].as_str().unwrap() {
        "tensorflow" => Backend::TensorFlow,
        "jax" => Backend::Jax,
        "torch" => Backend::Torch,
        "numpy" => Backend::Numpy,
        name => panic!("{name}"),
    }
}

fn initializer(entry: &Value) -> Initializer {
    match entry["name"].as_str().unwrap() {
        "GlorotUniform" => Initializer::GlorotUniform,
        "GlorotNormal" => Initializer::GlorotNormal,
        "HeUniform" => Initializer::HeUniform,
        "HeNormal" => Initializer::HeNormal,
        "LecunUniform" => Initializer::LecunUniform,
        "LecunNormal" => Initializer::LecunNormal,
        "RandomUniform" => Initializer::RandomUniform { low: -0.05, high: 0.05 },
        "RandomNormal" => Initializer::RandomNormal { mean: 0.0, stddev: 0.05 },
        "TruncatedNormal" => Initializer::TruncatedNormal { mean: 0.0, stddev: 0.05 },
        "Zeros" => Initializer::Zeros,
        "Ones" => Initializer::Ones,
        "Orthogonal" => Initializer::Orthogonal { gain: 1.0 },
        "Identity" => Initializer::Identity { gain: 0.5 },
        "VarianceScaling" => Initializer::VarianceScaling {
            scale: entry["scale"].as_f64().unwrap(),
            mode: match entry["mode"].as_str().unwrap() {
                "fan_in" => Mode::FanIn,
                "fan_out" => Mode::FanOut,
                _ => Mode::FanAverage,
            },
            distribution: match entry["distribution"].as_str().unwrap() {
                "truncated_normal" => Distribution::TruncatedNormal,
                "untruncated_normal" => Distribution::UntruncatedNormal,
                _ => Distribution::Uniform,
            },
        },
        name => panic!("{name}"),
    }
}

#[test]
fn initializers_are_those_of_keras() {
    for entry in reference::entries(&REFERENCE, "initializers") {
        let shape: Vec<usize> = reference::numbers(&entry["shape"]);
        let seed: Vec<i64> = reference::numbers(&entry["seed"]);
        let seed = Seed { number: seed[0], count: u32::try_from(seed[1]).unwrap() };
        let values = initializer(entry).values(backend(entry), seed, &shape).unwrap();
        reference::check(entry, &values);
    }
}

fn dense(name: &str, inputs: usize, units: usize, bias: bool) -> Layer {
    Layer::new(name, Kind::Dense { inputs, units, bias })
}

fn conv(name: &str, inputs: usize, groups: usize, bias: bool) -> Layer {
    Layer::new(name, Kind::Conv { kernel: vec![3, 3], inputs, filters: 8, groups, bias })
}

fn built(name: &str) -> (Order, Vec<Layer>) {
    let norm = |features| Layer::new("norm", Kind::LayerNormalization { features });
    let embedding = Layer::new("embedding", Kind::Embedding { inputs: 50, outputs: 6 });
    let attention = Kind::MultiHeadAttention { inputs: 6, heads: 2, head: 3, bias: true };
    let attention = Layer::new("attention", attention);
    match name {
        "perceptron" => {
            let second = dense("second", 32, 16, true);
            let layers = vec![
                dense("first", 20, 32, true),
                Layer::new("dropout", Kind::Dropout),
                Layer { kernel_initializer: Some(Initializer::HeNormal), ..second },
                dense("head", 16, 10, false),
            ];
            (Order::ConstructFirst, layers)
        }
        "convolutions" => {
            let depthwise =
                Kind::DepthwiseConv { kernel: vec![3, 3], inputs: 8, multiplier: 2, bias: true };
            let separable = Kind::SeparableConv {
                kernel: vec![1, 1],
                inputs: 16,
                filters: 5,
                multiplier: 1,
                bias: true,
            };
            let up = Kind::ConvTranspose { kernel: vec![2, 2], inputs: 5, filters: 3, bias: true };
            let layers = vec![
                conv("conv", 4, 1, true),
                Layer::new("norm", Kind::BatchNormalization { features: 8 }),
                conv("grouped", 8, 2, false),
                Layer::new("depthwise", depthwise),
                Layer::new("separable", separable),
                Layer::new("up", up),
                dense("head", 3, 3, true),
            ];
            (Order::ConstructFirst, layers)
        }
        "recurrent" => {
            let layers = vec![
                embedding,
                Layer::new("lstm", Kind::Lstm { inputs: 6, units: 4 }),
                Layer::new("gru", Kind::Gru { inputs: 4, units: 5 }),
                Layer::new("simple", Kind::SimpleRnn { inputs: 5, units: 3 }),
                dense("head", 3, 2, true),
            ];
            (Order::ConstructFirst, layers)
        }
        "transformer" => {
            let layers = vec![embedding, norm(6), attention, dense("head", 6, 50, true)];
            (Order::BuildAtOnce, layers)
        }
        "constructed_first" => {
            let layers = vec![embedding, attention, norm(6), dense("head", 6, 50, true)];
            (Order::ConstructFirst, layers)
        }
        _ => panic!("{name}"),
    }
}

#[test]
fn models_start_as_in_keras() {
    for entry in reference::entries(&REFERENCE, "models") {
        let name = entry["model"].as_str().unwrap();
        let seed = u32::try_from(entry["seed"].as_u64().unwrap()).unwrap();
        let (order, layers) = built(name);
        let weights = model(backend(entry), seed, order, &layers).unwrap();
        let tensors = entry["tensors"].as_object().unwrap();
        assert_eq!(weights.tensors.len(), tensors.len(), "{name}");
        for (tensor_name, told) in tensors {
            let tensor = weights.get(tensor_name).unwrap_or_else(|| panic!("{name} {tensor_name}"));
            assert_eq!(tensor.shape().axes(), reference::numbers::<usize>(&told["shape"]));
            reference::check(told, tensor.data());
        }
    }
}

#[test]
fn senseless_requests_are_refused() {
    let refused = |initializer: Initializer, number, shape: &[usize], part: &str| {
        let values = initializer.values(Backend::Jax, Seed::new(number), shape);
        let message = values.unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
    };
    refused(Initializer::Zeros, 0, &[0], "0 elements");
    refused(Initializer::HeNormal, -1, &[2, 2], "4294967295");
    refused(Initializer::Identity { gain: 1.0 }, 0, &[2], "two axes");
    refused(Initializer::Orthogonal { gain: 1.0 }, 0, &[2], "two axes");
    refused(Initializer::RandomNormal { mean: f64::NAN, stddev: 1.0 }, 0, &[2], "finite");
    refused(Initializer::TruncatedNormal { mean: 0.0, stddev: -1.0 }, 0, &[2], "0 or more");
    let layers = [dense("a", 0, 3, true)];
    let message = model(Backend::Jax, 0, Order::BuildAtOnce, &layers).unwrap_err().to_string();
    assert!(message.contains("a/kernel"), "{message}");
    let layers = [dense("a", 1, 3, true), dense("a", 1, 3, true)];
    let message = model(Backend::Jax, 0, Order::BuildAtOnce, &layers).unwrap_err().to_string();
    assert!(message.contains("second one"), "{message}");
    let layers = [conv("a", 4, 3, true)];
    let message = model(Backend::Jax, 0, Order::BuildAtOnce, &layers).unwrap_err().to_string();
    assert!(message.contains("3 groups"), "{message}");
}
