//! The networks of the benchmark: which there are, and nothing of how they fare.

use std::path::{Path, PathBuf};

use fanin::Result;
use fanin::engine::Type;
use fanin::engine::activations::ACTIVATIONS;
use fanin::spec::{Loss, Mode, Model, Network as Graphed, Spec, TrainSpec};
use serde::Serialize;

use crate::draft::{Drawn, Plan, Size};
use crate::nets;
use crate::tasks::Task;

/// A network with what it is to learn.
#[derive(Clone, Debug)]
pub struct Network {
    /// Its name in tables.
    pub name: String,
    /// What it is to learn.
    pub task: Task,
    /// How it is made.
    pub form: Form,
    /// Whether it belongs to the small subset.
    pub is_small: bool,
    /// Whether runs go on when they have arrived, so that the last score is known.
    pub is_whole: bool,
    /// How many times as long it is trained as other networks that learn the same.
    pub longer: usize,
}

/// How a network is made.
#[derive(Clone, Debug)]
pub enum Form {
    /// By a short text.
    Text(String),
    /// By a plan, with depth, width and activation.
    Plan(Plan, usize, usize, &'static str),
    /// By an ONNX file.
    File(PathBuf),
}

/// What identifies a network: other contents, other training.
#[derive(Serialize)]
struct Identity<'a> {
    name: &'a str,
    task: Task,
    form: String,
    epochs: usize,
    is_whole: bool,
}

impl Network {
    fn text(task: Task, hidden: &str) -> Self {
        let form = Form::Text(format!("features -> {hidden} -> outputs"));
        Self { name: hidden.to_owned(), task, form, is_small: false, is_whole: false, longer: 1 }
    }

    fn plan(
        task: Task,
        name: &str,
        plan: Plan,
        (depth, width): (usize, usize),
        activation: &'static str,
    ) -> Self {
        let name = format!("{name} {depth}×{width} {activation}");
        let form = Form::Plan(plan, depth, width, activation);
        Self { name, task, form, is_small: false, is_whole: false, longer: 1 }
    }

    /// The same network with `width` units in every hidden layer; none of a file, which has its own.
    pub fn widened(&self, width: usize) -> Option<Self> {
        let form = match &self.form {
            Form::Text(text) => Form::Text(widened(text, width)),
            Form::Plan(plan, depth, _, activation) => Form::Plan(*plan, *depth, width, activation),
            Form::File(_) => return None,
        };
        Some(Self { form, ..self.clone() })
    }

    fn small(self) -> Self {
        Self { is_small: true, ..self }
    }

    fn whole(self) -> Self {
        Self { is_whole: true, ..self }
    }

    fn longer(self) -> Self {
        Self { longer: 3, ..self }
    }

    /// Passes over the rows that it is trained for.
    fn epochs(&self) -> usize {
        self.longer * self.task.epochs()
    }

    /// The network in one line.
    pub fn describe(&self) -> String {
        let small = if self.is_small { ", in the small subset" } else { "" };
        format!("{}: {}{small}", self.task.name(), self.name)
    }

    /// What identifies it.
    pub fn identity(&self) -> String {
        let form = match &self.form {
            Form::Text(text) => text.clone(),
            Form::Plan(_, depth, width, activation) => format!("{depth} {width} {activation}"),
            Form::File(_) => self.name.clone(),
        };
        let identity = Identity {
            name: &self.name,
            task: self.task,
            form,
            epochs: self.epochs(),
            is_whole: self.is_whole,
        };
        serde_json::to_string(&identity).expect("an identity has a form in JSON")
    }

    /// How it is trained.
    pub fn spec(&self) -> Spec {
        let (epochs, target_accuracy) = (self.epochs(), self.task.target());
        let train = TrainSpec { epochs, target_accuracy, ..TrainSpec::default() };
        let task = (self.task == Task::DigitsBack).then_some(fanin::spec::Task::AutoEncoder);
        let mut spec = Spec { task, train, ..Spec::default() };
        if self.task == Task::Teacher {
            "teacher".clone_into(&mut spec.data.source);
        }
        spec
    }

    /// How dear a run is: multiplications by a weight, and what nodes take beside them.
    ///
    /// # Errors
    /// If the network cannot be built.
    pub fn cost(&self) -> Result<f64> {
        const ROWS: usize = 64;
        const NODE: f64 = 2e4;
        let network = Graphed::new(&self.model()?, &Loss::SquaredError, ROWS, Mode::Probe)?;
        let graph = &network.graph;
        let of = |node: &fanin::engine::graph::Node| {
            let types: Vec<&Type> = node.inputs.iter().map(|wire| graph.type_of(*wire)).collect();
            let fans = if types.len() > 1 { node.operator.fan_axes(&types, 1) } else { None };
            let fan_in = fans.map_or(0, |fans| {
                fans.fan_in.iter().map(|&axis| types[1].shape.axes()[axis]).product()
            });
            NODE + (graph.shape(node.outputs[0]).elements() * fan_in) as f64
        };
        let step: f64 = graph.nodes().iter().map(of).sum();
        Ok(step * (self.epochs() * self.task.rows()) as f64 / ROWS as f64)
    }

    /// The network.
    ///
    /// # Errors
    /// If its text is not well formed.
    pub fn model(&self) -> Result<Model> {
        let (inputs, outputs) = self.task.sizes();
        match &self.form {
            Form::File(path) => fanin::import::model(path, &fanin::import::Options::default()),
            Form::Text(text) => {
                let spec: fanin::spec::ModelSpec = text.parse()?;
                spec.resolve(inputs, outputs)
            }
            Form::Plan(plan, depth, width, activation) => {
                let size = Size { depth: *depth, width: *width, activation, inputs, outputs };
                Ok(Model::graph(Drawn { name: self.name.clone(), plan: *plan, size }))
            }
        }
    }
}

/// A text whose widths are all `width`: numbers that no letter stands before and no `x` behind.
fn widened(text: &str, width: usize) -> String {
    let mut wide = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let count = rest[start..].bytes().take_while(u8::is_ascii_digit).count();
        let (before, number) = (&rest[..start], &rest[start..start + count]);
        rest = &rest[start + count..];
        wide.push_str(before);
        let is_name = before.ends_with(|c: char| c.is_alphabetic() && c != 'x');
        if is_name || rest.starts_with('x') {
            wide.push_str(number);
        } else {
            wide.push_str(&width.to_string());
        }
    }
    wide + rest
}

/// Every network: one of each kind in turn, so that a few already show variety, and with them the
/// models in the folder `models`, where there is one.
pub fn all(models: Option<&Path>) -> Vec<Network> {
    let mut kinds = vec![
        rectified(),
        smooth(),
        convolutions(),
        residual(),
        sequences(),
        activations(),
        transformers(),
        normalized(),
        back(),
        fashion(),
        models.map(files).unwrap_or_default(),
    ];
    kinds.iter_mut().for_each(|kind| kind.reverse());
    let mut networks = Vec::new();
    while kinds.iter().any(|kind| !kind.is_empty()) {
        networks.extend(kinds.iter_mut().filter_map(Vec::pop));
    }
    networks
}

fn digits(hidden: &str) -> Network {
    Network::text(Task::Digits, hidden)
}

fn rectified() -> Vec<Network> {
    vec![
        digits("10x64 relu").small().whole(),
        digits("30x64 relu").whole(),
        digits("50x64 relu").whole(),
        digits("5x64 relu").small(),
        digits("10x16 relu").small(),
        digits("20x64 relu"),
        digits("100x64 relu"),
        digits("20x24 relu"),
        digits("5x256 relu"),
    ]
}

fn smooth() -> Vec<Network> {
    vec![
        digits("5x64 tanh").small(),
        digits("30x64 tanh"),
        digits("30x64 gelu"),
        digits("10x64 tanh"),
        digits("30x64 selu"),
        digits("50x64 tanh"),
        digits("64 tanh -> 32 tanh -> 16 tanh -> 32 tanh -> 64 tanh"),
        digits("30x64 silu"),
        digits("30x16 tanh"),
        digits("10x256 tanh"),
        digits("50x64 gelu"),
        digits("100x64 tanh"),
    ]
}

fn residual() -> Vec<Network> {
    vec![
        digits("64 relu -> 5x(64 relu -> 64) residual"),
        digits("64 relu -> 15x(64 relu -> 64) residual"),
        digits("64 tanh -> 15x(64 tanh -> 64) residual"),
        digits("64 gelu -> 10x64 gelu residual"),
        digits("64 relu -> 30x(64 relu -> 64) residual"),
    ]
}

fn normalized() -> Vec<Network> {
    vec![
        digits("20x64 layer_norm relu"),
        digits("64 relu -> 5x(64 layer_norm relu -> 64) residual"),
        digits("10x64 batch_norm relu"),
        digits("64 relu -> 10x(64 batch_norm relu -> 64) residual"),
        digits("30x64 layer_norm tanh"),
        digits("64 gelu -> 15x(64 layer_norm gelu -> 64) residual"),
    ]
}

fn activations() -> Vec<Network> {
    let shown = ["relu", "tanh", "identity"];
    let first = ["sigmoid", "gelu"];
    let others = ACTIVATIONS.iter().map(|a| a.name());
    let others = others.filter(|name| !shown.contains(name) && !first.contains(name));
    let network = |name: &str| digits(&format!("10x64 {name}"));
    let first = first.into_iter().map(|name| network(name).small());
    first.chain(others.map(network)).collect()
}

fn back() -> Vec<Network> {
    let back = |hidden: &str| Network::text(Task::DigitsBack, hidden);
    vec![
        back("48 relu -> 24 relu -> 48 relu").small(),
        back("48 tanh -> 32 tanh -> 24 tanh -> 32 tanh -> 48 tanh"),
    ]
}

fn fashion() -> Vec<Network> {
    let fashion = |hidden: &str| Network::text(Task::Fashion, hidden);
    vec![
        fashion("10x64 relu"),
        fashion("20x64 tanh"),
        fashion("64 relu -> 5x(64 relu -> 64) residual"),
        fashion("10x64 silu"),
        fashion("3x64 relu"),
    ]
}

fn convolutions() -> Vec<Network> {
    let plan =
        |name, plan, size, activation| Network::plan(Task::Digits, name, plan, size, activation);
    vec![
        plan("convolutions and 2 layers", nets::small_convolutions, (2, 8), "tanh").small(),
        plan("convolutions", nets::convolutions, (10, 16), "relu"),
        plan("convolutions", nets::convolutions, (30, 12), "tanh"),
        plan("convolutions", nets::convolutions, (50, 12), "relu"),
        plan("residual convolutions", nets::residual_convolutions, (8, 16), "relu"),
        plan("convolutions", nets::convolutions, (20, 16), "relu"),
    ]
}

fn transformers() -> Vec<Network> {
    let plan =
        |name, plan, depth| Network::plan(Task::Digits, name, plan, (depth, 32), "gelu").longer();
    vec![
        plan("transformer", nets::transformer, 4),
        plan("transformer, unscaled", nets::unscaled_transformer, 4),
        plan("transformer", nets::transformer, 8),
    ]
}

fn sequences() -> Vec<Network> {
    let sequences = |name, plan, activation| {
        Network::plan(Task::Sequences, name, plan, (1, 24), activation).longer()
    };
    vec![
        sequences("LSTM", nets::lstm, "tanh"),
        sequences("recurrent", nets::recurrent, "tanh"),
        sequences("recurrent", nets::recurrent, "relu"),
    ]
}

/// Models of PyTorch, Keras and scikit-learn that train at their own size in seconds. What they are
/// to learn is computed, as wide as they are, but for the one that takes pictures of clothes.
const FILES: [&str; 9] = [
    "mlp_relu",
    "mlp_tanh_deep",
    "lstm_classifier",
    "keras_cnn",
    "mlp_resnet_gelu_ln",
    "gpt2_fresh",
    "mlp_acts",
    "lenet5",
    "keras_mlp",
];

fn files(folder: &Path) -> Vec<Network> {
    let file = |name: &str| Network {
        name: format!("{name}.onnx"),
        task: if name == "lenet5" { Task::Fashion } else { Task::Teacher },
        form: Form::File(folder.join(format!("{name}.onnx"))),
        is_small: false,
        is_whole: false,
        longer: 1,
    };
    let (there, missing): (Vec<Network>, Vec<Network>) =
        FILES.into_iter().map(file).partition(|network| match &network.form {
            Form::File(path) => path.is_file(),
            _ => true,
        });
    missing.iter().for_each(|network| {
        eprintln!("left out: {} is not in {}", network.name, folder.display());
    });
    there
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn networks_are_many_and_each_is_another() {
        let networks = all(None);
        assert!(networks.len() >= 60, "{}", networks.len());
        let identities: BTreeSet<String> = networks.iter().map(Network::identity).collect();
        assert_eq!(identities.len(), networks.len());
        for activation in ACTIVATIONS.iter().map(|a| a.name()).filter(|name| *name != "identity") {
            assert!(networks.iter().any(|n| n.name.contains(activation)), "{activation}");
        }
    }

    #[test]
    fn widths_alone_are_widened() {
        let text = "features -> 64 relu2 -> 15x(64 tanh -> 24) residual -> 10x16 relu -> outputs";
        let wide =
            "features -> 512 relu2 -> 15x(512 tanh -> 512) residual -> 10x512 relu -> outputs";
        assert_eq!(widened(text, 512), wide);
    }

    #[test]
    fn every_network_can_be_made() {
        for network in all(None) {
            let model = network.model().unwrap();
            let (inputs, outputs) = network.task.sizes();
            assert_eq!((model.inputs(), model.outputs()), (inputs, outputs), "{}", network.name);
            assert!(model.trained_elements().unwrap() > 0);
        }
    }
}
