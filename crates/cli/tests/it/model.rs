//! `fanin model` and `fanin help export`.

use crate::command::{Folder, fanin};

/// A small model that the library carries for its own tests.
fn carried(name: &str) -> (Folder, String) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../fanin/tests/data/onnx");
    (Folder::new(), format!("{path}/{name}"))
}

#[test]
fn a_file_is_told_with_its_parameters_and_their_roles() {
    let (folder, path) = carried("autoencoder_conv.onnx");
    let ended = folder.fanin(&["model", &path]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    for text in ["pytorch", "opset 20", "ConvTranspose", "8 parameters", "9 → 72", "relu"] {
        assert!(ended.out.contains(text), "no {text} in\n{}", ended.out);
    }
}

#[test]
fn operators_that_cannot_be_run_are_told_and_not_fatal() {
    let (folder, path) = carried("keras_mlp.onnx");
    let mut bytes = std::fs::read(path).unwrap();
    for at in 0..bytes.len() - 4 {
        if &bytes[at..at + 4] == b"Erfc" {
            bytes[at + 3] = b'q';
        }
    }
    let path = folder.path().join("unheard.onnx");
    std::fs::write(&path, bytes).unwrap();
    let ended = folder.fanin(&["model", path.to_str().unwrap()]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(ended.out.contains("Erfq (not supported)"), "{}", ended.out);
    assert!(ended.out.contains("operators that fanin cannot run: Erfq"), "{}", ended.out);
}

#[test]
fn roles_can_be_said_by_pattern() {
    let (folder, path) = carried("sklearn_mlp_reg.onnx");
    let said = ["model", &path, "--role", "coefficient?=recurrent", "--freeze", "intercepts*"];
    let ended = folder.fanin(&[&said[..], &["--json"]].concat());
    let json: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(json["schema"], "fanin.model/1");
    let roles: Vec<_> = json["parameters"].as_array().unwrap().iter().map(|p| &p["role"]).collect();
    assert_eq!(roles, ["weight", "recurrent", "recurrent"]);
    assert_eq!(json["constants"][0]["reason"], "as asked for");
    let wrong = folder.fanin(&["model", &path, "--freeze", "kernel*"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.contains("kernel*"), "{}", wrong.err);
}

#[test]
fn layers_of_a_short_text_are_told_too() {
    let ended = fanin(&["model", "4 -> 8 relu -> 2"]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(ended.out.contains("4 parameters of 58 elements"), "{}", ended.out);
}

#[test]
fn help_teaches_how_to_export() {
    for arguments in [&["help", "export"][..], &["export"]] {
        let ended = fanin(arguments);
        assert_eq!(ended.code, 0, "{}", ended.err);
        for text in ["dynamo=True, optimize=False", "format=\"onnx\"", "jax2onnx", "skl2onnx"] {
            assert!(ended.out.contains(text), "no {text} in\n{}", ended.out);
        }
    }
}
