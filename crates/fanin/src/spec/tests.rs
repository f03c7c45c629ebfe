//! Files become specs and come back the same; mistakes name file, line, key and remedy.

use std::path::Path;

use super::*;
use crate::Error;

fn read(text: &str) -> crate::Result<Spec> {
    Spec::from_toml(text, Path::new("fanin.toml"))
}

#[track_caller]
fn refused(text: &str, message: &str) {
    assert_eq!(read(text).unwrap_err().to_string(), format!("fanin.toml: {message}"));
}

#[test]
fn empty_file_is_the_newcomers_run() {
    let spec = read("").unwrap();
    assert_eq!(spec, Spec::default());
    assert_eq!(spec.model.to_string(), "features -> 2x64 relu -> outputs");
    assert_eq!(spec.optimizer.name, "sgd");
    assert_eq!(spec.optimizer.settings(), [("learning_rate", 0.02), ("momentum", 0.9)]);
    assert_eq!(spec.train.batch_size, BatchSize::Rows(64));
    assert_eq!((spec.train.epochs, &spec.train.seeds[..]), (15, &[0, 1, 2][..]));
    assert_eq!(spec.data.standardize, Standardize::Standard);
    assert_eq!(spec.data.source, "digits");
}

/// Every pattern is that of some parameter.
#[track_caller]
fn check_patterns(init: &InitSpec, parameters: &[Parameter]) {
    for InitRule { pattern, .. } in &init.rules {
        let is_role = pattern == "role:head";
        assert!(is_role || parameters.iter().any(|p| glob::matches(pattern, &p.name)), "{pattern}");
    }
}

#[test]
fn example_says_what_it_seems_to_say() {
    let spec = read(EXAMPLE).unwrap();
    let model = "features -> 128 batch_norm relu dropout:0.1 -> 4x128 relu residual -> outputs";
    assert_eq!(spec.model.to_string(), model);
    assert_eq!(spec.task, Some(Task::Classification));
    assert_eq!(spec.init.rules.len(), 2);
    assert_eq!(spec.init.rules[1].pattern, "role:head");
    assert_eq!(spec.init.fans.as_deref(), Some("exact"));
    assert_eq!(spec.loss.label_smoothing, 0.05);
    assert_eq!(spec.optimizer.name, "adamw");
    assert_eq!(spec.optimizer.momentum, None);
    assert_eq!(spec.optimizer.decay, Decay::Weights);
    assert_eq!(spec.schedule.name, ScheduleName::Cosine);
    assert_eq!(spec.train.early_stopping, Some(EarlyStopping { patience: 5, min_delta: 0.0 }));
    let parameters = spec.model.resolve(64, 10).unwrap().parameters().unwrap();
    check_patterns(&spec.init, &parameters);
}

#[test]
fn example_names_every_key_and_every_choice() {
    let sections = [
        "init",
        "loss",
        "optimizer",
        "schedule",
        "train",
        "data",
        "reading",
        "train.early_stopping",
    ];
    for section in sections {
        let message = read(&format!("[{section}]\nzzz = 1\n")).unwrap_err().to_string();
        let keys = message.split("expected one of ").nth(1).unwrap();
        for key in keys.split(", ") {
            let key = key.split(';').next().unwrap();
            let shown = match key {
                "rules" | "early_stopping" => format!("{key}]"),
                "inputs" => "inputs.".to_owned(),
                _ => format!("{key} = "),
            };
            assert!(key == "seed" || EXAMPLE.contains(&shown), "{key} of [{section}]");
        }
    }
    let choices = [
        Task::NAMES,
        LossName::NAMES,
        ScheduleName::NAMES,
        Decay::NAMES,
        Standardize::NAMES,
        Missing::NAMES,
    ];
    for name in choices.concat() {
        assert!(EXAMPLE.contains(name), "{name}");
    }
}

#[test]
fn spec_survives_being_written_and_read() {
    let tables = "inputs = 8\n[[layers]]\nunits = 8\ninit = \"zeros\"\nresidual = 0.5\n\
                  [[layers]]\nrepeat = 2\nresidual = true\nlayers = [{ units = 2 }, { units = 8 }]\n\
                  [[layers]]\nunits = \"outputs\"\n";
    for text in [
        "",
        EXAMPLE,
        tables,
        "[optimizer]\nname = \"adam\"\n",
        "[train]\nseed = 18446744073709551615\n",
        "[reading]\nroles = [[\"g*\", \"norm-scale\"]]\ninputs.x = [1, 3]\n",
    ] {
        let spec = read(text).unwrap();
        let written = spec.to_toml();
        assert_eq!(read(&written).unwrap(), spec, "{written}");
        let json = serde_json::to_string(&spec).unwrap();
        assert_eq!(serde_json::from_str::<Spec>(&json).unwrap(), spec, "{json}");
    }
}

#[test]
fn settings_that_are_left_out_belong_to_the_named_optimizer() {
    let adam = read("[optimizer]\nname = \"adam\"\n").unwrap().optimizer;
    assert_eq!(adam.settings(), []);
    let sgd = read("[optimizer]\nlearning_rate = 1\n").unwrap().optimizer;
    assert_eq!(sgd.settings(), [("learning_rate", 1.0), ("momentum", 0.9)]);
    let plain = read("[optimizer]\nname = \"sgd\"\nmomentum = 0.0\n").unwrap().optimizer;
    assert_eq!(plain.settings(), [("learning_rate", 0.02), ("momentum", 0.0)]);
}

#[test]
fn tables_and_text_say_the_same_network() {
    let tables = "[[layers]]\nrepeat = 2\nunits = 8\nactivation = \"relu\"\nnorm = \"layer\"\n\
                  [[layers]]\nunits = 3\nbias = false\n";
    let text = "model = \"features -> 2x8 layer_norm relu -> 3 no_bias\"";
    assert_eq!(read(tables).unwrap(), read(text).unwrap());
}

#[test]
fn schemes_of_single_layers_become_rules_on_parameter_names() {
    let text = "[init]\nrules = [{ pattern = \"*\", scheme = \"z\" }]\n\
                [[layers]]\nrepeat = 2\nunits = 8\nactivation = \"relu\"\ninit = \"a\"\n\
                [[layers]]\nresidual = true\nlayers = [{ activation = \"relu\" }, \
                { units = 8, init = \"b\" }]\n\
                [[layers]]\nunits = 3\nnorm = \"batch\"\ninit = \"c\"\n";
    let spec = read(text).unwrap();
    let init = spec.init_rules();
    let rules: Vec<(&str, &str)> =
        init.rules.iter().map(|rule| (rule.pattern.as_str(), rule.scheme.as_str())).collect();
    let expected =
        [("0.weight", "a"), ("2.weight", "a"), ("4.branch.1.weight", "b"), ("5.weight", "c")];
    assert_eq!(rules[..4], expected);
    assert_eq!(rules[4], ("*", "z"));
    let parameters = spec.model.resolve(4, 3).unwrap().parameters().unwrap();
    check_patterns(&init, &parameters);
}

#[test]
fn unknown_keys_suggest_the_nearest() {
    refused(
        "\n[loss]\nname = \"huber\"\ndetla = 1",
        "line 4, key `loss.detla`: found an unknown key, \
         expected one of name, label_smoothing, delta; did you mean `delta`?",
    );
    refused(
        "modle = \"4 -> 2\"",
        "line 1, key `modle`: found an unknown key, expected one of model, inputs, task, layers, \
         init, loss, optimizer, schedule, train, data, reading, check; did you mean `model`?",
    );
    refused(
        "[[layers]]\nunits = 1\n[[layers]]\nunit = 1\n",
        "line 4, key `layers[1].unit`: found an unknown key, expected one of repeat, units, bias, \
         norm, activation, dropout, residual, init, layers; did you mean `units`?",
    );
    refused(
        "[loss]\nname = \"cross-entropie\"",
        "line 2, key `loss.name`: found `cross-entropie`, expected one of cross-entropy, \
         binary-cross-entropy, squared-error, mean-squared-error, huber; \
         did you mean `cross-entropy`?",
    );
}

#[test]
fn values_of_another_kind_are_refused() {
    refused(
        "[optimizer]\nlearning_rate = \"fast\"",
        "line 2, key `optimizer.learning_rate`: found string \"fast\", expected a number",
    );
    refused(
        "[train]\nepochs = -1",
        "line 2, key `train.epochs`: found integer `-1`, expected a whole number of at least 0",
    );
    refused(
        "train.epochs = 99999999999999999999",
        "line 1, key `train.epochs`: found integer `99999999999999999999`, \
         expected a whole number of at least 0",
    );
    refused(
        "[train]\nbatch_size = \"all\"",
        "line 2, key `train.batch_size`: found string \"all\", \
         expected a whole number of rows, or \"full\"",
    );
    refused(
        "[train]\nseeds = [1, 2.5]",
        "line 2, key `train.seeds[1]`: found floating point `2.5`, \
         expected a whole number of at least 0",
    );
    refused(
        "[[layers]]\nunits = \"output\"",
        "line 2, key `layers[0].units`: found string \"output\", \
         expected a whole number of units, or \"outputs\"",
    );
    refused("loss = 3", "line 1, key `loss`: found integer `3`, expected a table");
    refused(
        "[[init.rules]]\nrole = \"head\"\npattern = \"*\"\nscheme = \"zeros\"",
        "line 1, key `init.rules[0]`: found both `pattern` and `role`, expected one of them",
    );
    refused(
        "[[init.rules]]\npattern = \"*\"",
        "line 1, key `init.rules[0]`: found no key `scheme`, expected it among the keys of this table",
    );
}

#[test]
fn text_that_is_not_toml_is_refused_with_its_line() {
    refused("\nmodel", "line 2: found key with no value, expected `=`");
    refused(
        "[train]\nepochs = 1\nepochs = 2",
        "line 3: found the key `epochs` again, expected each key once",
    );
    for text in ["[train", "= 1", "\u{0}", "x = \"\\q\"", "é", "[a]\n[a]"] {
        let error = read(text).unwrap_err();
        assert!(matches!(error, Error::Malformed { .. }), "{error}");
    }
    let deep = format!("x = {}", "[".repeat(100_000));
    assert!(matches!(read(&deep).unwrap_err(), Error::Malformed { .. }));
}

#[test]
fn grammar_mistake_names_file_and_line_and_keeps_its_caret() {
    let message = read("# a comment\nmodel = \"64 -> 0 relu -> 10\"").unwrap_err().to_string();
    let expected = "fanin.toml: line 2: cannot read the model: \
                    found 0 units, expected at least 1\n  64 -> 0 relu -> 10\n        ^";
    assert_eq!(message, expected);
}

#[test]
fn optimizer_settings_out_of_range_name_line_and_key() {
    refused(
        "[optimizer]\nlearning_rate = -0.1",
        "line 2: optimizer.learning_rate: found -0.1, expected a number above 0",
    );
    refused(
        "[optimizer]\nlearning_rate = nan",
        "line 2: optimizer.learning_rate: found NaN, expected a number above 0",
    );
    refused(
        "optimizer.clip_norm = inf",
        "line 1: optimizer.clip_norm: found inf, expected a number above 0",
    );
    refused(
        "optimizer.weight_decay = -1",
        "line 1: optimizer.weight_decay: found -1, expected a number of at least 0",
    );
    refused(
        "optimizer.nesterov = true\noptimizer.momentum = 0",
        "line 1: optimizer.nesterov: found true, expected a momentum above 0 beside it",
    );
    for key in ["momentum", "beta1", "beta2", "alpha"] {
        let expected = "expected a number from 0 up to but not including 1";
        let message = format!("line 1: optimizer.{key}: found 1, {expected}");
        refused(&format!("optimizer.{key} = 1"), &message);
    }
}

#[test]
fn training_settings_out_of_range_name_line_and_key() {
    refused(
        "train.epochs = 0",
        "line 1: train.epochs: found 0, expected a whole number of at least 1",
    );
    refused(
        "train.batch_size = 0",
        "line 1: train.batch_size: found 0, expected at least 1 row, or \"full\" for all",
    );
    refused("train.seeds = []", "line 1: train.seeds: found no seed, expected at least one");
    refused(
        "train.epochs = 0",
        "line 1: train.epochs: found 0, expected a whole number of at least 1",
    );
    refused(
        "train.target_accuracy = 90",
        "line 1: train.target_accuracy: found 90, expected a number above 0 and at most 1",
    );
    refused(
        "train.validation_fraction = 0.9",
        "line 1: train.test_fraction: found 1.1 together with train.validation_fraction, \
         expected less than 1, so that rows are left for training",
    );
    refused(
        "[train.early_stopping]",
        "line 1: train.early_stopping: found no validation rows, \
         expected a validation_fraction above 0 in [train], whose loss it watches",
    );
}

#[test]
fn other_settings_out_of_range_name_line_and_key() {
    refused(
        "schedule.factor = 0",
        "line 1: schedule.factor: found 0, expected a number above 0 and at most 1",
    );
    refused(
        "schedule.every_epochs = 0",
        "line 1: schedule.every_epochs: found 0, expected a whole number of at least 1",
    );
    refused(
        "schedule.final_factor = 2",
        "line 1: schedule.final_factor: found 2, expected a number from 0 to 1",
    );
    refused(
        "loss.name = \"huber\"\nloss.delta = 0",
        "line 2: loss.delta: found 0, expected a number above 0",
    );
    refused("loss.delta = 1", "line 1: loss.delta: found 1, expected `name = \"huber\"` beside it");
    refused(
        "task = \"regression\"\nloss.label_smoothing = 0.1",
        "line 2: loss.label_smoothing: found 0.1, \
         expected 0, since only cross-entropy smooths its labels",
    );
    refused(
        "init.scheme = \"\"",
        "line 1: init.scheme: found no text, expected the name of a scheme",
    );
    refused(
        "data.source = \"\"",
        "line 1: data.source: found no text, \
         expected the name of a data set, a file or a folder",
    );
}

#[test]
fn tables_of_layers_are_checked_like_the_text() {
    refused(
        "[[layers]]\nunits = 8\n[[layers]]\nunits = 4\nresidual = true",
        "line 4: layers[1].units: found 4 units from 8 in a residual, \
         expected 8: the result is added to the input, unit by unit",
    );
    refused(
        "[[layers]]\nunits = 8\ndropout = 1.5",
        "line 3: layers[0].dropout: found dropout rate 1.5, \
         expected a rate from 0 up to but not including 1",
    );
    refused(
        "[[layers]]\nunits = 8\nlayers = [{ units = 8 }]",
        "line 2: layers[0].units: found units beside a group of layers, \
         expected one of them",
    );
    refused(
        "[[layers]]\nbias = false",
        "line 2: layers[0].bias: found `no_bias` without units, \
         expected units in the same layer",
    );
    refused(
        "[[layers]]\nunits = 8\n[[layers]]",
        "line 3: layers[1]: found an empty layer, \
         expected units, a norm, an activation, dropout or layers",
    );
    refused(
        "inputs = 4",
        "line 1: inputs: found a number alone, expected `[[layers]]` tables after it",
    );
    refused(
        "inputs = 4\nmodel = \"4 -> 2\"",
        "line 1: inputs: found a number beside the text `model`, \
         expected the number of inputs at the beginning of that text",
    );
    refused(
        "model = \"4 -> 2\"\n[[layers]]",
        "line 2: layers: found tables beside the text `model`, expected only one of them",
    );
    let message = read("[[layers]]\nunits = 8\nactivation = \"tahn\"").unwrap_err().to_string();
    let start = "fanin.toml: line 3: layers[0].activation: found unknown activation `tahn`";
    assert!(message.starts_with(start), "{message}");
    assert!(message.ends_with("; did you mean `tanh`?"), "{message}");
}

#[test]
fn missing_file_is_named() {
    let error = Spec::read(Path::new("no/such/fanin.toml")).unwrap_err();
    assert_eq!(error.to_string(), "cannot read no/such/fanin.toml");
}

#[test]
fn data_are_named_also_where_they_are_the_usual_ones() {
    for (text, is_named) in [
        ("[data]\nsource = \"digits\"\n", true),
        ("[data]\ntest_share = 0.3\n", false),
        ("model = \"features -> outputs\"\n", false),
        ("[data", false),
    ] {
        assert_eq!(Spec::names_data(text), is_named, "{text}");
    }
}
