//! One tensor of a list, and what holds for all of them.

use serde::Deserialize;

use super::names::{Kind, Layout};
use crate::init::{Component, Stack};
use crate::spec::Role;

/// One tensor of a list. What is not given is read from its name.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its name, unique in the list.
    pub name: String,
    /// The sizes of its axes; none for a scalar.
    pub shape: Vec<usize>,
    /// The type of its elements, as a checkpoint's header calls it: `bf16`, `i64`.
    pub dtype: Option<String>,
    /// What its module does with it.
    pub role: Option<Role>,
    /// What kind of module it belongs to; `conv-transpose` can only be said here.
    pub kind: Option<Kind>,
    /// Groups of a convolution. Default 1; a depthwise one has as many as channels.
    pub groups: Option<usize>,
    /// In which order its axes lie.
    pub layout: Option<Layout>,
    /// The activation that follows its layer.
    pub activation: Option<String>,
    /// Inputs that reach one unit, if not what the shape says.
    pub fan_in: Option<usize>,
    /// Units that one input reaches, if not what the shape says.
    pub fan_out: Option<usize>,
    /// The matrices that lie side by side along its axis of outputs.
    pub parts: Option<Vec<Component>>,
    /// How long they are. Default: all the same.
    pub part_sizes: Option<Vec<usize>>,
    /// Where it stands in its file, if not as an element of `parameters`.
    #[serde(skip)]
    pub(super) key: Option<String>,
}

impl Entry {
    /// A tensor of which only name and shape are known.
    pub fn new(name: &str, shape: impl Into<Vec<usize>>) -> Self {
        Self { name: name.to_owned(), shape: shape.into(), ..Self::default() }
    }

    /// How messages name it: `parameters[3]`.
    pub(super) fn place(&self, index: usize) -> String {
        self.key.clone().unwrap_or_else(|| format!("parameters[{index}]"))
    }
}

/// What holds for all tensors of a list, as far as they do not say otherwise.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// In which order the axes of weights lie. Default: `keras` for a `kernel`, otherwise `torch`.
    pub layout: Option<Layout>,
    /// Blocks in each stack. Default: as many as the names number.
    pub layers: Option<usize>,
    /// Width of the signal between blocks. Default: what the shapes say.
    pub width: Option<usize>,
    /// Heads of attention, which part what is packed head by head.
    pub heads: Option<usize>,
    /// What a network of one stack is. Default: what the names say.
    pub stack: Option<Stack>,
    /// The activation after every layer but the last and those that end a branch.
    pub activation: Option<String>,
}
