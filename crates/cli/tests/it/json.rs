//! `--json` gives one object with a named form, for every command.

use serde_json::Value;

use crate::command::{Folder, fanin};

#[track_caller]
fn object(arguments: &[&str]) -> Value {
    let ended = fanin(&[arguments, &["--json"]].concat());
    assert!(ended.code < 2, "{}", ended.err);
    serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {}", ended.out))
}

#[test]
fn every_command_names_its_form() {
    let cases: [(&[&str], &str); 7] = [
        (&["check", "--scheme", "zeros"], "fanin.check/1"),
        (&["init", "4 -> 2", "--explain"], "fanin.init/1"),
        (&["train", "--epochs", "1"], "fanin.train/1"),
        (&["data"], "fanin.data/1"),
        (&["model", "4 -> 8 relu -> 2"], "fanin.model/1"),
        (&["schemes"], "fanin.schemes/1"),
        (&["compare", "--depths", "1", "--epochs", "1", "--seeds", "1"], "fanin.compare/1"),
    ];
    for (arguments, form) in cases {
        assert_eq!(object(arguments)["schema"], form);
    }
}

#[test]
fn a_comparison_holds_forecast_and_outcome_side_by_side() {
    let arguments = [
        "compare",
        "--depths",
        "2",
        "--schemes",
        "zeros,he-normal",
        "--seeds",
        "1",
        "--epochs",
        "5",
    ];
    let found = object(&arguments);
    let entries = found["networks"][0]["entries"].as_array().unwrap();
    assert_eq!(entries[0]["forecast"], "stuck");
    assert_eq!(entries[0]["outcome"]["verdict"], "stuck");
    assert_eq!(entries[1]["outcome"]["verdict"], "learns");
    assert_eq!(entries[0]["starts"][0]["effective_units"], 2);
}

#[test]
fn exit_codes_tell_findings_from_health() {
    assert_eq!(fanin(&["check", "--scheme", "he-normal"]).code, 0);
    assert_eq!(fanin(&["check", "--scheme", "zeros"]).code, 1);
}

#[test]
fn completions_name_every_command() {
    let script = fanin(&["completions", "bash"]).out;
    for command in ["compare", "check", "init", "train", "data", "schemes", "theory"] {
        assert!(script.contains(command), "{command}");
    }
}

#[test]
fn initialized_weights_train_and_check() {
    let folder = Folder::new();
    let model = "64 -> 16 tanh -> 10";
    let init = ["init", model, "--scheme", "orthogonal:1", "--output", "start.npz"];
    assert_eq!(folder.fanin(&init).code, 0);
    assert_eq!(folder.fanin(&["check", model, "--weights", "start.npz"]).code, 0);
    let train = ["train", model, "--weights", "start.npz", "--epochs", "2"];
    assert_eq!(folder.fanin(&train).code, 0);
}
