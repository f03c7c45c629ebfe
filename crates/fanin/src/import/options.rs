//! What a caller decides about the reading of a model.

use std::collections::BTreeMap;
use std::num::NonZero;

use fanin_engine::Array;

use super::roles::Overrides;
use crate::spec::{NormStatistics, ReadingSpec};

/// What normalizes in a `BatchNormalization`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BatchNorm {
    /// What the file says: running statistics, unless a node asks for training.
    #[default]
    File,
    /// The batch's own mean and variance, which is right for starting weights.
    Batch,
    /// The running statistics of the file.
    Running,
}

/// What becomes of random nodes such as `RandomNormalLike`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Noise {
    /// They give their mean.
    #[default]
    Off,
    /// They are drawn once from this seed, when the model is read.
    Seed(u64),
}

/// What a caller decides about the reading of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Shapes of inputs by name, before those that the file says.
    pub inputs: BTreeMap<String, Vec<usize>>,
    /// The length of a first axis that the file leaves open.
    pub batch: usize,
    /// Values to compute, by name; empty for all outputs of the file.
    pub outputs: Vec<String>,
    /// What normalizes in a `BatchNormalization`; in a network of any number of rows,
    /// [`BatchNorm::File`] is the batch in training and in checks, and running statistics in use.
    pub batch_norm: BatchNorm,
    /// Whether dropout is on in training, where the file asks for it.
    pub drops: bool,
    /// What becomes of random nodes.
    pub noise: Noise,
    /// The most elements that all values together may have.
    pub limit: usize,
    /// Inputs whose values are known already, by name: they are constants and not asked for.
    pub known: BTreeMap<String, Array>,
    /// Initializers that are constants whatever they look like, by name.
    pub constants: Vec<String>,
    /// What a user says of the initializers.
    pub overrides: Overrides,
}

/// 2²⁸ elements: one gigabyte of single precision.
pub const LIMIT: usize = 1 << 28;

impl Default for Options {
    fn default() -> Self {
        Self {
            inputs: BTreeMap::new(),
            batch: 1,
            outputs: Vec::new(),
            batch_norm: BatchNorm::default(),
            drops: true,
            noise: Noise::default(),
            limit: LIMIT,
            known: BTreeMap::new(),
            constants: Vec::new(),
            overrides: Overrides::default(),
        }
    }
}

impl From<&ReadingSpec> for Options {
    fn from(reading: &ReadingSpec) -> Self {
        Self {
            inputs: reading.inputs.clone(),
            outputs: reading.output.iter().cloned().collect(),
            batch: reading.batch.map_or(1, NonZero::get),
            limit: reading.max_elements.map_or(LIMIT, NonZero::get),
            batch_norm: match reading.batch_norm {
                None => BatchNorm::File,
                Some(NormStatistics::Batch) => BatchNorm::Batch,
                Some(NormStatistics::Running) => BatchNorm::Running,
            },
            drops: reading.dropout,
            noise: reading.noise.map_or(Noise::Off, Noise::Seed),
            overrides: Overrides {
                roles: reading.roles.clone(),
                parameters: reading.parameters.clone(),
                frozen: reading.frozen.clone(),
            },
            ..Self::default()
        }
    }
}
