//! `fanin check`: how it ends, in which form it answers, and what it can judge.

use serde_json::Value;

use crate::command::{Folder, fanin};

const DEEP: &str = "64 -> 10x64 relu -> 10";

#[track_caller]
fn ends_with(arguments: &[&str], code: i32) {
    let ended = fanin(&[&["check", "--seeds", "2"], arguments].concat());
    assert_eq!(ended.code, code, "{arguments:?}: {}{}", ended.out, ended.err);
}

#[test]
fn the_code_tells_health_from_findings_and_a_forecast_of_failure() {
    ends_with(&[], 0);
    ends_with(&["--fail-on", "warn"], 0);
    ends_with(&["--scheme", "zeros"], 1);
    ends_with(&[DEEP, "--scheme", "torch-default", "--format", "json"], 1);
    ends_with(&["--standardize", "none", "--scheme", "normal:0.01"], 0);
    ends_with(&["--standardize", "none", "--scheme", "normal:0.01", "--fail-on", "warn"], 1);
    ends_with(&["--learning-rate", "100"], 1);
    ends_with(&["--format", "yaml"], 2);
    ends_with(&["--json", "--format", "sarif"], 2);
}

#[test]
fn a_suggested_rule_takes_its_finding_away() {
    let check = ["check", "64 -> 2x64 relu -> 10", "--scheme", "normal:1", "--seeds", "2"];
    let sick = fanin(&check).out;
    assert!(sick.contains("try: fanin check \"64 -> 2x64 relu -> 10\""), "{sick}");
    assert!(sick.contains("wrong-output-scale ·"), "{sick}");
    let mended = fanin(&[&check[..], &["--rule", "4.weight=zeros"]].concat()).out;
    assert!(!mended.contains("wrong-output-scale ·"), "{mended}");
}

#[test]
fn every_form_says_the_same() {
    let check = |form| fanin(&["check", "--scheme", "zeros", "--seeds", "1", "--format", form]);
    let json: Value = serde_json::from_str(&check("json").out).unwrap();
    let sarif: Value = serde_json::from_str(&check("sarif").out).unwrap();
    let (junit, table) = (check("junit").out, check("table").out);
    assert_eq!(json["schema"], "fanin.check/1");
    assert_eq!(json["start"], "zeros");
    let run = &sarif["runs"][0];
    assert_eq!(run["invocations"][0]["exitCode"], 1);
    let results = run["results"].as_array().unwrap();
    let findings = json["findings"].as_array().unwrap();
    assert!(!findings.is_empty());
    for finding in findings {
        let code = finding["code"].as_str().unwrap();
        assert!(results.iter().any(|result| result["ruleId"] == code), "{sarif}");
        assert!(junit.contains(&format!("name=\"{code}\"")), "{junit}");
        assert!(table.contains(code), "{table}");
    }
    assert!(junit.contains("<failure type=\"FAIL\""), "{junit}");
    assert_eq!(json, serde_json::from_str::<Value>(&json_by_flag()).unwrap());
}

fn json_by_flag() -> String {
    fanin(&["check", "--scheme", "zeros", "--seeds", "1", "--json"]).out
}

#[test]
fn a_file_that_fits_in_part_is_judged_in_part() {
    let folder = Folder::new();
    let init = ["init", "64 -> 32 relu -> 64 relu -> 10", "--output", "w.safetensors"];
    assert_eq!(folder.fanin(&init).code, 0);
    let check = ["check", "64 -> 32 relu -> 48 relu -> 10", "--weights", "w.safetensors"];
    let ended = folder.fanin(&check);
    assert_eq!(ended.code, 0, "{}{}", ended.out, ended.err);
    let said = ended.out.split_whitespace().collect::<Vec<_>>().join(" ");
    let sentence = "skipped: tensor `2.weight` has shape (64, 32), the model needs (48, 32); \
                    values of he-normal stand in, and findings about it are left out";
    assert!(said.contains(sentence), "{said}");
    let ended = folder.fanin(&[&check[..], &["--json"]].concat());
    let json: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(json["skipped"].as_array().unwrap().len(), 3, "{}", json["skipped"]);
    let train = ["train", "64 -> 32 relu -> 48 relu -> 10", "--weights", "w.safetensors"];
    assert_eq!(folder.fanin(&train).code, 2, "training takes no stand-ins");
}

#[test]
fn a_run_is_judged_by_its_own_spec_and_its_name_or_folder() {
    let folder = Folder::new();
    let model = "features -> 8 tanh -> outputs";
    let train = ["train", model, "--data", "spirals", "--epochs", "2", "--name", "a"];
    assert_eq!(folder.fanin(&train).code, 0);
    let by_name = folder.fanin(&["check", "--run", "a"]);
    assert!(by_name.code < 2, "{}", by_name.err);
    assert!(by_name.out.contains("2 -> 8 tanh -> 2"), "{}", by_name.out);
    assert!(by_name.out.contains("runs/a, step "), "{}", by_name.out);
    assert_eq!(folder.fanin(&["check", "--weights", "runs/a"]).out, by_name.out);
    let ended = folder.fanin(&["check", "--run", "b"]);
    assert_eq!(ended.code, 2);
    assert!(ended.err.contains("unknown run `b`"), "{}", ended.err);
    let ended = folder.fanin(&["check", "--weights", "runs"]);
    assert!(ended.code == 2 && ended.err.contains("no run"), "{}", ended.err);
}

#[test]
fn a_watched_run_tells_what_changes_and_has_the_bits_of_any_other() {
    let folder = Folder::new();
    let train = ["train", "--scheme", "normal:0.01", "--epochs", "8", "--name"];
    assert_eq!(folder.fanin(&[&train[..], &["alone"]].concat()).code, 0);
    let ended = folder.fanin(&[&train[..], &["seen", "--watch", "60"]].concat());
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(ended.err.starts_with("step 0: vanishing-signal"), "{}", ended.err);
    assert!(ended.err.contains("is gone"), "{}", ended.err);
    let read = |name: &str| std::fs::read(folder.path().join("runs").join(name)).unwrap();
    assert_eq!(read("alone/weights.safetensors"), read("seen/weights.safetensors"));
    let checks = String::from_utf8(read("seen/checks.jsonl")).unwrap();
    let steps: Vec<u64> = checks
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["step"].as_u64().unwrap())
        .collect();
    assert_eq!(steps, [0, 60, 120, 180]);
}
