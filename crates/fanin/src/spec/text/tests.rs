//! What the text says, what it refuses in which words, and that it survives being written.

use proptest::prelude::*;

use crate::Error;
use crate::spec::{Layer, LayerSpec, Sequential, SequentialSpec, Units};

fn linear(units: usize) -> Layer {
    Layer::Linear { units, bias: true }
}

fn activation(name: &str) -> Layer {
    Layer::Activation(name.to_owned())
}

#[track_caller]
fn says(text: &str, inputs: usize, layers: &[Layer]) {
    let model: Sequential = text.parse().unwrap();
    assert_eq!(model, Sequential { inputs, layers: layers.to_vec() });
}

/// The message of a refused text: its first line, and the characters over the carets.
#[track_caller]
fn refused(text: &str, under_caret: &str, message: &str) {
    let error = text.parse::<Sequential>().unwrap_err();
    let Error::Grammar { text: shown, start, end, .. } = &error else {
        panic!("not a grammar error: {error}");
    };
    assert_eq!(&shown[*start..*end], under_caret);
    let expected = format!("cannot read the model: {message}\n");
    let whole = error.to_string();
    assert!(whole.starts_with(&expected), "{whole}\n--- instead of\n{expected}");
}

#[test]
fn linear_layers_activations_and_dropout_become_modules_in_order() {
    says(
        "784 -> 256 relu -> 2x64 tanh dropout:0.1 -> 10",
        784,
        &[
            linear(256),
            activation("relu"),
            linear(64),
            activation("tanh"),
            Layer::Dropout { rate: 0.1 },
            linear(64),
            activation("tanh"),
            Layer::Dropout { rate: 0.1 },
            linear(10),
        ],
    );
}

#[test]
fn words_stand_in_any_order_and_become_norm_activation_dropout() {
    let modules = [
        Layer::Linear { units: 8, bias: false },
        Layer::BatchNorm,
        activation("relu"),
        Layer::Dropout { rate: 0.5 },
    ];
    says("4 -> 8 dropout:0.5 relu no_bias batch_norm", 4, &modules);
    says("4->8 no_bias batch_norm relu dropout:.5", 4, &modules);
    says("4 → 8 relu batch_norm dropout:0.5 no_bias", 4, &modules);
}

#[test]
fn residual_wraps_the_modules_of_its_element() {
    let block = |scale| Layer::Residual { scale, layers: vec![linear(8), Layer::PRelu] };
    says("8 -> 2x8 prelu residual -> 3", 8, &[block(1.0), block(1.0), linear(3)]);
    says("8 -> 8 residual:0.5 prelu", 8, &[block(0.5)]);
}

#[test]
fn group_becomes_one_branch_or_is_repeated() {
    let branch = vec![linear(4), activation("relu"), linear(8)];
    let block = Layer::Residual { scale: 1.0, layers: branch.clone() };
    says("8 -> 2x(4 relu -> 8) residual", 8, &[block.clone(), block]);
    says("8 -> 2x(4 relu -> 8)", 8, &[branch.clone(), branch].concat());
}

#[test]
fn element_without_units_has_only_the_modules_of_its_words() {
    let modules = [Layer::Dropout { rate: 0.2 }, linear(3), activation("relu"), activation("tanh")];
    says("4 -> dropout:0.2 -> 3 relu -> tanh", 4, &modules);
}

#[test]
fn caret_stands_under_the_unknown_word() {
    let message = "784 -> 256 rleu -> 10".parse::<Sequential>().unwrap_err().to_string();
    let lines: Vec<&str> = message.lines().collect();
    assert!(lines[0].starts_with("cannot read the model: found unknown word `rleu`, expected"));
    assert!(lines[0].contains("dropout:RATE, batch_norm, layer_norm, no_bias, residual"));
    assert!(lines[0].ends_with("; did you mean `relu`?"));
    assert_eq!(lines[1], "  784 -> 256 rleu -> 10");
    assert_eq!(lines[2], "             ^^^^");
    assert_eq!(lines.len(), 3);
}

#[test]
fn caret_counts_characters_and_not_bytes() {
    let message = "4 → 0 → 2".parse::<Sequential>().unwrap_err().to_string();
    assert!(message.ends_with("\n  4 → 0 → 2\n      ^"), "{message}");
}

#[test]
fn mistyped_word_suggests_the_nearest() {
    for (word, near) in [("tahn", "tanh"), ("droput:0.1", "dropout"), ("output", "outputs")] {
        let text = format!("4 -> 8 {word} -> 2");
        let message = text.parse::<Sequential>().unwrap_err().to_string();
        assert!(message.contains(&format!("did you mean `{near}`?")), "{message}");
    }
}

#[test]
fn sizes_out_of_range_are_refused() {
    refused("784 -> 0 relu -> 10", "0", "found 0 units, expected at least 1");
    refused("0 -> 10", "0", "found 0 inputs, expected at least 1");
    refused("4 -> 0x8 relu -> 10", "0", "found 0 layers, expected at least 1");
    let limit = "expected at most 2147483648 parameters in one tensor";
    refused(
        "64 -> 1000000000000 relu -> 10",
        "1000000000000",
        &format!("found 1000000000000 units, {limit}"),
    );
    let huge = "99999999999999999999999";
    refused(&format!("64 -> {huge} -> 10"), huge, &format!("found {huge} units, {limit}"));
    refused(&format!("{huge} -> 10"), huge, &format!("found {huge} inputs, {limit}"));
    refused(
        "100000 -> 100000",
        "100000",
        &format!(
            "found 100000 units with 100000 inputs each, which are 10000000000 weights, {limit}"
        ),
    );
    refused(
        "64 -> 1000000000x64 relu -> 10",
        "1000000000",
        "found 1000000000 layers, expected a network of at most 100000 modules",
    );
    refused(
        "64 -> 1000000x(9999999x(99999999x2 -> 64)) -> 10",
        "1000000",
        "found 1000000 layers, expected a network of at most 100000 modules",
    );
    refused(
        "64 -> 99999999999999999999x64 -> 10",
        "99999999999999999999",
        &format!("found 99999999999999999999 layers, {limit}"),
    );
}

#[test]
fn product_over_the_limit_stands_at_the_later_layer() {
    let error = "100000 -> 2 -> 2x100000".parse::<Sequential>().unwrap_err();
    let Error::Grammar { start, .. } = error else { panic!("{error}") };
    assert_eq!(start, 17);
}

#[test]
fn sum_over_the_limit_is_refused_without_overflow() {
    let message = "40000 -> 9x40000".parse::<Sequential>().unwrap_err().to_string();
    let expected = "model: found 14400360000 parameters, expected at most 8589934592";
    assert_eq!(message, expected);
}

#[test]
fn unfinished_texts_are_refused() {
    let example = "expected a network such as `64 -> 32 relu -> 10`";
    refused("", "", &format!("found no text, {example}"));
    refused("  \n", "", &format!("found no text, {example}"));
    refused(
        "784",
        "",
        "found the end of the text, expected `->` and the layers, the last with the number of outputs",
    );
    let layer = "expected a layer such as `10`";
    refused("784 -> 256 relu ->", "->", &format!("found the end of the text after `->`, {layer}"));
    refused("784 -> 8 -> -> 10", "->", "found `->`, expected a layer such as `64 relu`");
    refused("-> 8", "->", "found `->`, expected the number of inputs, or `features`");
    refused("4 -> relu", "4", "found no layer with units, expected at least one, such as `-> 10`");
    refused(
        "4 -> (8 -> 2",
        "",
        "found the end of the text, expected `)` after the group's last layer",
    );
    refused("4 -> 8) -> 2", ")", "found `)`, expected `(` before it");
    refused("4 -> () -> 2", ")", "found `)`, expected a layer such as `64 relu`");
}

#[test]
fn second_arrow_is_the_one_under_the_caret() {
    let message = "784 -> 8 -> -> 10".parse::<Sequential>().unwrap_err().to_string();
    assert!(message.ends_with("\n  784 -> 8 -> -> 10\n              ^^"), "{message}");
}

#[test]
fn sizes_without_arrows_are_told_with_them() {
    let told = [
        ("784-256-10 relu", "784 -> 256 relu -> 10"),
        ("64-10×64-10 ReLU batch_norm", "64 -> 10x64 relu batch_norm -> 10"),
        ("784, 256, 10", "784 -> 256 -> 10"),
        ("784 256 10", "784 -> 256 -> 10"),
        ("64 > 10", "64 -> 10"),
    ];
    for (text, arrows) in told {
        let expected = format!("`->` between layers; did you mean `{arrows}`?");
        refused(text, text, &format!("found sizes without arrows, expected {expected}"));
    }
    for text in ["784-256-10 rulu", "784", "4x4-10", "64-10 relu", "64 -> 10-20"] {
        let error = text.parse::<Sequential>().unwrap_err().to_string();
        assert!(!error.contains("without arrows"), "{error}");
    }
}

#[test]
fn misplaced_tokens_are_refused() {
    refused(
        "28x28 -> 10",
        "28x28",
        "found `28x28`, expected one number of inputs, here `784`: `NxM` repeats a layer",
    );
    refused(
        "784 relu -> 10",
        "relu",
        "found `relu`, expected `->` after the number of inputs, which stands alone",
    );
    refused("4 -> 8 16 -> 2", "16", "found `16`, expected `->` before the next layer");
    refused("4 -> relu 16 -> 2", "16", "found `16`, expected `->` before the next layer");
    refused("4 -> -8 -> 2", "-8", "found `-8`, expected a whole number of units");
    refused("4 -> 8.5 -> 2", "8.5", "found `8.5`, expected a whole number of units");
    refused(
        "4 -> 10x -> 2",
        "10x",
        "found `10x`, expected a number of units right after the `x`, as in `10x64`",
    );
    refused(
        "4 -> outputs -> 2",
        "outputs",
        "found `outputs`, expected a number: only the last layer has the width of the targets",
    );
    refused(
        "4 -> outputs",
        "outputs",
        "found `outputs`, expected a number, since there is no data to take it from",
    );
    refused(
        "features -> 2",
        "features",
        "found `features`, expected a number, since there is no data to take it from",
    );
}

#[test]
fn rates_and_parameters_out_of_range_are_refused() {
    let rate = "expected a rate from 0 up to but not including 1";
    refused("4 -> 8 dropout:1 -> 2", "dropout:1", &format!("found dropout rate 1, {rate}"));
    refused(
        "4 -> 8 dropout:-0.1 -> 2",
        "dropout:-0.1",
        &format!("found dropout rate -0.1, {rate}"),
    );
    refused("4 -> 8 dropout:NaN -> 2", "dropout:NaN", &format!("found dropout rate NaN, {rate}"));
    refused(
        "4 -> 8 dropout -> 2",
        "dropout",
        "found `dropout`, expected `dropout:RATE`, such as `dropout:0.1`",
    );
    refused(
        "4 -> 4 residual:inf -> 2",
        "residual:inf",
        "found residual factor inf, expected a finite number",
    );
    refused(
        "4 -> 8 relu:2 -> 2",
        "relu:2",
        "found `relu:2`, expected `relu` alone, since it takes no parameter",
    );
    refused(
        "4 -> 8 no_bias:1",
        "no_bias:1",
        "found `no_bias:1`, expected `no_bias` without a colon",
    );
}

#[test]
fn repeated_words_are_refused() {
    refused(
        "4 -> 8 relu tanh -> 2",
        "tanh",
        "found a second activation `tanh`, expected one activation in a layer; \
         a further one stands alone, `-> tanh`",
    );
    refused(
        "4 -> 8 batch_norm layer_norm -> 2",
        "layer_norm",
        "found a second norm `layer_norm`, expected one norm in a layer; \
         a further one stands alone, `-> layer_norm`",
    );
    refused("4 -> 8 no_bias no_bias", "no_bias", "found `no_bias` again, expected it once");
    refused("4 -> 4 residual residual:2", "residual:2", "found `residual` again, expected it once");
}

#[test]
fn width_change_inside_a_residual_is_explained() {
    refused(
        "784 -> 64 relu -> 32 relu residual -> 10",
        "32",
        "found 32 units from 64 in a residual, expected 64: the result is added to the input, unit by unit",
    );
    refused(
        "8 -> (4 relu -> 9) residual",
        "residual",
        "found 9 units from 8 in a residual, expected 8: the result is added to the input, unit by unit",
    );
}

#[test]
fn deep_nesting_is_refused_before_the_stack_ends() {
    let text = format!("4 -> {}", "(".repeat(100_000));
    let message = text.parse::<Sequential>().unwrap_err().to_string();
    assert!(message.contains("expected at most 8 groups within groups"));
}

#[test]
fn words_for_sizes_are_resolved_from_the_data() {
    let spec: SequentialSpec = "inputs -> 8 relu -> classes".parse().unwrap();
    assert_eq!(spec.to_string(), "features -> 8 relu -> outputs");
    assert_eq!(spec.inputs, None);
    let last = LayerSpec { units: Some(Units::Outputs), ..LayerSpec::default() };
    assert_eq!(spec.layers[1], last);
    assert_eq!(spec.resolve(4, 3).unwrap().to_string(), "4 -> 8 relu -> 3");
}

#[test]
fn sizes_from_the_data_are_checked_like_any_other() {
    let spec: SequentialSpec = "features -> 8 residual -> outputs".parse().unwrap();
    assert!(spec.resolve(8, 3).is_ok());
    let message = spec.resolve(9, 3).unwrap_err().to_string();
    let expected = "cannot read the model: found 8 units from 9 in a residual, expected 9: \
                    the result is added to the input, unit by unit\n  \
                    features -> 8 residual -> outputs\n              ^";
    assert_eq!(message, expected);
    let fixed: SequentialSpec = "8 -> 4".parse().unwrap();
    let message = fixed.resolve(9, 3).unwrap_err().to_string();
    let expected = "cannot read the model: found 8 inputs for data with 9 features, \
                    expected 9, or the word `features`\n  8 -> 4\n  ^";
    assert_eq!(message, expected);
}

#[test]
fn writing_merges_equal_neighbors() {
    let model: Sequential = "4 -> 8 relu -> 8 relu -> 8 relu -> 8 -> 2".parse().unwrap();
    assert_eq!(model.to_string(), "4 -> 3x8 relu -> 8 -> 2");
    let spec: SequentialSpec = "4 -> 8 relu -> 8 relu".parse().unwrap();
    assert_eq!(spec.to_string(), "4 -> 8 relu -> 8 relu");
}

fn module() -> impl Strategy<Value = Layer> {
    let names = fanin_engine::activations::names();
    prop_oneof![
        3 => (1_usize..4, any::<bool>()).prop_map(|(units, bias)| Layer::Linear { units, bias }),
        2 => proptest::sample::select(names).prop_map(activation),
        1 => Just(Layer::PRelu),
        1 => Just(Layer::BatchNorm),
        1 => Just(Layer::LayerNorm),
        1 => (0.0..1.0).prop_map(|rate| Layer::Dropout { rate }),
    ]
}

fn block() -> impl Strategy<Value = Layer> {
    let branch = proptest::collection::vec(module(), 1..4);
    let scale = prop_oneof![Just(1.0), -2.0..2.0];
    (scale, branch, any::<bool>()).prop_map(|(scale, mut layers, is_nested)| {
        if is_nested {
            layers.push(Layer::Residual { scale, layers: layers.clone() });
        }
        Layer::Residual { scale, layers }
    })
}

/// Makes every layer as wide as a residual branch needs it.
fn fix_widths(layers: &mut [Layer]) {
    for layer in layers {
        match layer {
            Layer::Linear { units, .. } => *units = 2,
            Layer::Residual { layers, .. } => fix_widths(layers),
            _ => {}
        }
    }
}

fn model() -> impl Strategy<Value = Sequential> {
    let plain = proptest::collection::vec(module(), 0..8);
    let blocks = proptest::collection::vec(prop_oneof![module(), block()], 0..8);
    (1_usize..4, plain, blocks).prop_map(|(inputs, plain, mut blocks)| {
        fix_widths(&mut blocks);
        let mut layers = plain;
        layers.push(linear(2));
        layers.append(&mut blocks);
        Sequential { inputs, layers }
    })
}

fn config() -> ProptestConfig {
    let seed = proptest::test_runner::RngSeed::Fixed(1);
    ProptestConfig { rng_seed: seed, failure_persistence: None, ..ProptestConfig::with_cases(512) }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_model_survives_being_written_and_read(model in model()) {
        let text = model.to_string();
        let read: Sequential = text.parse().map_err(|e: Error| TestCaseError::fail(e.to_string()))?;
        prop_assert_eq!(&read, &model);
        prop_assert_eq!(read.to_string(), text);
    }

    #[test]
    fn any_text_is_read_or_refused_without_panic(
        text in proptest::collection::vec(proptest::sample::select(vec![
            "4", "->", "→", "(", ")", "2x", "2x4", "relu", "residual", "dropout:0.5", "é", "x",
            "outputs", "features", " ", "-", "1e9", ":", "no_bias",
        ]), 0..12)
    ) {
        let text = text.concat();
        if let Err(error) = text.parse::<Sequential>() {
            prop_assert!(error.to_string().lines().count() <= 3);
        }
        if let Ok(spec) = text.parse::<SequentialSpec>() {
            prop_assert_eq!(spec.to_string().parse::<SequentialSpec>().unwrap(), spec);
        }
    }
}
