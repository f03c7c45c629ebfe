//! A start as source code: the text for three networks, and what the Rust code of one draws.
//!
//! What the frameworks draw is held against the stated deviations by
//! `tests/reference/init_code.py`, which says how to run it; where `python3`, or the Python that
//! `FANIN_TORCH` names, has torch or NumPy, it runs the code of real repairs as it is pasted. After a change that is wished, the
//! texts are written anew by `FANIN_BLESS=1 cargo test -p fanin --test it init_code`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use fanin::init::{Component, Packing, Parameter, Role};
use fanin::recommend::{Change, Language, Options, Recommendation, Scale, code};
use fanin::spec::{Architecture, Body, Ground, Model, Spec};
use fanin::weights::Weights;

mod layouts;
mod exported;
mod keras_file;

#[path = "../data/code/chain_rust.rs"]
mod chain_rust;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/code")
}

/// A recommendation of these schemes, by name.
fn found(model: &Model, scheme: impl Fn(&str) -> Option<&'static str>) -> Recommendation {
    let mut changes = Vec::new();
    for parameter in model.parameters().unwrap() {
        let Some(text) = scheme(&parameter.name).filter(|_| parameter.role.is_trained()) else {
            continue;
        };
        let part = parameter.packing.as_ref().map_or(parameter.clone(), |_| parameter.part(0));
        let explained = fanin::init::find(text).unwrap().distribution(&part).unwrap();
        changes.push(Change {
            parameter: parameter.name.clone(),
            module: None,
            role: parameter.role,
            before: Scale::default(),
            after: Scale { mean: explained.mean(), deviation: explained.deviation() },
            scheme: text.to_owned(),
            reason: String::new(),
        });
    }
    Recommendation {
        method: "auto",
        weights: fanin::weights::Weights::default(),
        changes,
        unmet: Vec::new(),
        offers: Vec::new(),
        learning_rate: None,
    }
}

/// A chain in which everything occurs that has one shape in all frameworks.
fn chain() -> (Model, Recommendation) {
    let model: Model = "48 -> 64 tanh -> 6x64 layer_norm gelu -> 40".parse().unwrap();
    let scheme = |name: &str| match name {
        "0.weight" => Some("orthogonal:1.5925"),
        "20.weight" => Some("keras-truncated-normal:0.02"),
        "0.bias" => Some("uniform:-0.1,0.1"),
        "20.bias" => Some("constant:0.5"),
        "3.weight" | "6.weight" | "9.weight" | "12.weight" | "15.weight" | "18.weight" => None,
        name if name.ends_with(".weight") => Some("normal:0.123456789"),
        _ => None,
    };
    let found = found(&model, scheme);
    (model, found)
}

/// Convolutions, some of them isometries.
fn convolutions() -> (Model, Recommendation) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/onnx/autoencoder_conv.onnx");
    let model = fanin::import::model(&path, &fanin::import::Options::default()).unwrap();
    let scheme = |name: &str| match name {
        "0.weight" | "2.weight" => Some("delta-orthogonal:1.25"),
        name if name.ends_with("weight") => Some("normal:0.05"),
        _ => Some("zeros"),
    };
    let found = found(&model, scheme);
    (model, found)
}

/// A cell of these gates and a head, known by their parameters alone.
#[derive(Debug)]
struct Gates(&'static str, &'static [Component]);

const LSTM: Gates = Gates(
    "lstm",
    &[Component::InputGate, Component::ForgetGate, Component::Candidate, Component::OutputGate],
);

const GRU: Gates =
    Gates("gru", &[Component::ResetGate, Component::UpdateGate, Component::Candidate]);

impl Architecture for Gates {
    fn label(&self) -> String {
        self.0.to_owned()
    }

    fn inputs(&self) -> usize {
        16
    }

    fn output(&self) -> fanin::engine::Shape {
        [4].into()
    }

    fn parameters(&self) -> fanin::Result<Vec<Parameter>> {
        let packed = |name: &str, shape: &[usize], role| {
            let mut parameter = match shape {
                [units, inputs] => Parameter::linear(name, *units, *inputs),
                shape => Parameter::new(name, shape.to_vec(), role),
            };
            parameter.role = role;
            let parts = self.1.iter().map(|gate| (*gate, 24)).collect();
            parameter.packing = Some(Packing { axis: 0, parts });
            parameter
        };
        let units = 24 * self.1.len();
        Ok(vec![
            packed("rnn.weight_ih_l0", &[units, 16], Role::Weight),
            packed("rnn.weight_hh_l0", &[units, 24], Role::Recurrent),
            packed("rnn.bias_ih_l0", &[units], Role::Bias),
            packed("rnn.bias_hh_l0", &[units], Role::Bias),
            Parameter::linear("head.weight", 4, 24),
        ])
    }

    fn build(&self, _ground: Ground) -> fanin::Result<Body> {
        unreachable!("code needs no graph")
    }
}

/// Matrices and biases that are drawn gate by gate.
fn gates(cell: Gates) -> (Model, Recommendation) {
    let model = Model::graph(cell);
    let scheme = |name: &str| match name {
        name if name.contains("weight_hh") => Some("orthogonal:1"),
        name if name.contains("bias_ih") => Some("spaced-memory:200"),
        name if name.contains("bias_hh") => Some("zeros"),
        name if name.contains("weight") => Some("normal:0.2"),
        _ => None,
    };
    let found = found(&model, scheme);
    (model, found)
}

/// Two `MultiheadAttention` of PyTorch and a layer of the model's own that packs query, key and value,
/// known by their parameters alone.
#[derive(Debug)]
struct Attention;

impl Architecture for Attention {
    fn label(&self) -> String {
        "attention".to_owned()
    }

    fn inputs(&self) -> usize {
        24
    }

    fn output(&self) -> fanin::engine::Shape {
        [4].into()
    }

    fn parameters(&self) -> fanin::Result<Vec<Parameter>> {
        let packed = |name: &str| {
            let mut parameter = if name.ends_with("weight") {
                Parameter::linear(name, 72, 24)
            } else {
                Parameter::new(name, [72], Role::Bias)
            };
            parameter.fan_out = 24;
            let parts = [Component::Query, Component::Key, Component::Value];
            let parts = parts.map(|component| (component, 24)).to_vec();
            parameter.packing = Some(Packing { axis: 0, parts });
            parameter
        };
        let mut all = Vec::new();
        for module in ["first", "second"] {
            all.push(packed(&format!("{module}.in_proj_weight")));
            all.push(packed(&format!("{module}.in_proj_bias")));
            all.push(Parameter::linear(&format!("{module}.out_proj.weight"), 24, 24));
            all.push(Parameter::new(&format!("{module}.out_proj.bias"), [24], Role::Bias));
        }
        all.push(packed("qkv.weight"));
        all.push(Parameter::linear("head.weight", 4, 24));
        Ok(all)
    }

    fn build(&self, _ground: Ground) -> fanin::Result<Body> {
        unreachable!("code needs no graph")
    }
}

/// Queries and keys that are smaller than values, and parts that are isometries each.
fn attention() -> (Model, Recommendation) {
    let model = Model::graph(Attention);
    let scheme = |name: &str| match name {
        "first.in_proj_weight" => Some("attention-normal:0.1,0.3"),
        "second.in_proj_weight" | "qkv.weight" => Some("orthogonal:0.5"),
        name if name.ends_with("bias") => Some("zeros"),
        "head.weight" => None,
        _ => Some("orthogonal:1"),
    };
    let found = found(&model, scheme);
    (model, found)
}

/// A plain recurrent cell of relu whose units have twins, known by its parameters alone.
#[derive(Debug)]
struct Twins;

impl Architecture for Twins {
    fn label(&self) -> String {
        "recurrent".to_owned()
    }

    fn inputs(&self) -> usize {
        16
    }

    fn output(&self) -> fanin::engine::Shape {
        [4].into()
    }

    fn parameters(&self) -> fanin::Result<Vec<Parameter>> {
        let mut state = Parameter::linear("rnn.weight_hh_l0", 24, 24);
        state.role = Role::Recurrent;
        Ok(vec![Parameter::linear("rnn.weight_ih_l0", 24, 16), state])
    }

    fn build(&self, _ground: Ground) -> fanin::Result<Body> {
        unreachable!("code needs no graph")
    }
}

fn twins() -> (Model, Recommendation) {
    let model = Model::graph(Twins);
    let scheme = |name: &str| {
        Some(if name.contains("_ih") { "looks-linear:0.5,first" } else { "looks-linear" })
    };
    let found = found(&model, scheme);
    (model, found)
}

/// Units with twins of opposite sign, as deep rectifiers get them.
fn mirrors() -> (Model, Recommendation) {
    let model: Model = "48 -> 3x64 relu -> 40".parse().unwrap();
    let scheme = |name: &str| Some(if name.ends_with("bias") { "zeros" } else { "looks-linear" });
    let found = found(&model, scheme);
    (model, found)
}

#[track_caller]
fn check(name: &str, (model, found): &(Model, Recommendation), language: Language) {
    let text = code(model, found, language).unwrap();
    let ending = if language == Language::Rust { "rs" } else { "py" };
    let path = folder().join(format!("{name}_{}.{ending}", language.name()));
    if std::env::var_os("FANIN_BLESS").is_some() {
        fs::write(&path, &text).unwrap();
    }
    assert_eq!(text, fs::read_to_string(&path).unwrap(), "{}", path.display());
    let count = |letter| text.chars().filter(|c| *c == letter).count();
    for (open, close) in [('(', ')'), ('[', ']'), ('{', '}')] {
        assert_eq!(count(open), count(close), "{open}{close} in {}", path.display());
    }
}

#[test]
fn code_is_short_and_as_it_was() {
    let (chain, convolutions, mirrors) = (chain(), convolutions(), mirrors());
    for language in Language::ALL {
        check("chain", &chain, language);
        check("convolutions", &convolutions, language);
        check("mirrors", &mirrors, language);
        check("gates", &gates(LSTM), language);
        check("gates_of_three", &gates(GRU), language);
        check("attention", &attention(), language);
        check("twins", &twins(), language);
    }
}

#[test]
fn rust_code_draws_the_recommendation() {
    let (model, found) = chain();
    let rules = fanin::init::Rules::new("torch-default");
    let base = fanin::init::for_model(&model, &rules, 3).unwrap();
    let drawn = chain_rust::initialize(&model, &base, 3).unwrap();
    assert!(drawn == found.drawn(&model, &base, 3).unwrap());
    assert!(drawn != base);
    let another = "48 -> 2".parse().unwrap();
    let base = fanin::init::for_model(&another, &rules, 3).unwrap();
    assert!(chain_rust::initialize(&another, &base, 3).is_err());
}

#[test]
fn a_scheme_without_plain_calls_is_refused_by_name() {
    let model: Model = "4 -> 8 relu -> 2".parse().unwrap();
    let found = found(&model, |name| (name == "0.weight").then_some("identity"));
    let error = code(&model, &found, Language::Torch).unwrap_err().to_string();
    assert!(error.contains("`identity` for 0.weight"), "{error}");
    let (model, mut found) = gates(LSTM);
    let bias = found.changes.iter().find(|own| own.parameter == "rnn.bias_ih_l0").unwrap();
    let (parameter, scheme) = ("rnn.bias_hh_l0".to_owned(), "uniform:-0.1,0.1".to_owned());
    let other = Change { parameter, scheme, ..bias.clone() };
    found.changes.retain(|own| own.parameter != other.parameter);
    found.changes.push(other);
    for language in [Language::Keras, Language::Flax] {
        let error = code(&model, &found, language).unwrap_err().to_string();
        assert!(error.contains("rnn.bias_ih_l0 and rnn.bias_hh_l0, which are one"), "{error}");
    }
    assert!(code(&model, &found, Language::Torch).is_ok());
    let (model, found) = chain();
    assert!(code(&model, &found, Language::Rust).unwrap().contains("keras-truncated-normal"));
}

/// Initializes ten relu layers of `nn.Sequential` by a pasted file, and tells their deviations.
const PASTED: &str = "\
import runpy, sys, torch
layers = [m for i in range(10) for m in (torch.nn.Linear(64, 64), torch.nn.ReLU())]
model = torch.nn.Sequential(*layers, torch.nn.Linear(64, 10))
runpy.run_path(sys.argv[1])['initialize'](model, 7)
for name, parameter in model.named_parameters():
    print(name, parameter.mean().item(), parameter.std(correction=0).item())
";

/// The same for a pasted file that gives arrays by name.
const ARRAYS: &str = "\
import runpy, sys
for name, array in runpy.run_path(sys.argv[1])['initialize'](7).items():
    print(name, array.mean(), array.std())
";

/// The Python that the environment names, else `python3`, if it has a module.
fn python_with(module: &str) -> Option<String> {
    let python = std::env::var("FANIN_TORCH").unwrap_or_else(|_| "python3".to_owned());
    let ran = Command::new(&python).args(["-c", &format!("import {module}")]).output();
    ran.is_ok_and(|ran| ran.status.success()).then_some(python)
}

/// Initializes cells of Keras and of Flax by pasted files, and holds them against what they are to be.
const OTHER_CELLS: &str = include_str!("init_code/cells.py");

/// Initializes attention of PyTorch, Keras, linen and nnx by pasted files: queries and keys have a deviation of
/// 0.1 and values of 0.3 in the first, and all three are half an isometry in the second.
const ATTENTIONS: &str = include_str!("init_code/attention.py");

#[test]
fn pasted_code_of_attention_draws_each_part_with_its_own_scale() {
    let Some(python) = python_with("keras, flax.nnx, jax, torch") else {
        eprintln!("skipped: no python3 here has torch, keras and flax; FANIN_TORCH may name one");
        return;
    };
    let files = ["attention_torch.py", "attention_keras.py", "attention_flax.py"];
    let files = files.map(|name| folder().join(name));
    let ran = Command::new(python).args(["-c", ATTENTIONS]).args(files).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}

#[test]
fn pasted_code_of_cells_draws_gates_in_the_order_of_keras_and_flax() {
    let Some(python) = python_with("keras, flax.nnx, jax") else {
        eprintln!("skipped: no python3 here has keras and flax; FANIN_TORCH may name one");
        return;
    };
    let files =
        ["gates_keras.py", "gates_flax.py", "gates_of_three_keras.py", "gates_of_three_flax.py"];
    let files = files.map(|name| folder().join(name));
    let ran = Command::new(python).args(["-c", OTHER_CELLS]).args(files).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}

/// A repair by `method` of ten relu layers from the default of PyTorch.
fn repaired(method: &str) -> (Model, Weights, Recommendation) {
    let mut spec = Spec { model: "64 -> 10x64 relu -> 10".parse().unwrap(), ..Spec::default() };
    "torch-default".clone_into(&mut spec.init.scheme);
    let data = fanin::load(&spec).unwrap();
    let model = fanin::resolve(&spec, &data).unwrap();
    let weights = fanin::initialize(&spec, &model, 0).unwrap();
    let options = Options { method: Some(method.to_owned()), ..Options::default() };
    let repair = fanin::recommend(&spec, &model, &weights, &data, &options).unwrap();
    (model, weights, repair.recommendation.unwrap())
}

/// The code of a repair, pasted into a program: draws have the deviations that are told.
fn check_pasted(
    (model, weights, found): &(Model, Weights, Recommendation),
    language: Language,
    python: &str,
    program: &str,
) {
    let text = code(model, found, language).unwrap();
    let method = found.method;
    let name = format!("fanin-{}-{method}-{}.py", std::process::id(), language.name());
    let file = std::env::temp_dir().join(name);
    fs::write(&file, text).unwrap();
    let ran = Command::new(python).args(["-c", program]).arg(&file).output().unwrap();
    fs::remove_file(&file).unwrap();
    assert!(ran.status.success(), "{method}: {}", String::from_utf8_lossy(&ran.stderr));
    let out = String::from_utf8(ran.stdout).unwrap();
    for change in &found.changes {
        let line = out.lines().find(|line| line.split(' ').next() == Some(&change.parameter));
        let numbers = line.unwrap().split(' ').skip(1).map(|x| x.parse().unwrap());
        let [mean, deviation]: [f64; 2] = numbers.collect::<Vec<f64>>().try_into().unwrap();
        let elements = weights.get(&change.parameter).unwrap().data().len() as f64;
        // Five standard errors, and the digits of a scheme.
        let error = 5.0 * change.after.deviation / elements.sqrt() + 1e-3 * change.after.deviation;
        let off = ((mean - change.after.mean).abs(), (deviation - change.after.deviation).abs());
        let told = format!("{method}, {}: {mean} {deviation}", change.parameter);
        assert!(off.0 <= error + 1e-6 && off.1 <= error + 1e-6, "{told} of {:?}", change.after);
    }
}

#[test]
fn pasted_code_draws_what_a_repair_tells() {
    let known = [("torch", Language::Torch, PASTED), ("numpy", Language::Numpy, ARRAYS)];
    let known = known.map(|(module, language, program)| {
        let python = python_with(module);
        if python.is_none() {
            eprintln!("skipped: no python3 here has {module}; FANIN_TORCH may name one");
        }
        Some((python?, language, program))
    });
    if known.iter().all(Option::is_none) {
        return;
    }
    for method in ["auto", "lsuv", "weight-norm", "gradinit"] {
        let repaired = repaired(method);
        for (python, language, program) in known.iter().flatten() {
            check_pasted(&repaired, *language, python, program);
        }
    }
}

/// Initializes cells of `torch.nn` by pasted files, and holds them against what they are to be.
const CELLS: &str = "\
import math, runpy, sys, torch
class Cell(torch.nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.rnn, self.head = kind(16, 24), torch.nn.Linear(24, 4)
gated, plain = Cell(torch.nn.LSTM), Cell(torch.nn.RNN)
for model, file in ((gated, sys.argv[1]), (plain, sys.argv[2])):
    runpy.run_path(file)['initialize'](model, 7)
steps = torch.linspace(0, math.log(199), 24)
i, f, g, o = gated.rnn.bias_ih_l0.chunk(4)
assert torch.allclose(f, steps, atol=1e-4) and torch.allclose(i, -steps, atol=1e-4)
assert not g.any() and not o.any()
for u in gated.rnn.weight_hh_l0.chunk(4):
    assert torch.allclose(u @ u.T, torch.eye(24), atol=1e-5)
w, u = plain.rnn.weight_ih_l0, plain.rnn.weight_hh_l0
assert torch.equal(w[:12], -w[12:]) and abs(w.norm().item() - 0.5 * 24**0.5) < 1e-4
v = u[:12, :12]
assert torch.allclose(v @ v.T, torch.eye(12), atol=1e-5)
assert torch.equal(u, torch.cat([torch.cat([v, -v], 1), torch.cat([-v, v], 1)], 0))
";

#[test]
fn pasted_code_of_recurrent_cells_draws_gates_and_twins() {
    let Some(python) = python_with("torch") else {
        eprintln!("skipped: no python3 here has torch; FANIN_TORCH may name one");
        return;
    };
    let files = ["gates_torch.py", "twins_torch.py"].map(|name| folder().join(name));
    let ran = Command::new(python).args(["-c", CELLS]).args(files).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}

#[test]
fn code_of_a_method_that_looked_at_data_says_what_it_keeps() {
    let (model, auto) = chain();
    for (method, words) in [("lsuv", "not measured anew"), ("balanced", "the weights alone")] {
        let found = Recommendation { method, ..auto.clone() };
        for language in Language::ALL {
            assert!(code(&model, &found, language).unwrap().contains(words), "{method}");
            assert!(!code(&model, &auto, language).unwrap().contains(words));
        }
    }
}
