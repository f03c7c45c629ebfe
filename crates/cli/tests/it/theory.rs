//! `fanin theory`: digits, tables, and mistakes.

use serde_json::Value;

use crate::command::fanin;

#[track_caller]
fn object(arguments: &[&str]) -> Value {
    let ended = fanin(&[&["theory"], arguments, &["--json"]].concat());
    assert_eq!(ended.code, 0, "{}", ended.err);
    serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {}", ended.out))
}

#[test]
fn theory_gives_the_critical_point_of_tanh_to_its_last_digits() {
    let found = object(&["--activation", "tanh", "--bias-variance", "0.05"]);
    assert_eq!(found["schema"], "fanin.theory/1");
    let near = |value: &Value, want: f64| (value.as_f64().unwrap() - want).abs() < 1e-9;
    assert!(near(&found["point"]["weight_variance"], 1.760_954_639_6));
    assert!(near(&found["fixed_point"]["second_moment"], 0.570_047_881_6));
    assert_eq!(found["chosen"], "critical");
}

#[test]
fn theory_tells_what_schemes_do_to_a_deep_relu_network() {
    let found = object(&[]);
    let schemes = found["schemes"].as_array().unwrap();
    let of = |name: &str| {
        let has = |row: &&Value| row["schemes"].as_array().unwrap().iter().any(|s| s == name);
        schemes.iter().find(has).unwrap_or_else(|| panic!("{name} is missing"))
    };
    assert_eq!(of("torch-default")["trainable"]["layers"], 3);
    assert_eq!(of("torch-default")["trainable"]["limit"], "alike");
    assert_eq!(of("fan-in-uniform")["trainable"]["layers"], 7);
    assert_eq!(of("he-normal")["trainable"]["layers"], Value::Null);
    let gradient = of("xavier-normal")["gradient_log10"].as_f64().unwrap();
    assert!((gradient + 15.051_499_783).abs() < 1e-8, "{gradient}");
}

#[test]
fn a_written_activation_is_the_one_it_spells() {
    let written = object(&["--activation", "x*tanh(log(1+exp(x)))", "--depth", "3"]);
    let named = object(&["--activation", "mish", "--depth", "3"]);
    let gain = |found: &Value| found["gains"]["exact"].as_f64().unwrap();
    assert!((gain(&written) - gain(&named)).abs() < 1e-12);
}

#[test]
fn every_network_has_its_text() {
    let networks =
        ["dense", "convolution", "residual", "pre-norm", "batch-norm", "layer-norm", "attention"];
    for network in networks {
        let ended = fanin(&["theory", "--network", network, "--depth", "4"]);
        assert_eq!(ended.code, 0, "{network}: {}", ended.err);
        assert!(ended.out.starts_with(if network == "attention" { "attention" } else { "relu" }));
    }
}

#[test]
fn mistakes_are_told_with_their_place() {
    for (arguments, told) in [
        (["--activation", "x*tahn(x)"], "    ^^^^"),
        (["--activation", "tahn"], "did you mean `tanh`"),
        (["--depth", "0"], "from 1 to 10,000 layers"),
        (["--width", "0"], "from 1 to 10,000,000 units"),
        (["--width", "10000000000"], "found 10000000000, expected from 1 to"),
        (["--weight-variance", "-1"], "a number above 0"),
        (["--bias-variance", "nan"], "a number from 0 on"),
        (["--activation", "0*x"], "an activation with"),
    ] {
        let ended = fanin(&[&["theory"], &arguments[..]].concat());
        assert_eq!(ended.code, 2, "{arguments:?}");
        assert!(ended.err.contains(told), "{arguments:?}: {}", ended.err);
    }
}
