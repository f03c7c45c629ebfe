//! `--report`, `fanin report` and `--tensorboard`: what is written, and what is refused.

use serde_json::Value;

use crate::command::Folder;

const FILE: &str = "events.out.tfevents.0000000000.fanin";
const CHECK: [&str; 4] = ["check", "64 -> 2x16 tanh -> 10", "--seeds", "1"];

fn read(folder: &Folder, name: &str) -> String {
    std::fs::read_to_string(folder.path().join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

#[track_caller]
fn ids(folder: &Folder, name: &str) -> Vec<String> {
    let report: Value = serde_json::from_str(&read(folder, name)).unwrap();
    assert_eq!(report["schema"], "fanin.report/1");
    let sections = report["sections"].as_array().unwrap().iter();
    sections.map(|section| section["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_saved_report_becomes_every_other_form() {
    let folder = Folder::new();
    let ended = folder.fanin(&[&CHECK[..], &["--report", "start.json"]].concat());
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(ended.err.contains("report: start.json"), "{}", ended.err);
    assert!(ids(&folder, "start.json").contains(&"depth".to_owned()));
    let page = folder.fanin(&["report", "start.json"]);
    assert_eq!(page.code, 0, "{}", page.err);
    assert!(read(&folder, "report.html").starts_with("<!doctype html>"));
    let text = folder.fanin(&["report", "start.json", "--format", "markdown"]).out;
    assert!(text.contains("## Signal and gradient through depth"), "{text}");
    let text = folder.fanin(&["report", "start.json", "--format", "text"]).out;
    assert!(text.contains("Will these weights learn"), "{text}");
    let json = folder.fanin(&["report", "start.json", "--format", "json"]).out;
    assert_eq!(json, read(&folder, "start.json"));
    let pictures = folder.fanin(&["report", "start.json", "--format", "svg"]);
    assert!(pictures.out.ends_with("pictures in pictures\n"), "{}", pictures.out);
    assert!(read(&folder, "pictures/depth-1-001.svg").starts_with("<svg xmlns="));
}

/// What was learned is not in a run's spec where the targets told it.
#[test]
fn the_score_of_a_run_has_its_name() {
    let folder = Folder::new();
    let row = |i: u32| format!("{},{}\n", i % 7, 0.5 * f64::from(i % 7));
    let rows = (0..400).map(row).collect::<Vec<String>>().concat();
    folder.write("t.csv", format!("a,price\n{rows}"));
    let train =
        "train;features -> 8 tanh -> outputs;--data;t.csv;--target;price;--epochs;1;--name;a";
    let ended = folder.fanin(&train.split(';').collect::<Vec<&str>>());
    assert_eq!(ended.code, 0, "{}", ended.err);
    // A score below 0 would tell that it is no accuracy.
    assert!(!read(&folder, "runs/a/metrics.jsonl").contains("\"accuracy\":-"));
    // Its rows are not needed for it.
    std::fs::remove_file(folder.path().join("t.csv")).unwrap();
    let told = folder.fanin(&["report", "a", "--format", "markdown"]);
    assert!(told.out.contains("R²") && !told.out.contains("accuracy"), "{}{}", told.out, told.err);
}

#[test]
fn a_run_is_reported_when_it_ends_and_later() {
    let folder = Folder::new();
    let model = "64 -> 16 tanh -> 10";
    let train = ["train", model, "--epochs", "1", "--name", "first", "--report", "run.json"];
    let ended = folder.fanin(&train);
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert_eq!(ids(&folder, "run.json")[0], "training");
    let later = folder.fanin(&["report", "first"]);
    assert_eq!(later.code, 0, "{}", later.err);
    assert!(read(&folder, "runs/first/report.html").contains("Run first"));
    let told = folder.fanin(&["report", "first", "--json"]).out;
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["files"][0], "runs/first/report.html");
    let none = folder.fanin(&["report", "frist"]);
    assert_eq!(none.code, 2);
    assert!(none.err.contains("did you mean `first`"), "{}", none.err);
}

#[test]
fn theory_of_every_network_has_a_report() {
    let folder = Folder::new();
    for (network, section) in [
        ("dense", "phase-plane"),
        ("convolution", "phase-plane"),
        ("residual", "blocks"),
        ("pre-norm", "blocks"),
        ("batch-norm", "blocks"),
        ("layer-norm", "blocks"),
        ("attention", "blocks"),
    ] {
        let arguments = ["theory", "--network", network, "--depth", "12", "--report", "x.json"];
        let ended = folder.fanin(&arguments);
        assert_eq!(ended.code, 0, "{network}: {}", ended.err);
        let found = ids(&folder, "x.json");
        assert!(found.iter().any(|id| id == section), "{network}: {found:?}");
    }
}

#[test]
fn a_form_that_is_none_is_refused_before_anything_is_computed() {
    let folder = Folder::new();
    for command in [&["compare"][..], &["compare", "--sweep", "scale"], &CHECK, &["train"]] {
        let ended = folder.fanin(&[command, &["--report", "x.doc"]].concat());
        assert_eq!(ended.code, 2, "{command:?}");
        assert!(ended.err.contains(".html, .md, .json, .txt"), "{}", ended.err);
        assert!(ended.out.is_empty(), "{}", ended.out);
    }
}

/// The files' own bytes are held by the library's tests; here that each command writes them.
#[test]
fn event_files_lie_in_a_folder_for_each_start_and_run() {
    let folder = Folder::new();
    let has = |name: &str, tags: &[&str]| {
        let bytes = std::fs::read(folder.path().join("logs").join(name).join(FILE));
        let bytes = bytes.unwrap_or_else(|error| panic!("{name}: {error}"));
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(tags.iter().all(|tag| text.contains(tag)), "{name}");
    };
    let ended = folder.fanin(&[&CHECK[..], &["--tensorboard", "logs"]].concat());
    assert_eq!(ended.code, 0, "{}", ended.err);
    has("he-normal", &["by_layer/signal", "weights/0", "activations/2", "gradients/4"]);
    let model = "64 -> 16 tanh -> 10";
    let train = ["train", model, "--epochs", "1", "--name", "first", "--tensorboard", "logs"];
    assert_eq!(folder.fanin(&train).code, 0);
    has("first", &["loss/train", "loss/test", "accuracy", "weights/0", "gradients/2"]);
    let compare =
        ["compare", model, "--schemes", "zeros,normal:1", "--seeds", "2", "--epochs", "1"];
    let ended = folder.fanin(&[&compare[..], &["--tensorboard", "logs"]].concat());
    assert_eq!(ended.code, 0, "{}", ended.err);
    has("64-16-tanh-10-zeros/seed-1", &["loss/train", "by_layer/gradient"]);
    has("64-16-tanh-10-normal-1/seed-0", &["loss/train", "pre_activations/0"]);
}
