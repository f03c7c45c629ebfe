//! Hostile models: a clear error, no panic, and no memory beyond the limit.
//!
//! Models are written here field by field: number and wire type, length, bytes.

use std::path::PathBuf;

use fanin::formats::onnx::OnnxFile;
use fanin::import::{FileNetwork, Imported, Options, describe, import_model};
use fanin::spec::{Architecture, Ground, Mode};
use fanin_kernels::random::Stream;

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

fn bytes(field: u64, content: &[u8]) -> Vec<u8> {
    [varint(field << 3 | 2), varint(content.len() as u64), content.to_vec()].concat()
}

fn text(field: u64, content: &str) -> Vec<u8> {
    bytes(field, content.as_bytes())
}

fn int(field: u64, value: i64) -> Vec<u8> {
    [varint(field << 3), varint(value as u64)].concat()
}

fn node(operator: &str, inputs: &[&str], output: &str, rest: &[u8]) -> Vec<u8> {
    let inputs: Vec<u8> = inputs.iter().flat_map(|name| text(1, name)).collect();
    bytes(1, &[inputs, text(2, output), text(4, operator), rest.to_vec()].concat())
}

fn whole(name: &str, numbers: &[i64]) -> Vec<u8> {
    let numbers_field: Vec<u8> = numbers.iter().flat_map(|n| int(7, *n)).collect();
    let head = [int(1, numbers.len() as i64), int(2, 7), text(8, name)].concat();
    bytes(5, &[head, numbers_field].concat())
}

fn input(name: &str, element: i64, axes: &[i64]) -> Vec<u8> {
    let axes: Vec<u8> = axes.iter().flat_map(|axis| bytes(1, &int(1, *axis))).collect();
    let tensor = [int(1, element), bytes(2, &axes)].concat();
    bytes(11, &[text(1, name), bytes(2, &bytes(1, &tensor))].concat())
}

fn model(graph: &[Vec<u8>], rest: &[u8]) -> OnnxFile {
    let graph = [graph.concat(), bytes(12, &text(1, "y"))].concat();
    let bytes = [bytes(7, &graph), bytes(8, &int(2, 20)), rest.to_vec()].concat();
    OnnxFile { path: PathBuf::from("hostile.onnx"), bytes }
}

#[track_caller]
fn check(file: &OnnxFile, said: &str) {
    let decoded = file.model().unwrap();
    let made: fanin::Result<Imported> = import_model(file, &decoded, &Options::default());
    let mut error: &dyn std::error::Error = &made.unwrap_err();
    let mut message = error.to_string();
    while let Some(source) = error.source() {
        message.push_str(&source.to_string());
        error = source;
    }
    assert!(message.contains(said), "{message}");
}

#[test]
fn bombs_are_refused_before_memory_is_taken() {
    let huge = 1_000_000_000_000_000;
    let x = || input("x", 1, &[1]);
    let shape = || whole("shape", &[huge]);
    check(
        &model(&[x(), shape(), node("Expand", &["x", "shape"], "y", &[])], &[]),
        "1000000000000000",
    );
    check(
        &model(&[x(), shape(), node("Tile", &["x", "shape"], "y", &[])], &[]),
        "1000000000000000",
    );
    check(
        &model(&[shape(), node("ConstantOfShape", &["shape"], "y", &[])], &[]),
        "1000000000000000",
    );
    check(&model(&[input("x", 1, &[0, i64::MAX, 8]), node("Flatten", &["x"], "y", &[])], &[]), "x");
    let million = whole("shape", &[1 << 29]);
    check(&model(&[million, node("ConstantOfShape", &["shape"], "y", &[])], &[]), "limit");
    let range = [whole("a", &[0]), whole("b", &[i64::MAX]), whole("c", &[1])].concat();
    check(&model(&[range, node("Range", &["a", "b", "c"], "y", &[])], &[]), "node \"y\" (Range)");
}

#[test]
fn cycles_missing_names_and_wrong_axes_are_told() {
    let x = || input("x", 1, &[2, 3]);
    check(&model(&[x(), node("Add", &["x", "y"], "y", &[])], &[]), "value \"y\"");
    check(&model(&[x(), node("Add", &["x", "lost"], "y", &[])], &[]), "value \"lost\"");
    check(&model(&[x()], &[]), "value \"y\"");
    let axis = bytes(5, &[text(1, "axis"), int(3, -9), int(20, 2)].concat());
    check(&model(&[x(), node("Softmax", &["x"], "y", &axis)], &[]), "axis -9");
    check(&model(&[input("x", 1, &[i64::MAX, 3]), node("Relu", &["x"], "y", &[])], &[]), "x");
    check(
        &model(&[input("x", 7, &[2, 3]), node("Softmax", &["x"], "y", &[])], &[]),
        "whole numbers",
    );
    check(&model(&[x(), node("Unheard", &["x"], "y", &[])], &[]), "node \"y\" (Unheard)");
}

#[test]
fn functions_that_call_themselves_are_refused() {
    let inner = [text(1, "a"), text(2, "b"), text(4, "Twice"), text(7, "own")].concat();
    let function =
        [text(1, "Twice"), text(4, "a"), text(5, "b"), bytes(7, &inner), text(10, "own")].concat();
    let call = node("Twice", &["x"], "y", &text(7, "own"));
    let file = model(&[input("x", 1, &[2]), call], &bytes(25, &function));
    check(&file, "calls itself");
}

/// Everything that is done with a model before any number enters it.
fn exercise(bytes: Vec<u8>) {
    let file = OnnxFile { path: PathBuf::from("no_such_folder/mutated.onnx"), bytes };
    let options = Options { limit: 1 << 20, ..Options::default() };
    {
        let Ok(model) = file.model() else { return };
        let _ = describe(&file, &model, &options);
        let _ = import_model(&file, &model, &options);
    }
    let Ok(network) = FileNetwork::of(file, &options) else { return };
    for mode in [Mode::Train, Mode::Evaluate] {
        let _ = network.build(Ground::new(network.inputs(), 3, mode));
    }
}

/// Carried models with a few bytes changed, removed, doubled or made huge numbers.
fn mutate(seed: u64, rounds: u64) {
    const MODELS: [&[u8]; 5] = [
        include_bytes!("../../data/onnx/gat_scatter.legacy.onnx"),
        include_bytes!("../../data/onnx/keras_cnn.onnx"),
        include_bytes!("../../data/onnx/sklearn_mlp_reg.onnx"),
        include_bytes!("../../data/onnx/autoencoder_conv.onnx"),
        include_bytes!("../../data/onnx/mlp_bn_dropout.train.onnx"),
    ];
    let stream = Stream::new(seed, "mutations");
    let mut place = 0;
    let mut below = |count: usize| {
        place += 1;
        stream.below(count.max(1) as u64, place) as usize
    };
    for round in 0..rounds {
        let mut bytes = MODELS[below(MODELS.len())].to_vec();
        for _ in 0..=below(3) {
            let at = below(bytes.len());
            let end = (at + below(16)).min(bytes.len());
            match below(5) {
                0 | 1 => bytes[at] = below(256) as u8,
                2 => drop(bytes.drain(at..end)),
                3 => {
                    let copy = bytes[at..end].to_vec();
                    drop(bytes.splice(at..at, copy));
                }
                _ => drop(bytes.splice(at..=at, varint(1 << below(64)))),
            }
        }
        let copy = bytes.clone();
        let ended = std::panic::catch_unwind(|| exercise(copy));
        if ended.is_err() {
            let path = std::env::temp_dir().join(format!("mutated_{seed}_{round}.onnx"));
            std::fs::write(&path, &bytes).unwrap();
            panic!("round {round} of seed {seed} panics: {}", path.display());
        }
    }
}

#[test]
fn mutated_models_are_imported_or_refused() {
    mutate(1, 200);
}

/// Some minutes: `cargo test --release -p fanin --test it mutated -- --ignored`.
#[test]
#[ignore = "long: twenty thousand mutated models"]
fn twenty_thousand_mutated_models_are_imported_or_refused() {
    mutate(2, 20_000);
}
