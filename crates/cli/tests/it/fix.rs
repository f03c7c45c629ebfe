//! What `fanin fix` leaves: names in files, and the start when it is stopped.

use crate::command::Folder;

/// Ctrl-C in the proof: the start was written before it.
#[cfg(unix)]
#[test]
fn a_proof_that_is_stopped_leaves_the_start() {
    use std::process::{Command, Stdio};

    let folder = Folder::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_fanin"));
    let network = "64 -> 20x64 tanh -> 10";
    command.args(["fix", network, "--scheme", "normal:0.01", "--output", "start.npz"]);
    command.args(["--seconds", "600", "--threads", "1"]).current_dir(folder.path());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let start = folder.path().join("start.npz");
    while !start.exists() {
        assert!(child.try_wait().unwrap().is_none(), "the command ended without a start");
        std::thread::yield_now();
    }
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    assert_eq!(ended.status.code(), Some(130), "{said}");
    assert!(said.contains("wrote start.npz") && said.contains("the proof was stopped"), "{said}");
    assert!(fanin::formats::read_weights(&start).is_ok());
}

/// A weight that the exporter calls `onnx::MatMul_68` and turned is `l.weight` in the module.
#[test]
fn a_start_has_the_names_and_layout_of_the_module_and_is_read_again() {
    let folder = Folder::new();
    let carried = |file: &str| {
        let models =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../fanin/tests/data/onnx");
        models.join(file).to_str().unwrap().to_owned()
    };
    let (model, data) = (carried("gat_scatter.legacy.onnx"), carried("gat_scatter.input.npz"));
    let fix = ["fix", &model, "--data", &data, "--method", "balanced", "--no-proof"];
    let ended = folder.fanin(&[&fix[..], &["--output", "start.safetensors", "--json"]].concat());
    assert!(ended.code < 2, "{}", ended.err);
    let told: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    assert!(told["notes"][0].as_str().unwrap().starts_with("1 tensor has its name and layout"));
    let start = fanin::formats::read_weights(&folder.path().join("start.safetensors")).unwrap();
    assert_eq!(start.get("l.weight").unwrap().shape().axes(), [16, 8]);
    assert!(start.get("onnx::MatMul_68").is_none());
    let check = ["check", &model, "--data", &data, "--weights", "start.safetensors"];
    let ended = folder.fanin(&check);
    assert!(ended.code < 2 && ended.out.contains("forecast"), "{}{}", ended.out, ended.err);
    let ended = folder.fanin(&[&fix[..], &["--weights", "start.safetensors"]].concat());
    assert!(ended.code < 2 && ended.out.contains("Next"), "{}{}", ended.out, ended.err);
}

/// An exporter turned the table for the last product and kept both: `head.weight` and `val_35`.
#[test]
fn a_split_table_is_told_as_one_tensor_and_each_note_once() {
    let folder = Folder::new();
    let data = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../fanin/tests/data");
    let model = data.join("code/tied_cell.onnx").to_str().unwrap().to_owned();
    let fix = ["fix", &model, "--method", "auto", "--no-proof", "--json", "--code", "numpy"];
    let ended = folder.fanin(&[&fix[..], &["--output", "start.npz"]].concat());
    assert!(ended.code < 2, "{}", ended.err);
    let told: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    let changes = told["recommendation"]["changes"].as_array().unwrap();
    let change = |name: &str| changes.iter().find(|own| own["parameter"] == name).unwrap();
    let [table, head] = ["head.weight", "val_35"].map(change);
    assert_eq!(table["scheme"], head["scheme"]);
    assert!(table["reason"].as_str().unwrap().starts_with("tied to val_35"), "{table}");
    let notes: Vec<&str> =
        told["notes"].as_array().unwrap().iter().map(|note| note.as_str().unwrap()).collect();
    for part in ["and layout in the module", "last matrix in one", "optimize=False"] {
        let said = notes.iter().filter(|note| note.contains(part)).count();
        assert_eq!(said, 1, "{part}: {notes:?}");
    }
    let start = fanin::formats::read_weights(&folder.path().join("start.npz")).unwrap();
    assert!(start.get("val_35").is_none() && start.get("head.weight").is_some());
}

#[test]
fn the_next_command_asks_for_the_same() {
    let folder = Folder::new();
    let asked = ["--scheme", "zeros", "--method", "lsuv", "--fail-on", "warn", "--seed", "3"];
    let network = ["fix", "64 -> 4 relu -> 10", "--no-proof", "--batch-size", "32"];
    let ended = folder.fanin(&[&network[..], &asked].concat());
    let command = "fanin fix \"64 -> 4 relu -> 10\" --scheme zeros --method lsuv --fail-on warn \
                   --seed 3 --batch-size 32 --no-proof --output start.safetensors";
    assert!(ended.out.contains(command), "{}{}", ended.out, ended.err);
}

#[test]
fn a_spec_is_named_by_its_file_in_the_next_command() {
    let folder = Folder::new();
    let spec =
        "model = \"64 -> 4 relu -> 10\"\n\n[init]\nscheme = \"zeros\"\n\n[train]\nepochs = 2\n";
    folder.write("a net.toml", spec.as_bytes());
    let ended = folder.fanin(&["fix", "a net.toml", "--method", "lsuv", "--no-proof"]);
    let command = "fanin fix \"a net.toml\" --scheme zeros --method lsuv --no-proof";
    assert!(ended.out.contains(command), "{}{}", ended.out, ended.err);
    let ended = folder.fanin(&["check", "a net.toml", "--momentum", "0.5", "--seeds", "1"]);
    let begin = ended.out.find("try: fanin check \"a net.toml\" --scheme ");
    let line = ended.out[begin.expect(&ended.out)..].lines().next().unwrap();
    assert!(line.ends_with(" --seeds 1 --momentum 0.5"), "{line}");
}

#[test]
fn one_seed_is_no_proof() {
    let ended = Folder::new().fanin(&["fix", "64 -> 4 relu -> 10", "--seeds", "1"]);
    assert_eq!(ended.code, 2);
    assert!(ended.err.contains("2 seeds or more") && ended.err.contains("--no-proof"));
}

/// 400 rows, of which every 33rd is of another class.
fn imbalanced(folder: &Folder) {
    let row = |i: usize| {
        let class = if i.is_multiple_of(33) { "rare" } else { "usual" };
        format!("{},{},{class}\n", (i * 7 % 11) as f64 / 10.0, (i * 5 % 13) as f64 / 10.0)
    };
    let rows: String = (0..400).map(row).collect();
    folder.write("imbalanced.csv", format!("a,b,class\n{rows}").as_bytes());
}

#[test]
fn always_giving_the_commonest_class_is_not_learning() {
    let folder = Folder::new();
    imbalanced(&folder);
    let data = ["--data", "imbalanced.csv", "--target", "class", "--epochs", "2"];
    let fix = ["fix", "2 -> 2x8 relu -> 2", "--scheme", "zeros"];
    let ended = folder.fanin(&[&fix[..], &data].concat());
    let said = ended.out.replace("\n  ", " ");
    for part in [
        "data: imbalanced.csv\n",
        "proof: neither learns",
        "always giving the commonest class comes to 0.96",
        "counts as learned, not the 0.9 asked for",
    ] {
        assert!(said.contains(part), "{part} is not in\n{said}{}", ended.err);
    }
    assert!(!said.contains("keep the start as it was"), "{said}");
    let compare = ["compare", "2 -> 8 relu -> 2", "--schemes", "zeros", "--seeds", "1"];
    let ended = folder.fanin(&[&compare[..], &data].concat());
    let row = ended.out.lines().rev().find(|line| line.starts_with(" zeros")).unwrap();
    assert!(row.contains("never") && row.contains("stuck"), "{}", ended.out);
    assert!(ended.out.contains("target    always giving the commonest class"), "{}", ended.out);
    let ended = folder.fanin(&[&compare[..], &data, &["--json"]].concat());
    let told: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    let [chance, target] = ["chance", "target"].map(|key| told["threshold"][key].as_f64().unwrap());
    assert!(chance > 0.9 && (target - 0.5 * (1.0 + chance)).abs() < 1e-9, "{chance} {target}");
}

#[test]
fn a_report_of_a_repair_says_what_it_achieved() {
    let folder = Folder::new();
    let fix = ["fix", "64 -> 10x16 relu -> 10", "--scheme", "torch-default", "--epochs", "4"];
    let ended = folder.fanin(&[&fix[..], &["--report", "fix.html"]].concat());
    assert_eq!(ended.code, 0, "{}{}", ended.out, ended.err);
    let page = std::fs::read_to_string(folder.path().join("fix.html")).unwrap();
    let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text} is not in the page"));
    assert!(place("Yes, mended") < place("id=\"repair\""));
    assert!(place("id=\"repair\"") < place("id=\"findings\""));
    assert!(page.contains("Proof by training: ") && !page.contains("No, stuck"));
}

/// A method that learns ends where its seconds end, and says how far it came.
#[test]
fn a_method_asked_for_by_name_keeps_to_the_seconds_given() {
    let folder = Folder::new();
    let fix = ["fix", "64 -> 4x64 tanh -> 10", "--scheme", "normal:0.01", "--method", "gradinit"];
    let ended = folder.fanin(&[&fix[..], &["--no-proof", "--seconds", "1e-6"]].concat());
    assert!(ended.out.contains("stopped after 1 of 390 iterations"), "{}{}", ended.out, ended.err);
}
