//! Names of parameters where a file was exported from a module.

use fanin::init::Parameter;
use fanin::recommend::{Language, Recommendation, code};
use fanin::spec::{Architecture, Body, Ground, Model};

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
    let notes = |language| fanin::recommend::code_notes(&model, &found, language).unwrap();
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
    let (written, renamed) = fanin::import::module_weights(&model, weights).unwrap();
    assert_eq!((written.tensors.len(), renamed), (parameters.len() - 1, 1));
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
