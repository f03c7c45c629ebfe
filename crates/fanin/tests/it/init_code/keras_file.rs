//! Recurrent cells of a file that Keras wrote, as code for Keras: ONNX packs directions and biases.

use std::process::Command;

use fanin::init::Role;
use fanin::recommend::{Language, Recommendation, code};
use fanin::spec::Model;

use super::{folder, found, python_with};

/// An `LSTM` both ways, one behind it and a dense layer whose bias of zeros the exporter left out, as
/// `data/code/keras_cells.py` makes them.
fn cells() -> (Model, Recommendation) {
    let path = folder().join("keras_cells.onnx");
    let model = fanin::import::model(&path, &fanin::import::Options::default()).unwrap();
    let scheme = |name: &str| {
        Some(match &name[..1] {
            "W" => "normal:0.3",
            "R" => "orthogonal:1",
            "B" => "spaced-memory:6",
            _ => "constant:0.5",
        })
    };
    let found = found(&model, scheme);
    (model, found)
}

#[test]
fn cells_of_a_keras_file_are_drawn_variable_by_variable_in_the_order_of_its_gates() {
    let (model, found) = cells();
    let text = code(&model, &found, Language::Keras).unwrap();
    let rules = text.split_once("RULES = [\n").unwrap().1.split_once("\n]\n").unwrap().0;
    let kernel = "lambda s: init.RandomNormal(0.0, 0.3, seed=s)";
    let memory = |units: usize| {
        let steps = |last: &str| {
            format!(
                "lambda s: lambda shape, dtype: keras.ops.linspace(0.0, {last}, shape[-1], dtype=dtype)"
            )
        };
        let zeros = "lambda s: init.Zeros()";
        let gates = [steps("-1.60944").as_str(), &steps("1.60944"), zeros, zeros].join(", ");
        format!("({}, parts(1, {:?}, {gates}))", 4 * units, [units; 4])
    };
    let state = |units: usize| {
        let isometries = "*[lambda s: init.Orthogonal(1.0, seed=s)] * 4";
        format!("({}, parts(1, {:?}, {isometries}))", 4 * units * units, [units; 4])
    };
    let lines: Vec<&str> = rules.lines().map(|line| line.trim().trim_end_matches(',')).collect();
    let expected = [
        "*[".to_owned(),
        format!("(80, {kernel})"),
        state(4),
        memory(4),
        "] * 2".to_owned(),
        format!("(96, {kernel})"),
        state(3),
        memory(3),
        "(6, lambda s: init.Constant(0.5))".to_owned(),
    ];
    assert_eq!(lines, expected, "{text}");
    assert!(text.contains("or layer(v) in cells]"), "{text}");
}

/// Biases stay as they are, and the code leaves out all vectors.
#[test]
fn biases_of_cells_that_stay_are_not_counted_in_a_keras_file() {
    let (model, mut found) = cells();
    found.changes.retain(|change| !change.parameter.starts_with('B'));
    let text = code(&model, &found, Language::Keras).unwrap();
    assert!(text.contains("if len(v.shape) > 1]"), "{text}");
    assert!(!text.contains("None)") && text.contains("] * 2,"), "{text}");
}

/// A `GRU`, a plain cell and a dense layer: Keras writes such cells as loops that carry their weights.
fn loops() -> (Model, Recommendation) {
    let path = folder().join("keras_loops.onnx");
    let model = fanin::import::model(&path, &fanin::import::Options::default()).unwrap();
    let scheme = |name: &str| match name {
        name if name.contains("_cell_1/Cast_1/") => Some("orthogonal:1"),
        name if name.contains("_cell_1/Cast/") => Some("normal:0.3"),
        name if name.contains("dense") => Some("constant:0.5"),
        _ => None,
    };
    let found = found(&model, scheme);
    (model, found)
}

#[test]
fn weights_of_the_state_of_a_loop_are_recurrent_and_know_their_gates() {
    use fanin::init::Component::{Candidate, ResetGate, UpdateGate};
    let parameters = loops().0.parameters().unwrap();
    let own = |name: &str| {
        let name = format!("{name}_cell_1/Cast_1/ReadVariableOp/resource:0");
        parameters.iter().find(|own| own.name.ends_with(&name)).unwrap()
    };
    let (gru, plain) = (own("gru"), own("simple_rnn"));
    assert_eq!((gru.role, plain.role), (Role::Recurrent, Role::Recurrent));
    let packing = gru.packing.as_ref().unwrap();
    assert_eq!(packing.parts, [UpdateGate, ResetGate, Candidate].map(|gate| (gate, 4)));
    assert_eq!((packing.axis, plain.activation.as_deref()), (1, Some("tanh")));
}

#[test]
fn cells_that_keras_wrote_as_loops_are_drawn_in_the_order_of_its_variables() {
    let (model, found) = loops();
    let text = code(&model, &found, Language::Keras).unwrap();
    let rules = text.split_once("RULES = [\n").unwrap().1.split_once("\n]\n").unwrap().0;
    let lines: Vec<&str> = rules.lines().map(|line| line.trim().trim_end_matches(',')).collect();
    let (kernel, state) = ("init.RandomNormal(0.0, 0.3, seed=s)", "init.Orthogonal(1.0, seed=s)");
    let expected = [
        format!("(60, lambda s: {kernel})"),
        format!("(48, parts(1, [4, 4, 4], *[lambda s: {state}] * 3))"),
        format!("(12, lambda s: {kernel})"),
        format!("(9, lambda s: {state})"),
        "(6, lambda s: init.Constant(0.5))".to_owned(),
    ];
    assert_eq!(lines, expected, "{text}");
    assert!(text.contains("and v.name != \"bias\"]"), "{text}");
}

const PASTED: &str = include_str!("keras_file.py");

#[test]
fn pasted_code_of_a_keras_file_draws_its_cells() {
    let Some(python) = python_with("keras, tensorflow") else {
        eprintln!("skipped: no python3 here has keras and tensorflow; FANIN_TORCH may name one");
        return;
    };
    let files = [("cells", cells()), ("loops", loops())].map(|(name, (model, found))| {
        let name = format!("fanin-{}-keras-{name}.py", std::process::id());
        let file = std::env::temp_dir().join(name);
        std::fs::write(&file, code(&model, &found, Language::Keras).unwrap()).unwrap();
        file
    });
    let ran = Command::new(python).args(["-c", PASTED]).args(&files).output().unwrap();
    files.iter().for_each(|file| std::fs::remove_file(file).unwrap());
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}
