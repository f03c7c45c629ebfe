//! What is compared.

use super::RunId;
use crate::data::Prepared;
use crate::error::{Error, Result};
use crate::import;
use crate::init::{self, Rules};
use crate::spec::{InitSpec, Model, Spec};
use crate::train::course::Course;
use crate::weights::Weights;

/// The schemes that a comparison shows unless others are asked for, from worst to best.
pub const DEFAULT_SCHEMES: [&str; 9] = [
    "zeros",
    "constant:0.01",
    "normal:0.01",
    "fan-in-uniform",
    "fan-in-normal",
    "torch-default",
    "xavier-uniform",
    "he-normal",
    "orthogonal",
];

/// What is compared: networks, schemes, and how each is trained.
#[derive(Clone, Debug)]
pub struct CompareOptions {
    /// Numbers of hidden layers, one network each.
    pub depths: Vec<usize>,
    /// Units of every hidden layer.
    pub width: usize,
    /// Activation of every hidden layer.
    pub activation: String,
    /// Schemes to start from.
    pub schemes: Vec<String>,
    /// Data, optimizer and seeds.
    pub spec: Spec,
    /// Whether the model of `spec` is compared instead of those of `depths`.
    pub own_model: bool,
}

impl Default for CompareOptions {
    fn default() -> Self {
        Self {
            depths: vec![2, 10],
            width: 64,
            activation: "relu".to_owned(),
            schemes: DEFAULT_SCHEMES.map(str::to_owned).to_vec(),
            spec: Spec::default(),
            own_model: false,
        }
    }
}

impl CompareOptions {
    /// The networks, with as many inputs and outputs as the data ask for.
    ///
    /// # Errors
    /// If a width does not fit the data.
    pub fn networks(&self, data: &Prepared) -> Result<Vec<Model>> {
        let (inputs, outputs) = (data.train.columns(), data.train.target_columns());
        if self.own_model {
            return Ok(vec![import::resolve(&self.spec, inputs, outputs)?]);
        }
        self.depths.iter().map(|&depth| self.network(depth, data)).collect()
    }

    pub(super) fn require_schemes(&self) -> Result<()> {
        if !self.schemes.is_empty() {
            return Ok(());
        }
        Err(Error::Setting {
            place: "schemes".to_owned(),
            found: "none".to_owned(),
            expected: format!("at least one of: {}", init::names().join(", ")),
        })
    }

    fn network(&self, depth: usize, data: &Prepared) -> Result<Model> {
        let hidden = match depth {
            0 => String::new(),
            _ => format!("{depth}x{} {} -> ", self.width, self.activation),
        };
        let (inputs, outputs) = (data.train.columns(), data.train.target_columns());
        format!("{inputs} -> {hidden}{outputs}").parse()
    }

    pub(super) fn course(&self, data: &Prepared, seed: u64) -> Result<Course> {
        Course::new(&self.spec, data.task, seed)
    }

    pub(super) fn rules(&self, scheme: usize) -> Rules {
        let mut init = if self.own_model { self.spec.init_rules() } else { InitSpec::default() };
        init.scheme.clone_from(&self.schemes[scheme]);
        Rules::from(&init)
    }

    pub(super) fn weights(&self, model: &Model, run: RunId) -> Result<Weights> {
        init::for_model(model, &self.rules(run.scheme), self.spec.train.seeds[run.seed])
    }
}
