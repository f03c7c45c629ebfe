//! `[reading]`: how the file of a network is read.

use std::collections::BTreeMap;
use std::num::NonZero;

use serde::{Deserialize, Serialize};

use crate::spec::role::Role;

/// How the file of a network is read; of no effect on a list of layers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReadingSpec {
    /// Value to compute, by name. Default: the file's first output of floating numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// Patterns of names of initializers that are parameters, whatever they look like.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<String>,
    /// Patterns of names of initializers that are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub frozen: Vec<String>,
    /// (pattern, role) pairs for names of initializers; the last that fits decides.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<(String, Role)>,
    /// Shapes of inputs by name, rows first, where the file leaves them open or others are wished.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<String, Vec<usize>>,
    /// Rows where the file leaves the first axis of an input open. Default: 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch: Option<NonZero<usize>>,
    /// Numbers that all values together may hold for the file's own rows. Default: 2²⁸.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_elements: Option<NonZero<usize>>,
    /// What batch normalization divides by. Default: the batch's own statistics, and the running
    /// ones where a trained network is scored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_norm: Option<NormStatistics>,
    /// Whether dropout is on in training, where the file was exported for training.
    #[serde(skip_serializing_if = "is_on")]
    pub dropout: bool,
    /// The seed that random nodes are drawn from, once. Default: they give their mean.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noise: Option<u64>,
}

/// What a batch normalization that was read from a file divides by, in training and out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NormStatistics {
    /// The batch's own mean and variance, which is right for starting weights.
    Batch,
    /// The running statistics in the file, which then stay as they are.
    Running,
}

impl Default for ReadingSpec {
    fn default() -> Self {
        Self {
            output: None,
            parameters: Vec::new(),
            frozen: Vec::new(),
            roles: Vec::new(),
            inputs: BTreeMap::new(),
            batch: None,
            max_elements: None,
            batch_norm: None,
            dropout: true,
            noise: None,
        }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_on(switch: &bool) -> bool {
    *switch
}

impl ReadingSpec {
    /// Whether nothing is said.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
