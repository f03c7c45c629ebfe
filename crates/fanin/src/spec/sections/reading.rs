//! `[reading]`: how the file of a network is read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::spec::role::Role;

/// How the file of a network is read; of no effect on a list of layers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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
}

impl ReadingSpec {
    /// Whether nothing is said.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
