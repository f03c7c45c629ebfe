//! Commands on ONNX models.

use std::path::{Path, PathBuf};

use crate::command::{Folder, fanin};

fn carried(file: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fanin/tests/data/onnx");
    folder.join(file).to_str().unwrap().to_owned()
}

fn path(folder: &Folder, file: &str) -> String {
    let path: PathBuf = folder.path().join(file);
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_model_runs_forward_and_backward() {
    let folder = Folder::new();
    let (model, data) = (carried("keras_cnn.onnx"), carried("keras_cnn.input.npz"));
    let out = path(&folder, "out.safetensors");
    let run = ["run", &model, "--data", &data, "--target", "target_0", "--gradients", "--output"];
    let ended = fanin(&[&run[..], &[&out]].concat());
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(ended.out.contains("output/0") && ended.out.contains("gradients of"), "{}", ended.out);
    let results = fanin::formats::read_weights(out.as_ref()).unwrap();
    let names: Vec<&str> = results.tensors.iter().map(|(name, _)| &**name).collect();
    assert!(names.contains(&"loss") && names.iter().any(|n| n.starts_with("grad/")), "{names:?}");
    let again = fanin(&[&run[..], &[&out]].concat());
    assert_eq!(again.code, 2, "{}", again.out);
}

#[test]
fn a_model_is_checked_initialized_and_checked_again() {
    let folder = Folder::new();
    let model = carried("autoencoder_conv.onnx");
    let ended = fanin(&["check", &model, "--data", "normal"]);
    assert!(
        ended.out.contains("starting from the weights in the file"),
        "{}{}",
        ended.out,
        ended.err
    );
    let copy = path(&folder, "new.onnx");
    let ended = fanin(&["init", &model, "--scheme", "zeros", "--output", &copy]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    let ended = fanin(&["check", &copy, "--data", "normal"]);
    assert_eq!(ended.code, 1, "{}{}", ended.out, ended.err);
    assert!(ended.out.contains("forecast: stuck"), "{}", ended.out);
    for ending in ["safetensors", "npz"] {
        let weights = path(&folder, &format!("new.{ending}"));
        let ended = fanin(&["init", &model, "--scheme", "he-normal", "--output", &weights]);
        assert_eq!(ended.code, 0, "{}", ended.err);
        let ended = fanin(&["check", &model, "--data", "normal", "--weights", &weights]);
        assert!(!ended.out.contains("new.onnx") && ended.out.contains("forecast"), "{}", ended.err);
    }
}

#[test]
fn starts_of_a_model_are_compared_and_trained() {
    let folder = Folder::new();
    let model = carried("autoencoder_conv.onnx");
    let data = ["--data", "normal", "--epochs", "1"];
    let compare = ["compare", &model, "--schemes", "zeros,he-normal", "--seeds", "1"];
    let ended = fanin(&[&compare[..], &data].concat());
    assert_eq!(ended.code, 0, "{}", ended.err);
    let runs = path(&folder, "runs");
    let train = ["train", &model, "--scheme", "he-normal", "--name", "one", "--runs", &runs];
    let ended = fanin(&[&train[..], &data].concat());
    assert_eq!(ended.code, 0, "{}", ended.err);
}

#[test]
fn every_command_takes_what_is_said_of_the_file() {
    let folder = Folder::new();
    let (model, data) = (carried("mlp_bn_dropout.train.onnx"), carried("mlp_bn_dropout.input.npz"));
    let said = ["--batch", "3", "--batch-norm", "batch", "--noise", "7", "--freeze", "*bias*"];
    let runs = path(&folder, "runs");
    let (copy, results) = (path(&folder, "new.onnx"), path(&folder, "out.npz"));
    let plan = ["--data", "normal", "--epochs", "1"];
    let commands: [Vec<&str>; 7] = [
        vec!["model", &model],
        vec!["run", &model, "--data", &data, "--output", &results, "--force"],
        vec![
            "init",
            &model,
            "--scheme",
            "he-normal",
            "--output",
            &copy,
            "--force",
            "--dropout",
            "off",
        ],
        [&["check", &model, "--seeds", "1"][..], &plan].concat(),
        [&["train", &model, "--runs", &runs, "--dropout", "off"][..], &plan].concat(),
        [&["compare", &model, "--schemes", "he-normal", "--seeds", "1"][..], &plan].concat(),
        [&["fix", &model, "--no-proof"][..], &plan].concat(),
    ];
    for command in commands {
        let ended = fanin(&[&command[..], &said].concat());
        assert!(ended.code < 2, "{command:?}: {}", ended.err);
        let mistaken = fanin(&[&command[..], &["--freeze", "nothing*"]].concat());
        assert!(mistaken.err.contains("unknown initializer `nothing*`"), "{}", mistaken.err);
    }
}

#[test]
fn a_part_of_a_model_is_shown_by_the_value_that_needs_it() {
    let model = carried("autoencoder_conv.onnx");
    let whole = fanin(&["model", &model, "--json"]);
    let whole: serde_json::Value = serde_json::from_str(&whole.out).unwrap();
    let first = whole["parameters"][0]["consumer"].as_str().unwrap().to_owned();
    assert!(first.starts_with("Conv "), "{first}");
    let part = fanin(&["model", &model, "--output-name", "relu", "--json"]);
    let part: serde_json::Value = serde_json::from_str(&part.out).unwrap();
    let count = |what: &serde_json::Value| what["parameters"].as_array().unwrap().len();
    assert!((1..count(&whole)).contains(&count(&part)), "{}", part["parameters"]);
    let ended = fanin(&["model", &model, "--output-name", "nothing"]);
    assert!(ended.err.contains("unknown output `nothing`"), "{}", ended.err);
}

#[test]
fn a_graph_of_nodes_and_edges_is_checked_trained_and_compared_as_one_row() {
    let folder = Folder::new();
    let (model, data) = (carried("gat_scatter.legacy.onnx"), carried("gat_scatter.input.npz"));
    let runs = path(&folder, "runs");
    let plan = ["--data", &data, "--epochs", "2", "--task", "regression"];
    let check = fanin(&[&["check", &model][..], &plan].concat());
    assert!(check.code < 2 && check.out.contains("one row of data"), "{}{}", check.out, check.err);
    let train = fanin(&[&["train", &model, "--runs", &runs][..], &plan].concat());
    assert!(train.code < 2 && train.err.contains("one row of data"), "{}", train.err);
    let compare = ["compare", &model, "--schemes", "zeros,he-normal", "--seeds", "1"];
    let compare = fanin(&[&compare[..], &plan].concat());
    assert!(compare.code < 2, "{}", compare.err);
}

#[test]
fn mistakes_name_the_place_and_the_remedy() {
    let folder = Folder::new();
    let said = |arguments: &[&str], expected: &str| {
        let ended = fanin(arguments);
        assert_eq!(ended.code, 2, "{arguments:?}: {}", ended.out);
        assert!(ended.err.contains(expected), "{arguments:?}: {}", ended.err);
    };
    let (model, data) = (carried("keras_cnn.onnx"), carried("keras_cnn.input.npz"));
    said(&["check", "no-such-model.onnx"], "no-such-model.onnx");
    said(&["run", "no-such-model.onnx", "--data", &data], "no-such-model.onnx");
    said(&["check", &model, "--data", "digits"], "data of 64 numbers in a row");
    let out = path(&folder, "out.safetensors");
    let run = ["run", &model, "--data", &data, "--output", &out];
    said(&[&run[..], &["--target", "targt_0"]].concat(), "did you mean `target_0`");
    said(&[&run[..], &["--output-name", "nothing"]].concat(), "unknown output `nothing`");
    said(&[&run[..], &["--input", "x=3"]].concat(), "unknown input `x`");
    said(&[&run[..], &["--input", "x:3"]].concat(), "x=1x3x224x224");
    let copy = path(&folder, "new.onnx");
    said(&["init", "4 -> 8 relu -> 2", "--output", &copy], "an .onnx model to copy");
}
