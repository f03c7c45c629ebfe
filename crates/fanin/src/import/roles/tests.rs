use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::*;

/// The role of a parameter by its module's class and its name there.
fn by_class(class: &str, leaf: &str) -> Role {
    let is_norm = class.contains("Norm");
    match (class, leaf) {
        ("Embedding" | "VisionTransformer", _) => Role::Embedding,
        ("PReLU", _) => Role::Slope,
        ("ConvNeXtBlock", "gamma") => Role::ResidualScale,
        ("LSTM", leaf) if leaf.starts_with("weight_hh") => Role::Recurrent,
        ("LSTM", leaf) if leaf.starts_with("weight_ih") => Role::Weight,
        (_, "bias") if is_norm => Role::NormShift,
        (_, "weight") if is_norm => Role::NormScale,
        (_, leaf) if leaf.starts_with("bias") => Role::Bias,
        _ => Role::Weight,
    }
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/onnx")
}

fn json(path: &Path) -> serde_json::Value {
    let text = std::fs::read_to_string(path).unwrap();
    let text = text.replace("-Infinity", "null").replace("Infinity", "null").replace("NaN", "null");
    serde_json::from_str(&text).unwrap()
}

/// Roles that agree with what the exporter's modules were, how many there are, and those that do
/// not, with what else is taken for a parameter.
fn agreement(folder: &Path) -> (usize, usize, String) {
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let (mut agreed, mut all, mut table) = (0, 0, String::new());
    for path in files.iter().filter(|path| path.to_string_lossy().ends_with(".meta.json")) {
        let meta = json(path);
        let Some(params) = meta["params"].as_object() else { continue };
        for (variant, told) in meta["variants"].as_object().unwrap() {
            let path = folder.join(told["file"].as_str().unwrap());
            if !path.exists() {
                continue;
            }
            let file = OnnxFile::read(&path).unwrap();
            let roles = find(&file, &file.model().unwrap(), &Overrides::default()).unwrap();
            let of: HashMap<&str, Role> = roles
                .parameters
                .iter()
                .map(|found| (found.initializer.as_str(), found.parameter.role))
                .collect();
            let (mut right, mut count, mut wrong) = (0, 0, String::new());
            for (name, entry) in told["init"].as_object().unwrap() {
                let Some(params) = entry[0].as_str().and_then(|name| params.get(name)) else {
                    continue;
                };
                let class = &params["cls"];
                let expected = by_class(class[0].as_str().unwrap(), class[1].as_str().unwrap());
                count += 1;
                match of.get(name.as_str()) {
                    Some(&role) if role == expected => right += 1,
                    other => wrong += &format!("  {name}: {other:?}, not {expected:?}\n"),
                }
            }
            for extra in &roles.parameters {
                if !told["init"][&extra.initializer][0].is_string() {
                    let role = extra.parameter.role;
                    wrong += &format!("  beside them {}: {role:?}\n", extra.initializer);
                }
            }
            table += &format!("{} {variant}: {right}/{count}\n{wrong}", meta["name"]);
            (agreed, all) = (agreed + right, all + count);
        }
    }
    (agreed, all, table)
}

#[test]
fn roles_agree_with_the_modules_that_were_exported() {
    let (agreed, all, table) = agreement(&data());
    assert!(all >= 25 && agreed == all, "{agreed}/{all}\n{table}");
}

#[test]
#[ignore = "needs a folder of models: FANIN_MODELS=folder"]
fn roles_agree_in_every_model_and_variant() {
    let folder = std::env::var_os("FANIN_MODELS").expect("FANIN_MODELS names a folder");
    let (agreed, all, table) = agreement(Path::new(&folder));
    println!("{table}all: {agreed}/{all}");
    assert!(agreed * 100 >= all * 99, "{agreed}/{all}\n{table}");
}
