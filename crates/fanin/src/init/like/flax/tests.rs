//! Whole models start as they do in Flax, name by name and bit by bit.

use super::*;
use crate::init::like::jax::Key;
use crate::init::like::tests as reference;

const REFERENCE: &str = include_str!("../../../../tests/reference/like_jax.json");

fn dense(inputs: usize, outputs: usize, bias: bool) -> Layer {
    Layer::Dense { inputs, outputs, bias }
}

fn conv(inputs: usize, outputs: usize, groups: usize, bias: bool) -> Layer {
    Layer::Conv { kernel: vec![3, 3], inputs, outputs, groups, bias }
}

fn up() -> Layer {
    Layer::ConvTranspose { kernel: vec![2, 2], inputs: 8, outputs: 5, bias: true }
}

const ATTENTION: Layer =
    Layer::Attention { heads: 2, inputs: 8, features: 12, outputs: 8, bias: true };
const EMBED: Layer = Layer::Embed { embeddings: 50, features: 8 };

fn linen_model(name: &str) -> Vec<(&'static str, Layer)> {
    match name {
        "perceptron" => vec![
            ("Dense_0", dense(20, 32, true)),
            ("Dense_1", dense(32, 16, true)),
            ("head", dense(16, 10, false)),
        ],
        "convolutions" => vec![
            ("Conv_0", conv(3, 8, 1, true)),
            ("BatchNorm_0", Layer::BatchNorm { features: 8 }),
            ("Conv_1", conv(8, 8, 4, false)),
            ("GroupNorm_0", Layer::LayerNorm { features: 8 }),
            ("ConvTranspose_0", up()),
            ("Dense_0", dense(320, 3, true)),
        ],
        "transformer" => vec![
            ("Embed_0", EMBED),
            ("Block_0/LayerNorm_0", Layer::LayerNorm { features: 8 }),
            ("Block_0/MultiHeadDotProductAttention_0", ATTENTION),
            ("Block_0/RMSNorm_0", Layer::RmsNorm { features: 8 }),
            ("Block_0/Dense_0", dense(8, 8, true)),
            ("Block_1/LayerNorm_0", Layer::LayerNorm { features: 8 }),
            ("Block_1/MultiHeadDotProductAttention_0", ATTENTION),
            ("Block_1/RMSNorm_0", Layer::RmsNorm { features: 8 }),
            ("Block_1/Dense_0", dense(8, 8, true)),
            ("Dense_0", dense(8, 50, true)),
        ],
        "recurrent" => vec![
            ("lstm", Layer::LstmCell { inputs: 7, features: 6 }),
            ("fast", Layer::LstmCell { inputs: 6, features: 5 }),
            ("gru", Layer::GruCell { inputs: 5, features: 4 }),
        ],
        _ => panic!("{name}"),
    }
}

fn nnx_model(name: &str) -> Vec<(&'static str, Layer)> {
    match name {
        "perceptron" => vec![
            ("first", dense(20, 32, true)),
            ("drop", Layer::Dropout),
            ("norm", Layer::LayerNorm { features: 32 }),
            ("second", dense(32, 16, false)),
            ("head", dense(16, 10, true)),
        ],
        "convolutions" => vec![
            ("conv", conv(3, 8, 1, true)),
            ("batch", Layer::BatchNorm { features: 8 }),
            ("grouped", conv(8, 8, 4, true)),
            ("group", Layer::LayerNorm { features: 8 }),
            ("up", up()),
            ("head", dense(5, 3, true)),
        ],
        "transformer" => vec![
            ("embed", EMBED),
            ("norm", Layer::RmsNorm { features: 8 }),
            ("attention", ATTENTION),
            ("head", dense(8, 50, true)),
        ],
        _ => panic!("{name}"),
    }
}

#[test]
fn models_start_as_in_flax() {
    let reference = reference::parsed(REFERENCE);
    for entry in reference::entries(&reference, "models") {
        let (api, model) = (entry["api"].as_str().unwrap(), entry["model"].as_str().unwrap());
        let key = Key::new(entry["seed"].as_i64().unwrap());
        let weights = match api {
            "linen" => linen(key, &linen_model(model)).unwrap(),
            _ => nnx(key, &nnx_model(model)).unwrap(),
        };
        let tensors = entry["tensors"].as_object().unwrap();
        assert_eq!(weights.tensors.len(), tensors.len(), "{api} {model}");
        for (name, told) in tensors {
            let tensor = weights.get(name).unwrap_or_else(|| panic!("{api} {model} {name}"));
            assert_eq!(tensor.shape().axes(), reference::numbers::<usize>(&told["shape"]));
            reference::check(told, tensor.data());
        }
    }
}

#[track_caller]
fn check_refused(layers: &[(&str, Layer)], part: &str) {
    for weights in [linen(Key::new(0), layers), nnx(Key::new(0), layers)] {
        let message = weights.unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn senseless_layers_are_refused() {
    check_refused(&[("a", dense(0, 3, true))], "a/kernel");
    check_refused(&[("a", dense(2, 3, true)), ("a", dense(2, 3, true))], "second one");
    check_refused(&[("a", conv(8, 8, 3, true))], "3 groups");
    check_refused(&[("a", conv(8, 8, 0, true))], "0 groups");
    let attention = Layer::Attention { heads: 0, inputs: 1, features: 1, outputs: 1, bias: true };
    check_refused(&[("a", attention)], "0 heads");
}
