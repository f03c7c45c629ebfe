//! Roles held against the modules that exporters name, and on small models carried along.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::*;
use crate::formats::onnx::OnnxFile;
use crate::init::Role;

/// The role of a parameter by its module's class and its name there.
fn by_class(class: &str, leaf: &str) -> Role {
    let is_norm = class.contains("Norm");
    match (class, leaf) {
        ("Embedding", _) => Role::Embedding,
        ("PReLU", _) => Role::Slope,
        ("ConvNeXtBlock", "gamma") => Role::ResidualScale,
        ("VisionTransformer", _) => Role::Bias,
        ("LSTM", leaf) if leaf.starts_with("weight_hh") => Role::Recurrent,
        ("LSTM", leaf) if leaf.starts_with("weight_ih") => Role::Weight,
        (_, "bias") if is_norm => Role::NormShift,
        (_, "weight") if is_norm => Role::NormScale,
        (_, leaf) if leaf.starts_with("bias") => Role::Bias,
        _ => Role::Weight,
    }
}

/// Models with what their exporter's modules were, where the folder is at hand.
fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("FANIN_MODELS").map(PathBuf::from)?;
    folder.is_dir().then_some(folder)
}

#[test]
#[ignore = "needs a folder of models: FANIN_MODELS=folder"]
fn roles_agree_with_the_modules_of_the_exporter() {
    let folder = folder().expect("FANIN_MODELS names a folder");
    let (mut agreed, mut all) = (0, 0);
    let mut table = String::new();
    let mut files: Vec<_> =
        std::fs::read_dir(&folder).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    for path in files.iter().filter(|p| p.to_string_lossy().ends_with(".meta.json")) {
        let text = std::fs::read_to_string(path).unwrap();
        let text =
            text.replace("-Infinity", "null").replace("Infinity", "null").replace("NaN", "null");
        let meta: serde_json::Value = serde_json::from_str(&text).unwrap();
        let Some(params) = meta["params"].as_object() else { continue };
        for (variant, told) in meta["variants"].as_object().unwrap() {
            let file = OnnxFile::read(&folder.join(told["file"].as_str().unwrap())).unwrap();
            let model = file.model().unwrap();
            let found = find(&model);
            let roles: HashMap<&str, Role> =
                found.iter().map(|f| (f.parameter.name.as_str(), f.parameter.role)).collect();
            let (mut right, mut count) = (0, 0);
            let mut wrong = String::new();
            for (name, entry) in told["init"].as_object().unwrap() {
                let Some(class) = entry[0].as_str().and_then(|name| params.get(name)) else {
                    continue;
                };
                let class = &class["cls"];
                let expected = by_class(class[0].as_str().unwrap(), class[1].as_str().unwrap());
                count += 1;
                match roles.get(name.as_str()) {
                    Some(&role) if role == expected => right += 1,
                    other => wrong += &format!("  {name}: {other:?}, not {expected:?}\n"),
                }
            }
            let of_module = |f: &&Found| told["init"][&f.parameter.name][0].is_string();
            for extra in found.iter().filter(|f| !of_module(f)) {
                wrong += &format!("  extra {}: {:?}\n", extra.parameter.name, extra.parameter.role);
            }
            table += &format!("{} {variant}: {right}/{count}\n{wrong}", meta["name"]);
            (agreed, all) = (agreed + right, all + count);
        }
    }
    table += &format!("all: {agreed}/{all}\n");
    if let Some(path) = std::env::var_os("FANIN_ROLES_TABLE") {
        std::fs::write(Path::new(&path), &table).unwrap();
    }
    assert!(agreed * 100 >= all * 99, "{table}");
}

#[track_caller]
fn check(file: &str, expected: &[(&str, Role, usize, usize)]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/onnx");
    let file = OnnxFile::read(&folder.join(file)).unwrap();
    let found = find(&file.model().unwrap());
    let told: Vec<_> = found
        .iter()
        .map(|f| &f.parameter)
        .map(|p| (p.name.as_str(), p.role, p.fan_in, p.fan_out))
        .collect();
    assert_eq!(told, expected);
}

#[test]
fn layers_of_scikit_learn_are_kept_as_in_by_out() {
    check(
        "sklearn_mlp_reg.onnx",
        &[
            ("coefficient", Role::Weight, 8, 16),
            ("intercepts", Role::Bias, 0, 0),
            ("coefficient1", Role::Weight, 16, 8),
            ("intercepts1", Role::Bias, 0, 0),
            ("coefficient2", Role::Weight, 8, 1),
            ("intercepts2", Role::Bias, 0, 0),
        ],
    );
}
