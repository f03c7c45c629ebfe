//! Runs in their folders: stopped, gone on with, the same bits.

use crate::command::Folder;

fn weights(folder: &Folder, run: &str) -> Vec<u8> {
    std::fs::read(folder.path().join("runs").join(run).join("weights.safetensors")).unwrap()
}

#[test]
fn threads_do_not_change_a_bit() {
    let folder = Folder::new();
    for threads in ["1", "2", "3"] {
        let arguments = ["train", "--epochs", "2", "--threads", threads, "--name", threads];
        assert_eq!(folder.fanin(&arguments).code, 0);
    }
    assert_eq!(weights(&folder, "1"), weights(&folder, "2"));
    assert_eq!(weights(&folder, "1"), weights(&folder, "3"));
}

#[test]
fn a_run_is_never_overwritten_unasked() {
    let folder = Folder::new();
    let train = ["train", "--epochs", "1", "--name", "a"];
    assert_eq!(folder.fanin(&train).code, 0);
    let before = weights(&folder, "a");
    let ended = folder.fanin(&["train", "--epochs", "2", "--name", "a"]);
    assert_eq!(ended.code, 2);
    assert!(ended.err.contains("--resume") && ended.err.contains("--force"), "{}", ended.err);
    assert_eq!(weights(&folder, "a"), before);
    let ended = folder.fanin(&["train", "--epochs", "2", "--name", "a", "--force"]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert_ne!(weights(&folder, "a"), before);
}

#[test]
fn runs_without_a_name_get_numbers() {
    let folder = Folder::new();
    for _ in 0..2 {
        assert_eq!(folder.fanin(&["train", "4 -> 2", "--data", "xor"]).code, 2);
        assert_eq!(folder.fanin(&["train", "2 -> 3 tanh -> 2", "--data", "xor"]).code, 0);
    }
    let runs = std::fs::read_dir(folder.path().join("runs")).unwrap().count();
    assert_eq!(runs, 2);
}

/// Ctrl-C in the middle of a run, then `--resume`: the same bits as a run never stopped.
#[cfg(unix)]
#[test]
fn an_interrupted_run_goes_on_to_the_same_bits() {
    use std::process::{Command, Stdio};

    const TRAIN: [&str; 7] = [
        "train",
        "features -> 3x64 relu dropout:0.1 -> outputs",
        "--epochs",
        "200",
        "--optimizer",
        "adam",
        "--name",
    ];
    let folder = Folder::new();
    assert_eq!(folder.fanin(&[&TRAIN[..], &["whole"]].concat()).code, 0);

    let mut command = Command::new(env!("CARGO_BIN_EXE_fanin"));
    command.args(TRAIN).arg("stopped").current_dir(folder.path());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let metrics = folder.path().join("runs/stopped/metrics.jsonl");
    while std::fs::read_to_string(&metrics).unwrap_or_default().lines().count() < 2 {
        assert!(child.try_wait().unwrap().is_none(), "the run ended before it could be stopped");
        std::thread::yield_now();
    }
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let ended = child.wait_with_output().unwrap();
    let out = String::from_utf8_lossy(&ended.stdout);
    assert_eq!(ended.status.code(), Some(130), "{out}");
    assert!(out.contains("fanin train --resume stopped"), "{out}");
    assert_ne!(weights(&folder, "stopped"), weights(&folder, "whole"));

    let ended = folder.fanin(&["train", "--resume", "stopped"]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert_eq!(weights(&folder, "stopped"), weights(&folder, "whole"));
}

#[test]
fn probabilities_serve_as_labels() {
    let folder = Folder::new();
    let row = |i: usize| match i % 3 {
        0 => format!("{},0,0.8,0.1,0.1\n", 2 + i % 2),
        1 => format!("0,{},0.1,0.8,0.1\n", 2 + i % 2),
        _ => format!("-{},-2,0.1,0.1,0.8\n", 2 + i % 2),
    };
    let rows: String = (0..120).map(row).collect();
    folder.write("p.csv", format!("x,y,pa,pb,pc\n{rows}"));
    let arguments =
        ["train", "--data", "p.csv", "--target", "pa,pb,pc", "--task", "classification", "--json"];
    let ended = folder.fanin(&arguments);
    assert_eq!(ended.code, 0, "{}", ended.err);
    let summary: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    let last = summary["epochs"].as_array().unwrap().last().unwrap();
    assert_eq!(last["accuracy"], 1.0);
    let entropy = -(0.8_f64 * 0.8_f64.ln() + 0.2 * 0.1_f64.ln());
    let loss = last["test_loss"].as_f64().unwrap();
    assert!(loss > entropy - 1e-3 && loss < entropy + 0.1, "{loss} is not near {entropy}");
}
