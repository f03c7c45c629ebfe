//! Names of parameters where a file was exported from a module.

use fanin::formats::Existing;
use fanin::init::Parameter;
use fanin::recommend::{
    Language, Names, Options, Recommendation, Scale, code, notes_on_names, redraw,
};
use fanin::spec::{Architecture, Body, Ground, Model, ModelSpec, Spec};

use super::found;

/// A network whose file tells of its module: of prelu's slopes it has none under its name.
#[derive(Debug)]
struct Exported(Vec<Parameter>, &'static [&'static str]);

impl Architecture for Exported {
    fn label(&self) -> String {
        "exported.onnx".to_owned()
    }

    fn inputs(&self) -> usize {
        8
    }

    fn output(&self) -> fanin::engine::Shape {
        [8].into()
    }

    fn parameters(&self) -> fanin::Result<Vec<Parameter>> {
        Ok(self.0.clone())
    }

    fn module_names(&self) -> Vec<String> {
        self.1.iter().map(|name| (*name).to_owned()).collect()
    }

    fn build(&self, _ground: Ground) -> fanin::Result<Body> {
        unreachable!("code needs no graph")
    }
}

fn exported(parameters: &[&str], module: &'static [&'static str]) -> (Model, Recommendation) {
    let linear = |name: &&str| Parameter::linear(name, 8, 8);
    let model = Model::graph(Exported(parameters.iter().map(linear).collect(), module));
    let found = found(&model, |_| Some("normal:0.5"));
    (model, found)
}

#[test]
fn a_pattern_fits_no_parameter_that_the_file_does_not_have() {
    let names = ["0.weight", "2.weight"];
    for (module, rule) in [
        (&["0.weight", "1.weight", "2.weight"][..], "([\"0.weight\", \"2.weight\"], "),
        (&["0.weight", "2.weight"], "([\"*.weight\"], "),
        // Nothing is told: others may be there.
        (&[], "([\"0.weight\", \"2.weight\"], "),
    ] {
        let (model, found) = exported(&names, module);
        let text = code(&model, &found, Language::Torch).unwrap();
        assert!(text.contains(rule), "{module:?}: {text}");
        let flax = code(&model, &found, Language::Flax).unwrap();
        assert_eq!(flax.contains("\"*/kernel\""), module.len() == 2, "{flax}");
    }
}

#[test]
fn code_says_which_parameters_of_the_module_it_cannot_know() {
    let (model, found) = exported(&["0.weight"], &["0.weight", "1.weight"]);
    let notes = |language| notes_on_names(&model, &[Names::Code(language)]).unwrap();
    assert!(notes(Language::Torch)[0].contains("that is: 1.weight."));
    assert!(notes(Language::Rust).is_empty());
    for language in [Language::Torch, Language::Flax, Language::Keras, Language::Numpy] {
        let text = code(&model, &found, language).unwrap();
        assert!(text.contains("not in the file under their names") && text.contains("1.weight"));
    }
    let (model, found) = exported(&["0.weight"], &["0.weight"]);
    assert!(!code(&model, &found, Language::Torch).unwrap().contains("under their names"));
}

#[test]
fn a_name_that_the_exporter_made_is_refused_with_the_way_to_the_modules_own() {
    for (name, module) in [
        ("mul_1", &["n.0.parametrizations.weight.original1"][..]),
        ("val_66", &["rnn.bias_ih_l0"]),
        ("onnx::LSTM_193", &[]),
    ] {
        let (model, found) = exported(&[name], module);
        for language in [Language::Torch, Language::Flax] {
            let error = code(&model, &found, language).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains("optimize=False"), "{error}");
        }
        assert!(code(&model, &found, Language::Numpy).unwrap().contains(name));
    }
}

#[test]
fn a_file_of_keras_is_drawn_by_its_matrices() {
    let name = "sequential_1/dense_1/Cast/ReadVariableOp:0";
    let (model, found) = exported(&[name], &[]);
    let error = code(&model, &found, Language::Torch).unwrap_err().to_string();
    assert!(error.contains("take keras") && !error.contains("torch.onnx"), "{error}");
    let text = code(&model, &found, Language::Keras).unwrap();
    assert!(text.contains("[v for v in model.trainable_variables if len(v.shape) > 1]"), "{text}");
    let (model, found) = exported(&["0.weight"], &[]);
    let text = code(&model, &found, Language::Keras).unwrap();
    assert!(text.contains("variables = model.trainable_variables\n"), "{text}");
}

#[test]
fn a_head_that_is_a_table_turned_is_drawn_once() {
    let table = Parameter::new("head.weight", [8, 4], fanin::init::Role::Embedding);
    let mut head = Parameter::linear("val_6", 4, 8);
    head.axes = fanin::init::fans::Axes::new(0, 1);
    head.framework = Some("head.weight".to_owned());
    let module = &["emb.weight", "head.weight"];
    let model = Model::graph(Exported(vec![table, head], module));
    let scheme = |name: &str| Some(if name == "val_6" { "normal:0.25" } else { "normal:1" });
    let found = found(&model, scheme);
    for language in [Language::Torch, Language::Keras, Language::Numpy, Language::Flax] {
        let text = code(&model, &found, language).unwrap();
        let rules = text.split_once("RULES = [").unwrap().1.split_once("\n]").unwrap().0;
        assert!(rules.contains("0.25") && !rules.contains("1.0"), "{language:?}: {rules}");
        assert_eq!(rules.trim().lines().count(), 1, "{language:?}: {rules}");
        assert!(text.contains("the table and the last matrix in one"), "{text}");
    }
}

/// A table, an `RNN`, a layer of every step and the table again as the last matrix, as
/// `torch.onnx.export(…, dynamo=True)` writes them: weights are turned and renamed.
#[test]
fn a_file_gives_names_that_its_module_has_and_ties_what_the_exporter_split() {
    let path = super::folder().join("tied_cell.onnx");
    let model = fanin::import::model(&path, &fanin::import::Options::default()).unwrap();
    let (parameters, module) = (model.parameters().unwrap(), model.architecture().module_names());
    assert!(module.contains(&"rnn.weight_ih_l0".to_owned()) && module.len() == 8, "{module:?}");
    for own in &parameters {
        assert!(own.framework.as_ref().is_none_or(|name| module.contains(name)), "{own:?}");
    }
    let names = fanin::spec::framework_names(&parameters);
    let tied = fanin::spec::tied(&parameters);
    let [(head, table)] = tied[..] else { panic!("{tied:?}") };
    assert_eq!((parameters[head].shape.axes(), &*names[table]), (&[4, 7][..], "head.weight"));

    let weights = model.weights().unwrap();
    let written = fanin::import::module_weights(&model, weights).unwrap();
    assert_eq!(written.tensors.len(), parameters.len() - 1);
    let notes = notes_on_names(&model, &[Names::Weights]).unwrap();
    assert!(notes[0].starts_with("1 tensor has its name and layout in the module"), "{notes:?}");
    assert_eq!(written.get("head.weight"), weights.get("head.weight"));
    assert!(written.get("fc.weight").is_some());
    let read = fanin::spec::from_framework(&parameters, written).unwrap();
    assert!(weights.tensors.iter().all(|(name, tensor)| read.get(name) == Some(tensor)));

    let known = found(&model, |name| (!name.starts_with("rnn.")).then_some("normal:0.5"));
    let error = code(&model, &known, Language::Torch).unwrap_err().to_string();
    assert!(error.contains("val_") && error.contains("optimize=False"), "{error}");
    let mut known = known;
    known.changes.retain(|change| {
        let at = parameters.iter().position(|own| own.name == change.parameter).unwrap();
        module.contains(&names[at]) || at == head
    });
    let text = code(&model, &known, Language::Torch).unwrap();
    assert!(text.contains("\"fc.weight\""), "{text}");
    assert_eq!(text.matches("\"head.weight\"").count(), 1, "{text}");
}

/// Whether the table of a start has the values of its last matrix.
fn is_one(weights: &fanin::weights::Weights) -> bool {
    let [table, head] = ["head.weight", "val_35"].map(|name| weights.get(name).unwrap());
    let &[rows, width] = table.shape().axes() else { panic!("{table:?}") };
    let pairs = (0..rows).flat_map(|row| (0..width).map(move |column| (row, column)));
    let mut pairs = pairs.map(|(row, column)| (row * width + column, column * rows + row));
    pairs.all(|(own, other)| table.data()[own] == head.data()[other])
}

#[test]
fn a_split_table_is_tied_in_what_is_judged_proved_and_written() {
    let path = super::folder().join("tied_cell.onnx");
    let mut spec = Spec { model: ModelSpec::File(path), ..Spec::default() };
    let (data, model) = fanin::open_or_stand_in(&mut spec).unwrap();
    let weights = model.weights().unwrap();
    for method in ["auto", "lsuv", "balanced"] {
        let options = Options { method: Some(method.to_owned()), ..Options::default() };
        let repair = fanin::recommend(&spec, &model, weights, &data, &options).unwrap();
        let found = repair.recommendation.unwrap();
        let change = |name: &str| found.changes.iter().find(|own| own.parameter == name).unwrap();
        let [table, head] = ["head.weight", "val_35"].map(change);
        assert_eq!(table.scheme, head.scheme, "{method}");
        // Sums of the same numbers in another order.
        assert!((table.after.deviation / head.after.deviation - 1.0).abs() < 1e-6, "{method}");
        assert!(table.reason.starts_with("tied to val_35"), "{table:?}");
        assert_eq!(table.before, Scale::of(weights.get("head.weight").unwrap().data()));
        assert!(is_one(&found.weights) && found.weights != *weights);

        let drawn = found.drawn(&model, weights, 5).unwrap();
        assert!(is_one(&drawn) && drawn.get("val_35") != weights.get("val_35"));
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("mended.onnx");
        fanin::write_model(&model, &found.weights, &target, Existing::Keep).unwrap();
        let again = fanin::import::model(&target, &fanin::import::Options::default()).unwrap();
        for (name, tensor) in &found.weights.tensors {
            assert_eq!(again.weights().unwrap().get(name), Some(tensor), "{method}");
        }
        assert_eq!(fanin::spec::tied(&again.parameters().unwrap()).len(), 1, "{method}");
    }
}

#[test]
fn a_table_that_is_the_last_matrix_too_is_not_drawn_by_itself() {
    let path = super::folder().join("tied_cell.onnx");
    let model = fanin::import::model(&path, &fanin::import::Options::default()).unwrap();
    let weights = model.weights().unwrap();
    let drawn = |rules: &[(&str, &str)]| redraw(&model, weights, rules, 3).unwrap();
    assert_eq!(drawn(&[("head.weight", "normal:1")]), *weights);
    let both = drawn(&[("head.weight", "normal:1"), ("val_35", "orthogonal:0.5")]);
    assert!(is_one(&both) && both == drawn(&[("val_35", "orthogonal:0.5")]) && both != *weights);
}
