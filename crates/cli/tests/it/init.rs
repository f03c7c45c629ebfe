//! `fanin init`: files of any type, in one or several, whole or in part, and what is refused.

use std::collections::BTreeMap;
use std::path::Path;

use fanin::formats::read_weights;
use fanin::import::Options;
use fanin::weights::Weights;
use serde_json::Value;

use crate::command::Folder;

const MODEL: &str = "64 -> 32 tanh -> 16 relu -> 8";

fn weights(folder: &Folder, name: &str) -> Weights {
    read_weights(&folder.path().join(name)).unwrap()
}

#[track_caller]
fn init(folder: &Folder, arguments: &[&str]) -> String {
    let ended = folder.fanin(&[&["init", MODEL], arguments].concat());
    assert_eq!(ended.code, 0, "{}", ended.err);
    ended.out
}

#[track_caller]
fn check_refused(folder: &Folder, arguments: &[&str], parts: &[&str]) {
    let before = files(folder.path());
    let ended = folder.fanin(&[&["init", MODEL], arguments].concat());
    assert_eq!(ended.code, 2, "{}{}", ended.out, ended.err);
    for part in parts {
        assert!(ended.err.contains(part), "`{part}` is not in: {}", ended.err);
    }
    assert_eq!(files(folder.path()), before);
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn every_type_of_elements_holds_the_same_weights() {
    let folder = Folder::new();
    init(&folder, &["--seed", "7"]);
    let exact = weights(&folder, "weights.safetensors");
    // Half a unit in the last place of the numbers of 2⁻⁸, 2⁻¹¹ of their size; none is subnormal.
    for (dtype, tolerance) in [("bf16", 1.0 / 256.0), ("f16", 1.0 / 1024.0), ("f64", 0.0)] {
        let name = format!("{dtype}.safetensors");
        init(&folder, &["--seed", "7", "--dtype", dtype, "--output", &name]);
        let rounded = weights(&folder, &name);
        for ((name, exact), (_, rounded)) in exact.tensors.iter().zip(&rounded.tensors) {
            for (x, y) in exact.data().iter().zip(rounded.data()) {
                assert!((x - y).abs() <= tolerance * x.abs() + 1e-7, "{dtype} {name}: {x} {y}");
            }
        }
    }
    init(&folder, &["--seed", "7", "--output", "w.npz", "--dtype", "f16"]);
    assert_eq!(weights(&folder, "w.npz"), weights(&folder, "f16.safetensors"));
}

#[test]
fn several_files_hold_what_one_would() {
    let folder = Folder::new();
    init(&folder, &["--output", "one.safetensors"]);
    let text = init(&folder, &["--output", "model.safetensors", "--max-shard-size", "3kB"]);
    assert!(text.contains("model.safetensors.index.json"), "{text}");
    let index = std::fs::read(folder.path().join("model.safetensors.index.json")).unwrap();
    let index: Value = serde_json::from_slice(&index).unwrap();
    let one = weights(&folder, "one.safetensors");
    assert_eq!(index["metadata"]["total_size"], 4 * one.elements());
    for (name, tensor) in &one.tensors {
        let file = index["weight_map"][name].as_str().unwrap();
        assert_eq!(weights(&folder, file).get(name), Some(tensor));
    }
    assert_eq!(weights(&folder, "model.safetensors.index.json"), one);
    let ended = folder.fanin(&["init", "--verify", "model.safetensors.index.json"]);
    assert_eq!(ended.code, 0, "{} {}", ended.out, ended.err);
    assert!(ended.out.contains("4.weight") && ended.out.contains("he-normal"), "{}", ended.out);
}

#[test]
fn shards_join_to_the_whole() {
    let folder = Folder::new();
    for scheme in ["he-normal", "orthogonal"] {
        init(&folder, &["--scheme", scheme, "--force"]);
        let whole = weights(&folder, "weights.safetensors");
        let mut joined: BTreeMap<String, Vec<f32>> = BTreeMap::new();
        for shard in ["1/4", "2/4", "3/4", "4/4"] {
            init(&folder, &["--scheme", scheme, "--shard", shard, "--output", "s.npz", "--force"]);
            for (name, tensor) in weights(&folder, "s.npz").tensors {
                joined.entry(name).or_default().extend(tensor.data());
            }
        }
        for (name, tensor) in &whole.tensors {
            assert_eq!(joined[name], tensor.data(), "{scheme} {name}");
        }
    }
    let part = ["--shard", "2/2", "--shard-axis", "1", "--only", "2.*", "--output", "p.npz"];
    init(&folder, &part);
    let part = weights(&folder, "p.npz");
    let shapes: Vec<_> = part.tensors.iter().map(|(n, t)| format!("{n} {}", t.shape())).collect();
    assert_eq!(shapes, ["2.weight (16, 16)", "2.bias (16)"], "a bias has no axis 1");
    let range = ["--range", "0.weight=0:3..5", "--range", "0.weight=1:60..64", "--output", "r.npz"];
    init(&folder, &range);
    let (whole, part) = (weights(&folder, "p.npz"), weights(&folder, "r.npz"));
    assert_eq!(part.get("0.weight").unwrap().shape().axes(), [2, 4]);
    assert_eq!(part.get("2.bias"), whole.get("2.bias"));
}

#[test]
fn explain_shows_role_part_and_type_and_writes_nothing() {
    let folder = Folder::new();
    let text = init(&folder, &["--explain", "--rule", "role:head=zeros", "--shard", "3/4"]);
    for part in ["weight, head", "rule `role:head`", "axis 0: 16..24 of 32", "N(0, 0.1768²)"] {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
    assert!(text.contains("686 numbers, 2.7 kB, as f32"), "{text}");
    let whole = init(&folder, &["--explain"]);
    assert!(!whole.contains("part"), "{whole}");
    assert!(files(folder.path()).is_empty());
}

#[test]
fn json_tells_of_every_tensor_and_file() {
    let folder = Folder::new();
    let arguments = ["--json", "--dtype", "bf16", "--only", "role:weight", "--shard", "1/2"];
    let found: Value = serde_json::from_str(&init(&folder, &arguments)).unwrap();
    assert_eq!(found["schema"], "fanin.init/1");
    assert_eq!(found["files"], serde_json::json!(["weights.safetensors"]));
    assert_eq!((found["elements"].as_u64(), found["bytes"].as_u64()), (Some(1344), Some(2688)));
    let first = &found["init"][0];
    assert_eq!(first["name"], "0.weight");
    assert_eq!(first["slice"], "axis 0: 0..16 of 32");
    assert_eq!((&first["dtype"], &first["role"]), (&"bf16".into(), &"weight".into()));
    assert_eq!(found["init"].as_array().unwrap().len(), 3);
}

#[test]
fn mistakes_in_what_to_write_are_told() {
    let folder = Folder::new();
    let refused = |arguments: &[&str], parts: &[&str]| check_refused(&folder, arguments, parts);
    refused(&["--dtype", "f8"], &["'f8'", "bf16"]);
    refused(&["--dtype", "bf16", "--output", "w.npz"], &["bf16 in a file of .npz", ".safetensors"]);
    refused(&["--shard", "65/64"], &["`65/64`", "1/64 to 64/64"]);
    refused(&["--shard", "0/4"], &["`0/4`", "1/4 to 4/4"]);
    refused(&["--shard", "1/5"], &["parameter `0.weight`: found shape (32, 64)", "multiple of 5"]);
    refused(&["--shard-axis", "1"], &["--shard"]);
    refused(&["--range", "0.weight=0:30..33"], &["`0.weight`", "30..33", "at most 32"]);
    refused(&["--range", "0.weight=5:0..1"], &["axis 5", "(32, 64)"]);
    refused(&["--range", "0.weight"], &["NAME=AXIS:START..END"]);
    refused(&["--only", "9.*"], &["unknown parameter `9.*`"]);
    refused(&["--rule", "role:heat=zeros"], &["unknown role `heat`", "did you mean `head`?"]);
    refused(&["--max-shard-size", "big"], &["`big`", "5GB"]);
    refused(&["--max-shard-size", "1GB", "--output", "w.npz"], &["several files of .npz"]);
    refused(&["--scheme", "constant:1e6", "--dtype", "f16"], &["1000000", "f16"]);
    refused(&["--output", "no/folder/w.npz"], &["no/folder/w.npz", "because"]);
    std::fs::create_dir(folder.path().join("w.npz")).unwrap();
    refused(&["--output", "w.npz"], &["w.npz", "a folder"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_cannot_be_written_is_told() {
    let folder = Folder::new();
    check_refused(
        &folder,
        &["--output", "/proc/w.safetensors"],
        &["/proc/w.safetensors", "a folder that takes no files"],
    );
}

/// Ctrl-C, or a request to end, in the middle: nothing is left, not even a temporary file.
#[cfg(unix)]
#[test]
fn an_interrupted_command_leaves_nothing() {
    for signal in ["-INT", "-TERM"] {
        check_interrupted_by(signal);
    }
}

#[cfg(unix)]
fn check_interrupted_by(signal: &str) {
    use std::process::{Command, Stdio};

    let folder = Folder::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_fanin"));
    let large = ["init", "16000 -> 16000 -> 16000", "--threads", "1"];
    command.args(large).current_dir(folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    while files(folder.path()).is_empty() {
        assert!(
            child.try_wait().unwrap().is_none(),
            "the command ended before it could be stopped"
        );
        std::thread::yield_now();
    }
    let id = child.id().to_string();
    assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    let ended = child.wait_with_output().unwrap();
    let message = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(130), "{message}");
    assert!(message.contains("nothing is left"), "{message}");
    assert_eq!(files(folder.path()), [""; 0]);
}

/// Names, shapes and types come from the header alone, here of a file without its elements.
#[test]
fn a_checkpoint_is_initialized_from_its_header() {
    let folder = Folder::new();
    let header = r#"{"model.layers.0.mlp.up_proj.weight":{"dtype":"BF16","shape":[32,16],"data_offsets":[0,1024]},"model.norm.weight":{"dtype":"F32","shape":[16],"data_offsets":[1024,1088]}}"#;
    folder.write(
        "old.safetensors",
        [&(header.len() as u64).to_le_bytes(), header.as_bytes()].concat(),
    );
    for (arguments, bytes) in [
        (&["--output", "new.safetensors"][..], 1088),
        (&["--dtype", "f64", "--output", "wide.safetensors"], 4224),
    ] {
        let arguments = [&["init", "old.safetensors", "--json"], arguments].concat();
        let ended = folder.fanin(&arguments);
        assert_eq!(ended.code, 0, "{}", ended.err);
        let found: Value = serde_json::from_str(&ended.out).unwrap();
        assert_eq!(found["bytes"], bytes);
    }
    let like = ["init", "old.safetensors", "--like", "torch", "--output", "like.npz"];
    let ended = folder.fanin(&like);
    assert!(ended.code == 0 && ended.out.contains("sorted"), "{} {}", ended.out, ended.err);
    let new = weights(&folder, "new.safetensors");
    assert_eq!(new.get("model.norm.weight").unwrap().data(), [1.0; 16]);
    folder.write("list.toml", "\"a.weight\" = [8, 4]\n\"a.bias\" = [8]\n");
    let ended = folder.fanin(&["init", "list.toml", "--output", "list.npz"]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert_eq!(weights(&folder, "list.npz").get("a.weight").unwrap().shape().axes(), [8, 4]);
}

/// A weight that the exporter calls `onnx::MatMul_68` and turned is `l.weight` in the module, and holds the
/// values that a copy of the model gets under the same seed.
#[test]
fn weights_of_a_model_file_have_the_names_and_layout_of_its_module() {
    let folder = Folder::new();
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fanin/tests/data");
    let model = models.join("onnx/gat_scatter.legacy.onnx").to_str().unwrap().to_owned();
    let init = ["init", &model, "--scheme", "orthogonal:0.5"];
    let ended = folder.fanin(&[&init[..], &["--output", "all.safetensors"]].concat());
    assert!(ended.code == 0 && ended.out.contains("note: 1 tensor has its name"), "{}", ended.out);
    let read = |file: &str| read_weights(&folder.path().join(file)).unwrap();
    let all = read("all.safetensors");
    assert!(all.get("onnx::MatMul_68").is_none());
    let whole = all.get("l.weight").unwrap();
    assert_eq!(whole.shape().axes(), [16, 8]);

    let ended = folder.fanin(&[&init[..], &["--output", "new.onnx"]].concat());
    assert_eq!(ended.code, 0, "{}", ended.err);
    let copy = fanin::import::model(&folder.path().join("new.onnx"), &Options::default()).unwrap();
    let turned = copy.weights().unwrap().get("onnx::MatMul_68").unwrap();
    for (at, value) in whole.data().iter().enumerate() {
        assert_eq!(*value, turned.data()[at % 8 * 16 + at / 8], "{at}");
    }

    let part = ["--range", "onnx::MatMul_68=0:4..8", "--only", "onnx::MatMul_68", "--json"];
    let ended = folder.fanin(&[&init[..], &part, &["--output", "part.safetensors"]].concat());
    assert_eq!(ended.code, 0, "{}", ended.err);
    let told: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(told["elements"], 32);
    assert_eq!(told["notes"].as_array().unwrap().len(), 1);
    let part = read("part.safetensors");
    assert_eq!(part.get("l.weight").unwrap().data(), &whole.data()[32..64]);
}
