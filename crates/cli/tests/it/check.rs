//! `fanin check`: how it ends, in which form it answers, and what it can judge.

use serde_json::Value;

use crate::command::{Folder, fanin};

/// y = relu(x) as an ONNX file, x of N rows by 8 columns.
const RELU: &[u8] = b"\x08\x0c:=\x0a\x0c\x0a\x01x\x12\x01y\x22\x04Relu\x12\x01gZ\x14\x0a\x01x\x12\x0f\x0a\x0d\x08\x01\x12\x09\x0a\x03\x12\x01N\x0a\x02\x08\x08b\x14\x0a\x01y\x12\x0f\x0a\x0d\x08\x01\x12\x09\x0a\x03\x12\x01N\x0a\x02\x08\x08B\x04\x0a\x00\x10\x11";

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

/// The start that is shown is milder than the mean of all five.
#[test]
fn what_lowers_the_learning_rate_names_a_lower_one() {
    let told = fanin(&["check", "64 -> 30x64 relu -> 10", "--json"]).out;
    let json: Value = serde_json::from_str(&told).unwrap();
    let findings = json["findings"].as_array().unwrap();
    let large = findings.iter().find(|finding| finding["code"] == "step-too-large").expect(&told);
    let fix = large["fix"].as_str().unwrap();
    let (_, rate) = fix.split_once("--learning-rate ").expect(fix);
    let rate: f64 = rate.split(';').next().unwrap().parse().unwrap();
    assert!(rate <= 0.5 * 0.02, "{fix}");
}

/// The learning rate that was advised instead diverged all the same.
#[test]
fn prices_are_to_be_scaled_before_any_other_learning_rate() {
    let folder = Folder::new();
    let row = |row: u32| {
        let place = |step: u32, of: u32| f64::from(row * step % of) / (0.29 * f64::from(of)) - 1.7;
        let (a, b) = (place(37, 101), place(53, 97));
        format!("{a},{b},{}\n", 250_000.0 + 60_000.0 * (a - b))
    };
    let rows: String = (0..200).map(row).collect();
    folder.write("prices.csv", format!("a,b,price\n{rows}").as_bytes());
    let check = ["check", "2 -> 2x32 relu -> 1", "--scheme", "torch-default", "--seeds", "1"];
    let data = ["--data", "prices.csv", "--target", "price", "--task", "regression"];
    let check = [&check[..], &data].concat();
    let raw = folder.fanin(&[&check[..], &["--standardize", "none"]].concat()).out;
    assert!(raw.contains(" unnormalized-data ·") && raw.contains("divide by "), "{raw}");
    assert!(raw.contains("follows from it: step-too-large"), "{raw}");
    assert!(!raw.contains("--learning-rate") && !raw.contains("\ndata:"), "{raw}");
    let scaled = folder.fanin(&check).out;
    let head = "\ndata: numbers to learn are scaled, too (--standardize standard)";
    assert!(scaled.contains(head) && !scaled.contains(" unnormalized-data ·"), "{scaled}");
    let trained =
        folder.fanin(&[&["train"][..], &check[1..4], &data[..], &["--epochs", "1"]].concat());
    assert!(trained.err.contains("in your own training subtract"), "{}", trained.err);
}

#[test]
fn a_file_without_weights_is_no_network_to_check() {
    let folder = Folder::new();
    folder.write("relu.onnx", RELU);
    let ended = folder.fanin(&["check", "relu.onnx", "--data", "normal"]);
    assert_eq!(ended.code, 2, "{}{}", ended.out, ended.err);
    assert!(ended.err.contains("found no layer with weights"), "{}", ended.err);
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

#[test]
fn options_that_change_nothing_are_said() {
    let folder = Folder::new();
    let noted = |arguments: &[&str], expected: &[&str]| {
        let ended = folder.fanin(&[&["check"], arguments].concat());
        assert!(ended.code < 2, "{arguments:?}: {}", ended.err);
        let notes: Vec<&str> = ended.err.lines().filter_map(|l| l.strip_prefix("note: ")).collect();
        assert_eq!(notes, expected, "{arguments:?}");
    };
    noted(&["--seeds", "2", "--seed", "1", "--fail-on", "warn"], &[]);
    let of_file = "--dropout and --batch change nothing: the network is no .onnx file";
    noted(&["--seeds", "1", "--batch", "4", "--dropout", "off"], &[of_file]);
    let of_table = "--target changes nothing: the data are no file";
    noted(&["--seeds", "1", "--target", "y"], &[of_table]);
    noted(&["--seeds", "1", "--runs", "x"], &["--runs changes nothing: it is where --run looks"]);
    let init = ["init", "64 -> 8 relu -> 10", "--output", "w.npz"];
    assert_eq!(folder.fanin(&init).code, 0);
    let drawn = "--seed changes nothing: weights are given, and none are drawn";
    noted(&["64 -> 8 relu -> 10", "--weights", "w.npz", "--seed", "3"], &[drawn]);
}

/// x through three layers with an operator of another library behind the first one's relu; the last
/// layer has a weight that is no number if it is said so.
fn with_a_foreign_operator(is_broken: bool) -> Vec<u8> {
    use fanin::formats::onnx::{ElementType, Graph, Model, Node, OpsetImport, Tensor, ValueInfo};
    let numbers = |count: usize, seed: u64| -> Vec<u8> {
        let mut state = seed;
        let mut number = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            0.6 * ((state >> 40) as f32 / 16_777_216.0 - 0.5)
        };
        (0..count).flat_map(|_| number().to_le_bytes()).collect()
    };
    let (first, second) = (numbers(64 * 32, 1), numbers(32 * 32, 2));
    let mut last = numbers(32 * 10, 3);
    if is_broken {
        last[..4].copy_from_slice(&f32::NAN.to_le_bytes());
    }
    let mut foreign = Node::new("FusedThing", &["h"], &["o"]);
    foreign.domain = "com.acme";
    let graph = Graph {
        nodes: vec![
            Node::new("MatMul", &["x", "0.weight"], &["z"]),
            Node::new("Relu", &["z"], &["g"]),
            Node::new("MatMul", &["g", "2.weight"], &["h"]),
            foreign,
            Node::new("MatMul", &["o", "4.weight"], &["y"]),
        ],
        initializers: vec![
            Tensor::new("0.weight", ElementType::F32, &[64, 32], &first),
            Tensor::new("2.weight", ElementType::F32, &[32, 32], &second),
            Tensor::new("4.weight", ElementType::F32, &[32, 10], &last),
        ],
        inputs: vec![ValueInfo::of("x", ElementType::F32, &[1, 64])],
        outputs: vec![ValueInfo::of("y", ElementType::F32, &[1, 10])],
        ..Graph::default()
    };
    let mut model = Model::new(graph, 20);
    model.opset_imports.push(OpsetImport { domain: "com.acme", version: 1 });
    model.to_bytes()
}

#[test]
fn a_network_with_an_unread_operator_is_judged_in_part() {
    let folder = Folder::new();
    folder.write("sound.onnx", with_a_foreign_operator(false));
    folder.write("broken.onnx", with_a_foreign_operator(true));
    let sound = folder.fanin(&["check", "sound.onnx"]);
    assert_eq!(sound.code, 0, "{}{}", sound.out, sound.err);
    let said = sound.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("(com.acme::FusedThing); with them 1 node"), "{said}");
    assert!(said.contains("the network was run up to `h`"), "{said}");
    assert!(said.contains("forecast: unsure (part of the network, 1 start)"), "{said}");
    let broken = folder.fanin(&["check", "broken.onnx", "--json"]);
    assert_eq!(broken.code, 1, "{}{}", broken.out, broken.err);
    let json: Value = serde_json::from_str(&broken.out).unwrap();
    assert_eq!(json["partial"], true);
    assert_eq!(json["forecast"], "unstable");
    assert!(json["measurement"]["loss"].is_null(), "{json}");
    let findings = json["findings"].as_array().unwrap();
    let is_told = |f: &Value| f["code"] == "non-finite" && f["module"] == "4.weight";
    assert!(findings.iter().any(is_told), "{findings:?}");
    let drawn = folder.fanin(&["check", "sound.onnx", "--scheme", "he-normal", "--seeds", "2"]);
    assert!(drawn.code < 2 && drawn.out.contains("2 seeds"), "{}{}", drawn.out, drawn.err);
    let scheme = ["check", "sound.onnx", "--scheme", "he-normal", "--json", "--rule"];
    let zeros = folder.fanin(&[&scheme[..], &["2.weight=zeros"]].concat());
    assert_eq!(zeros.code, 1, "{}{}", zeros.out, zeros.err);
    let json: Value = serde_json::from_str(&zeros.out).unwrap();
    let findings = json["findings"].as_array().unwrap();
    let is_there = |f: &Value| f["module"].as_str().is_some_and(|module| module.starts_with('2'));
    let is_told = |f: &Value| f["severity"] == "fail" && is_there(f);
    assert!(findings.iter().any(is_told), "{findings:?}");
    let behind = folder.fanin(&[&scheme[..], &["4.weight=zeros"]].concat());
    assert_eq!(behind.code, 0, "no harm in the last layer: {}{}", behind.out, behind.err);
}

#[test]
fn layers_before_an_unread_operator_are_judged_as_hidden_ones() {
    let folder = Folder::new();
    folder.write("sound.onnx", with_a_foreign_operator(false));
    let large = folder.fanin(&["check", "sound.onnx", "--scheme", "normal:5", "--json"]);
    let json: Value = serde_json::from_str(&large.out).unwrap();
    assert!(json["signal_factor"].as_f64().unwrap() > 10.0, "{json}");
    let findings = json["findings"].as_array().unwrap();
    let codes: Vec<&str> = findings.iter().map(|f| f["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["exploding-signal", "gain-mismatch"]);
    let told = findings[0]["try"].as_str().unwrap();
    assert_eq!(told, "fanin check sound.onnx --scheme he-normal");
    let table = folder.fanin(&["check", "sound.onnx"]).out;
    assert!(!table.contains("∂L/∂") && table.contains("std a"), "{table}");
}

#[test]
fn what_shrinks_and_what_is_equal_before_an_unread_operator_is_told() {
    let folder = Folder::new();
    folder.write("sound.onnx", with_a_foreign_operator(false));
    let found = |options: &[&str]| -> Value {
        let asked = [&["check", "sound.onnx", "--json", "--scheme"], options].concat();
        serde_json::from_str(&folder.fanin(&asked).out).unwrap()
    };
    let finding = |json: &Value, code: &str| {
        let findings = json["findings"].as_array().unwrap();
        findings.iter().find(|finding| finding["code"] == code).cloned()
    };
    let small = found(&["normal:0.0003"]);
    let told = finding(&small, "vanishing-signal").expect("a layer keeps 0.2 % of the signal");
    assert!(told["module"] == "0" && told["severity"] != "fail", "{told}");
    assert_eq!(small["forecast"], "unsure");
    assert_eq!(finding(&found(&["he-normal"]), "vanishing-signal"), None);

    let equal = found(&["he-normal", "--rule", "2.weight=constant:0.1"]);
    let told = finding(&equal, "unit-symmetry").expect("all units of the last layer are one");
    assert_eq!(told["module"], "2", "{told}");
    assert!(told["why"].as_str().unwrap().contains("which were not read"), "{told}");
    assert_eq!(equal["forecast"], "unsure", "layers behind may part them");
    let layers = equal["symmetry"]["layers"].as_array().unwrap();
    assert!(layers[0]["effective_width"] == 32 && layers[0]["last_read"] == false, "{layers:?}");
    assert!(layers[1]["effective_width"] == 1 && layers[1]["last_read"] == true, "{layers:?}");
}

#[test]
fn weights_of_a_file_are_sent_to_a_repair_of_them() {
    let folder = Folder::new();
    let model = "64 -> 12x16 sigmoid -> 10";
    let drawn = ["init", model, "--scheme", "he-normal", "--output", "w.npz"];
    assert_eq!(folder.fanin(&drawn).code, 0);
    let found = folder.fanin(&["check", model, "--weights", "w.npz"]);
    let command = format!("try: fanin fix \"{model}\" --weights w.npz\n");
    assert!(found.out.contains(&command), "{}", found.out);
    let other = folder.fanin(&["check", "64 -> 11x16 sigmoid -> 10", "--weights", "w.npz"]);
    assert!(other.code < 2 && !other.out.contains("fanin fix \""), "{}{}", other.out, other.err);
}

#[test]
fn a_network_that_is_judged_in_part_has_a_report_of_that() {
    let folder = Folder::new();
    folder.write("sound.onnx", with_a_foreign_operator(false));
    let report = folder.fanin(&["check", "sound.onnx", "--report", "page.json"]);
    assert_eq!(report.code, 0, "{}{}", report.out, report.err);
    let page = std::fs::read_to_string(folder.path().join("page.json")).unwrap();
    let page: Value = serde_json::from_str(&page).unwrap();
    let sections = page["sections"].as_array().unwrap();
    let ids: Vec<&str> = sections.iter().map(|section| section["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["findings", "depth", "method"]);
    assert_eq!(page["verdict"]["answer"], "unsure");
    assert!(page.to_string().contains("need the whole network"), "{page}");
    let board = folder.fanin(&["check", "sound.onnx", "--tensorboard", "board"]);
    assert_eq!(board.code, 2, "{}", board.out);
    let said = board.err.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("--tensorboard: found a network with operators"), "{said}");
}
