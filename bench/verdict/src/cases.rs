//! The networks of the benchmark: which there are, and nothing of how they fare.
//!
//! A *group* is a network with its data and its optimizer; a *case* is a group with one way to
//! start it. Each group has a start that should be sound, one that a framework gives, a sick one
//! and some that are doubtful, so that a failure can be told from a network that nothing starts.
//! All is drawn by address from [`SEED`]: each trait of a group is a deck of cards of its own.

use fanin::spec::{BatchSize, InitRule, Model, OptimizerSpec, Spec, TrainSpec};
use fanin::weights::Weights;
use fanin::{Result, init};
use fanin_kernels::random::{Stream, fill_permutation};
use serde::Serialize;

use crate::label::rounded;
use crate::starts::{self, Start};
use crate::tasks::{TASKS, Task};

/// Seed of the selection.
const SEED: u64 = 4;

/// Groups in all.
pub const GROUPS: usize = 108;

const ACTIVATIONS: &[(&str, usize)] = &[
    ("relu", 20),
    ("leaky_relu", 6),
    ("tanh", 16),
    ("sigmoid", 7),
    ("erf", 4),
    ("softsign", 4),
    ("elu", 5),
    ("selu", 5),
    ("gelu", 7),
    ("silu", 6),
    ("softplus", 4),
    ("mish", 4),
    ("sin", 4),
    ("hardtanh", 4),
];

const DEPTHS: &[(usize, usize)] = &[
    (1, 8),
    (2, 14),
    (3, 14),
    (4, 8),
    (5, 8),
    (6, 6),
    (8, 8),
    (10, 8),
    (15, 6),
    (20, 6),
    (30, 5),
    (40, 2),
    (50, 2),
    (60, 2),
];

const WIDEST: usize = 512;

const WIDTHS: &[(usize, usize)] =
    &[(8, 6), (16, 12), (32, 22), (64, 30), (128, 14), (256, 8), (WIDEST, 4)];

/// What stands between input and output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// Layers one after another.
    Plain,
    /// Blocks of two layers, each added to its input.
    Residual,
    /// Single layers, each added to its input.
    ResidualLayers,
    /// As `Residual`, the first layer of each block normalized.
    ResidualNorm,
    /// Layers one after another, normalized over the batch.
    BatchNorm,
    /// Layers one after another, normalized over the units.
    LayerNorm,
}

impl Form {
    /// Whether results are added to inputs.
    pub fn is_residual(self) -> bool {
        matches!(self, Self::Residual | Self::ResidualLayers | Self::ResidualNorm)
    }

    /// The name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Residual => "residual blocks",
            Self::ResidualLayers => "residual layers",
            Self::ResidualNorm => "residual blocks with layer norm",
            Self::BatchNorm => "batch norm",
            Self::LayerNorm => "layer norm",
        }
    }
}

const FORMS: &[(Form, usize)] = &[
    (Form::Plain, 54),
    (Form::Residual, 11),
    (Form::ResidualLayers, 8),
    (Form::ResidualNorm, 6),
    (Form::BatchNorm, 10),
    (Form::LayerNorm, 7),
];

/// Factors on residual branches; 0 stands for 1/√blocks.
const BRANCH_SCALES: &[(f64, usize)] = &[(1.0, 3), (0.5, 1), (0.1, 1), (0.0, 1)];

/// Optimizers by name, momentum and usual learning rate.
pub const OPTIMIZERS: &[(Optimizer, usize)] = &[
    (Optimizer { name: "sgd", momentum: Some(0.9), usual: 0.02 }, 38),
    (Optimizer { name: "sgd", momentum: Some(0.0), usual: 0.1 }, 14),
    (Optimizer { name: "adam", momentum: None, usual: 0.001 }, 26),
    (Optimizer { name: "adamw", momentum: None, usual: 0.001 }, 10),
    (Optimizer { name: "rmsprop", momentum: None, usual: 0.001 }, 8),
];

/// What the user makes of the usual learning rate.
const RATE_FACTORS: &[(f64, usize)] =
    &[(1.0, 66), (0.3, 8), (3.0, 8), (10.0, 3), (30.0, 5), (0.03, 3), (0.003, 3)];

const BATCHES: &[(usize, usize)] = &[(64, 70), (32, 13), (128, 13)];

/// An optimizer with the rate that it is usually given.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Optimizer {
    /// Name in the registry.
    pub name: &'static str,
    /// Momentum, where it has one.
    pub momentum: Option<f64>,
    /// The usual learning rate.
    pub usual: f64,
}

impl Optimizer {
    /// The name in tables.
    pub fn label(&self) -> &'static str {
        match self.momentum {
            Some(0.0) => "plain sgd",
            Some(_) => "sgd with momentum",
            None => self.name,
        }
    }
}

/// A network with its data and its optimizer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Group {
    /// Its number.
    pub number: usize,
    /// Data and what counts as learned.
    pub task: Task,
    /// Activation of the hidden layers.
    pub activation: &'static str,
    /// Linear layers before the last.
    pub depth: usize,
    /// Units of a hidden layer.
    pub width: usize,
    /// What stands between input and output.
    pub form: Form,
    /// The network as short text.
    pub model: String,
    /// The optimizer.
    pub optimizer: Optimizer,
    /// The user's learning rate over the usual one.
    pub rate_factor: f64,
    /// Rows of a step.
    pub batch: usize,
}

/// One start of one group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Case {
    /// Network, data and optimizer.
    pub group: Group,
    /// How it starts.
    pub start: Start,
}

/// Every case, the groups in order.
pub fn all() -> Vec<Case> {
    let cases = |group: Group| {
        let starts = starts::of(&group, SEED);
        starts.into_iter().map(move |start| Case { group: group.clone(), start })
    };
    groups().into_iter().flat_map(cases).collect()
}

fn groups() -> Vec<Group> {
    let tasks = deck("task", TASKS);
    let activations = deck("activation", ACTIVATIONS);
    let (depths, widths) = (deck("depth", DEPTHS), deck("width", WIDTHS));
    let (forms, scales) = (deck("form", FORMS), deck("branch scale", BRANCH_SCALES));
    let (optimizers, factors) = (deck("optimizer", OPTIMIZERS), deck("rate", RATE_FACTORS));
    let batches = deck("batch", BATCHES);
    let group = |n: usize| {
        let mut group = Group {
            number: n,
            task: tasks[n],
            activation: activations[n],
            depth: depths[n],
            width: widths[n],
            form: forms[n],
            model: String::new(),
            optimizer: optimizers[n],
            rate_factor: factors[n],
            batch: batches[n],
        };
        while group.cost() > most(&group) {
            if group.width > 16 {
                group.width /= 2;
            } else {
                group.depth = group.depth * 2 / 3;
            }
        }
        group.model = model(&group, scales[n]);
        group
    };
    (0..GROUPS).map(group).collect()
}

/// The dearest run in floating-point operations: one group in twelve may be large, and so may
/// the widest.
fn most(group: &Group) -> f64 {
    match group.number {
        _ if group.width == WIDEST => 75e9,
        number if number.is_multiple_of(12) => 60e9,
        _ => 20e9,
    }
}

impl Group {
    /// About how many floating-point operations one whole run takes, or could have been done in its
    /// time.
    pub fn cost(&self) -> f64 {
        let inputs = match self.task.source {
            "digits" => 64,
            "fashion-mnist" => 784,
            _ => 2,
        };
        let weights = inputs * self.width + (self.depth - 1) * self.width * self.width;
        let units = self.depth * self.width;
        // Forward, backward to weights and to inputs; an activation is worth some 50 operations.
        let row = 6 * weights + 50 * units;
        // What a layer costs in each step, however few its units.
        let has_norm = matches!(self.form, Form::ResidualNorm | Form::BatchNorm | Form::LayerNorm);
        let layer = if has_norm { 1_000_000 } else { 200_000 };
        let steps = self.task.rows.div_ceil(self.batch) * self.task.epochs;
        (row * self.task.rows * self.task.epochs + layer * self.depth * steps) as f64
    }

    /// The user's learning rate.
    pub fn rate(&self) -> f64 {
        rounded(self.optimizer.usual * self.rate_factor)
    }
}

fn model(group: &Group, branch_scale: f64) -> String {
    let Group { depth, width, activation, .. } = group;
    let blocks = (depth / 2).max(1);
    let branches = if group.form == Form::ResidualLayers { *depth } else { blocks };
    let residual = match branch_scale {
        1.0 => "residual".to_owned(),
        0.0 => format!("residual:{:.3}", 1.0 / (branches as f64).sqrt()),
        scale => format!("residual:{scale}"),
    };
    let first = format!("{width} {activation}");
    let hidden = match group.form {
        Form::Plain => format!("{depth}x{width} {activation}"),
        Form::BatchNorm => format!("{depth}x{width} batch_norm {activation}"),
        Form::LayerNorm => format!("{depth}x{width} layer_norm {activation}"),
        Form::ResidualLayers => format!("{first} -> {depth}x{width} {activation} {residual}"),
        Form::Residual => format!("{first} -> {blocks}x({first} -> {width}) {residual}"),
        Form::ResidualNorm => {
            format!("{first} -> {blocks}x({width} layer_norm {activation} -> {width}) {residual}")
        }
    };
    format!("features -> {hidden} -> outputs")
}

impl Case {
    /// What identifies the case: other text, other training.
    pub fn key(&self) -> String {
        let text = serde_json::to_string(self).expect("a case has a form in JSON");
        format!("{:016x}", hash(&text))
    }

    /// The group's number and the start.
    pub fn short_name(&self) -> String {
        format!("g{:02} {}", self.group.number, self.start.name)
    }

    /// The case in one line.
    pub fn describe(&self) -> String {
        let Group { number, task, model, optimizer, .. } = &self.group;
        let (rate, batch, start) = (self.group.rate(), self.group.batch, &self.start.name);
        let optimizer = optimizer.label();
        let name = task.name;
        format!("g{number:02} {name}: {model}; {optimizer} {rate}, batch {batch}; {start}")
    }

    /// The spec as a user would write it.
    pub fn spec(&self) -> Spec {
        let Group { task, optimizer, batch, .. } = &self.group;
        let mut spec = Spec {
            model: self.group.model.parse().expect("models of the benchmark are well formed"),
            optimizer: OptimizerSpec::named(optimizer.name),
            train: TrainSpec {
                epochs: task.epochs,
                batch_size: BatchSize::Rows(*batch),
                seeds: vec![0],
                target_accuracy: task.target,
                ..TrainSpec::default()
            },
            ..Spec::default()
        };
        spec.optimizer.learning_rate = Some(self.group.rate());
        spec.optimizer.momentum = optimizer.momentum;
        task.source.clone_into(&mut spec.data.source);
        spec.data.standardize = task.standardize;
        spec.init.scheme.clone_from(&self.start.scheme);
        spec.init.bias.clone_from(&self.start.bias);
        let rule = |(pattern, scheme): &(String, String)| InitRule {
            pattern: pattern.clone(),
            scheme: scheme.clone(),
        };
        spec.init.rules = self.start.rules.iter().map(rule).collect();
        spec
    }

    /// Starting weights under `seed`.
    ///
    /// # Errors
    /// If a scheme does not fit the network.
    pub fn weights(&self, spec: &Spec, model: &Model, seed: u64) -> Result<Weights> {
        let weights = init::for_model(model, &(&spec.init_rules()).into(), seed)?;
        Ok(self.start.change.apply(weights))
    }
}

/// One card for each group: values in proportion to their weights, shuffled.
fn deck<T: Copy>(name: &str, values: &[(T, usize)]) -> Vec<T> {
    let cards: Vec<T> = values.iter().flat_map(|(v, n)| std::iter::repeat_n(*v, *n)).collect();
    let mut order = vec![0; GROUPS];
    fill_permutation(Stream::new(SEED, name), &mut order);
    order.into_iter().map(|place| cards[place * cards.len() / GROUPS]).collect()
}

/// The FNV-1a hash of `text`.
pub fn hash(text: &str) -> u64 {
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, mix)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn cases_are_many_and_each_is_another() {
        let cases = all();
        assert_eq!(cases.len(), GROUPS * starts::STARTS);
        let keys: BTreeSet<String> = cases.iter().map(Case::key).collect();
        assert_eq!(keys.len(), cases.len());
        assert_eq!(cases, all());
    }

    #[test]
    fn every_value_of_every_trait_is_met() {
        let groups = groups();
        for (task, _) in TASKS {
            assert!(groups.iter().any(|g| g.task == *task), "{}", task.name);
        }
        for (activation, _) in ACTIVATIONS {
            assert!(groups.iter().any(|g| g.activation == *activation), "{activation}");
        }
        for (form, _) in FORMS {
            assert!(groups.iter().any(|g| g.form == *form), "{}", form.name());
        }
        let depths = groups.iter().map(|g| g.depth);
        let widths = groups.iter().map(|g| g.width);
        assert_eq!((depths.clone().min(), depths.max()), (Some(1), Some(60)));
        assert_eq!((widths.clone().min(), widths.max()), (Some(8), Some(512)));
    }

    #[test]
    fn every_case_can_be_started() {
        for case in all() {
            let spec = case.spec();
            let (inputs, outputs) = if case.group.task.every > 1 { (784, 10) } else { (64, 10) };
            let model = spec.model.resolve(inputs, outputs).unwrap();
            let started = case.weights(&spec, &model, 0);
            assert!(started.is_ok(), "{}: {started:?}", case.describe());
        }
    }
}
