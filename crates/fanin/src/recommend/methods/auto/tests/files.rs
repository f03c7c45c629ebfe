//! Starts of networks in files, as exporters write them.

use std::path::Path;

use super::*;
use crate::import::{self, Options};

fn read_as(name: &str, options: &Options) -> Model {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/onnx");
    import::model(&folder.join(name), options).unwrap()
}

fn read(name: &str) -> Model {
    read_as(name, &Options::default())
}

fn started(model: &Model) -> Recommendation {
    recommended(model, &model.weights().unwrap().clone(), None)
}

#[test]
fn convolutions_of_a_file_are_foreseen() {
    let model = read("autoencoder_conv.onnx");
    let weights = model.weights().unwrap().clone();
    let mut data = normal_rows(&model);
    data.targets = Targets::Features;
    let told = expected(&problem(&model, &weights, None)).unwrap();
    let found = measured(&model, &weights, &data);
    for (told, (signal, _)) in told.iter().zip(&found) {
        // One draw of 4 to 16 channels.
        assert!((told.signal / signal).ln().abs() < 0.2, "{told:?} {signal}");
    }
}

#[test]
fn the_cell_of_an_lstm_of_a_file_begins_by_remembering() {
    let model = read("lstm_classifier.legacy.onnx");
    let weights = model.weights().unwrap().clone();
    let found = recommended(&model, &weights, None);
    let of = |role: Role| found.changes.iter().filter(move |change| change.role == role);
    assert!(of(Role::Recurrent).all(|change| change.scheme == "orthogonal:1"));
    assert!(of(Role::Recurrent).count() > 0, "{:?}", found.changes);
    assert!(of(Role::Bias).any(|change| change.scheme.starts_with("spaced-memory:")));
}

/// As the whole product gives them: whoever asks a method gets one start.
#[test]
fn a_split_table_is_tied_in_what_a_method_recommends() {
    let model = read("../code/tied_cell.onnx");
    let weights = model.weights().unwrap().clone();
    let parameters = model.parameters().unwrap();
    assert_eq!(spec::tied(&parameters).len(), 1);
    let found = recommended(&model, &weights, None);
    let mut tied = found.weights.clone();
    spec::tie(&parameters, &mut tied).unwrap();
    assert!(tied == found.weights);
    let is_said = found.changes.iter().any(|own| own.reason.starts_with("tied to val_35"));
    assert!(is_said, "{:?}", found.changes);
}

#[test]
fn both_directions_of_an_lstm_start_alike() {
    let found = started(&read("lstm_both_ways.onnx"));
    let after = |name: &str| {
        let change = found.changes.iter().find(|change| change.parameter == name);
        change.unwrap().scheme.clone()
    };
    assert_eq!(after("rnn.weight_ih_l0"), after("rnn.weight_ih_l0_reverse"));
    assert_eq!(after("rnn.weight_hh_l0"), after("rnn.weight_hh_l0_reverse"));
}

#[test]
fn attention_is_tempered_once_however_its_rows_are_followed() {
    // As the file leaves its batch open, and for one row alone, which is written out for each of many.
    let one_row =
        Options { inputs: [("x".to_owned(), vec![1, 4, 4])].into(), ..Options::default() };
    let models =
        [read("attention_open_batch.onnx"), read_as("attention_open_batch.onnx", &one_row)];
    let is_whole = |model: &Model| model.architecture().most_rows().is_some();
    assert_eq!(models.each_ref().map(is_whole), [false, true]);
    for model in &models {
        let found = started(model);
        let packed = found.changes.iter().find(|own| own.scheme.starts_with("attention-normal"));
        // Of 8 inputs with E x² = 1 a unit of variance 1/8 has E z² = 1, so logits of two heads of 4 units
        // E (q·k)²/4 = 1: queries and keys shrink by the fourth root of ten, to 0.35/1.78.
        let deviations = packed.unwrap().scheme.replace("attention-normal:", "");
        let found: Vec<f64> = deviations.split(',').map(|own| own.parse().unwrap()).collect();
        assert!((found[0] / 0.199 - 1.0).abs() < 0.1, "{found:?}");
        assert!((found[1] / 0.354 - 1.0).abs() < 0.1, "{found:?}");
    }
}

#[test]
fn what_a_file_writes_out_is_followed_as_the_function_that_it_is() {
    let model = read("steep_tanh.onnx");
    let found = started(&model);
    let data = normal_rows(&model);
    // tanh(5z) of z with E z² = q is tanh of 25q, whose gradient q·E φ′²/E φ² would grow ×3.2 a layer at q = 1.
    let measured = measured(&model, &found.weights, &data);
    for (signal, _) in &measured[1..4] {
        assert!((0.01..0.12).contains(signal), "{measured:?}");
    }
    let reason = &found.changes.iter().find(|own| own.parameter == "l.1.weight").unwrap().reason;
    assert!(reason.contains("the gradient of 4 such layers grows ×"), "{reason}");
}

/// The published start drives the first layer of sin(30·z) over several periods and leaves outputs small, without
/// which rates at which it learns diverge.
#[test]
fn a_network_of_steep_sines_on_coordinates_starts_as_published() {
    let model = read("siren.onnx");
    let found = started(&model);
    let change = |name: &str| found.changes.iter().find(|own| own.parameter == name).unwrap();
    let variance =
        |name: &str| change(name).after.mean.powi(2) + change(name).after.deviation.powi(2);
    // U(±1/2) of two coordinates, and 1/900 of what a layer of 32 units takes without its sines.
    assert!((variance("0.weight") * 12.0 - 1.0).abs() < 0.1, "{}", variance("0.weight"));
    let reason = &change("0.weight").reason;
    assert!(reason.contains("several periods"), "{reason}");
    let published = 6.0 / 32.0 / 900.0 / 3.0;
    for name in ["2.weight", "4.weight"] {
        let ratio = variance(name) / published;
        assert!((0.5..2.0).contains(&ratio), "{name}: {ratio}");
    }
    // E y² = 1/30 instead of 1.
    let outputs = variance("6.weight") * 32.0 * 0.43;
    assert!((0.015..0.07).contains(&outputs), "{outputs}");
}
