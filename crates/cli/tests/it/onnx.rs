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
