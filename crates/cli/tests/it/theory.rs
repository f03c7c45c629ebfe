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
        (["--activation", "exp(0.3*x^2)"], "E φ(x)² is infinite"),
        (["--activation", "1/(x-1.23456)"], "without bound towards x = 1.23456"),
    ] {
        let ended = fanin(&[&["theory"], &arguments[..]].concat());
        assert_eq!(ended.code, 2, "{arguments:?}");
        assert!(ended.err.contains(told), "{arguments:?}: {}", ended.err);
    }
}

#[test]
fn options_that_mean_nothing_for_a_network_are_mistakes() {
    for (network, option, value) in [
        ("attention", "--activation", "((("),
        ("attention", "--width", "64"),
        ("attention", "--bias-variance", "0.1"),
        ("attention", "--image", "8x8"),
        ("dense", "--tokens", "8"),
        ("dense", "--cosine", "0.5"),
        ("layer-norm", "--logit-variance", "1"),
        ("batch-norm", "--branch", "0.5"),
        ("residual", "--image", "8x8"),
    ] {
        let ended = fanin(&["theory", "--network", network, option, value]);
        assert_eq!(ended.code, 2, "{network} {option}");
        let told = format!("{option}: found it with --network {network}");
        assert!(ended.err.contains(&told), "{network} {option}: {}", ended.err);
    }
    let ended = fanin(&["theory", "--network", "dense", "--no-skip"]);
    assert!(ended.code == 2 && ended.err.contains("--network attention"), "{}", ended.err);
    let ended = fanin(&["theory", "--network", "attention", "--tokens", "1"]);
    assert!(ended.code == 2 && ended.err.contains("at least two"), "{}", ended.err);
    let ended = fanin(&["theory", "--network", "convolution", "--kernel", "3"]);
    assert!(ended.code == 2 && ended.err.contains("--image"), "{}", ended.err);
}

#[test]
fn an_expression_may_begin_with_a_minus_and_a_published_name_is_answered() {
    let ended = fanin(&["theory", "--activation", "-log(1+exp(-x))", "--depth", "2"]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    let ended = fanin(&["theory", "--activation", "swish"]);
    assert!(ended.code == 2 && ended.err.contains("`silu`"), "{}", ended.err);
    let ended = fanin(&["theory", "--activation", "maxout"]);
    assert!(ended.code == 2 && ended.err.contains("several numbers at once"), "{}", ended.err);
}

#[test]
fn signals_without_an_end_are_told_in_words_and_signs() {
    for activation in ["x^3", "relu2", "exp(x)", "exp(10*x)"] {
        let ended = fanin(&["theory", "--activation", activation, "--depth", "8"]);
        assert_eq!(ended.code, 0, "{activation}: {}", ended.err);
        assert!(ended.out.contains("∞: grows beyond all numbers"), "{activation}: {}", ended.out);
        for word in ["NaN", " inf"] {
            let found = ended.out.replace(" infinite", "");
            assert!(!found.contains(word), "{activation}: {}", ended.out);
        }
    }
    let found = object(&["--activation", "exp(10*x)", "--depth", "8"]);
    assert_eq!(found["averages"]["warning"], Value::Null);
    assert_eq!(found["second_moment"], Value::Null);
}

#[test]
fn narrow_deep_relu_networks_are_told_how_often_they_are_born_dead() {
    let told =
        |width| fanin(&["theory", "--activation", "relu", "--depth", "10", "--width", width]).out;
    let narrow = told("2");
    assert!(narrow.contains("born dead") && narrow.contains("of 94 networks in 100"), "{narrow}");
    assert!(!told("256").contains("born dead"));
}
