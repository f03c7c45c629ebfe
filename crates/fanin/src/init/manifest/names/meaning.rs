//! What a name says of a tensor.

use serde::{Deserialize, Serialize};

use crate::init::Component;
use crate::spec::Role;

/// What a tensor's name says of it; `None` where it says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meaning {
    /// What its module does with it.
    pub role: Option<Role>,
    /// What kind of module it belongs to.
    pub kind: Option<Kind>,
    /// Which matrix of its block it is.
    pub component: Option<Component>,
    /// In which order its axes lie.
    pub layout: Option<Layout>,
    /// Which matrices lie in it side by side.
    pub packed: Option<Packed>,
    /// Whether it belongs to the last layer of a residual branch, if it stands in a block.
    pub is_residual_output: bool,
    /// Whether it belongs to the network's last layer.
    pub is_head: bool,
}

/// What kind of module a parameter belongs to, as far as its axes depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A linear layer.
    Linear,
    /// A linear layer whose weight is (in, out) whatever the layout, as GPT-2's.
    LinearInOut,
    /// A convolution.
    Conv,
    /// A transposed convolution; its shape alone does not tell it from a convolution.
    ConvTranspose,
    /// A convolution of each channel alone.
    DepthwiseConv,
    /// A table of vectors.
    Embedding,
    /// A normalization.
    Norm,
    /// A recurrent layer with four gates.
    Lstm,
    /// A recurrent layer with three gates.
    Gru,
    /// A recurrent layer without gates.
    Rnn,
    /// Linear layers, numbered along the first axis.
    Experts,
    /// A projection onto heads: inputs along one axis, (heads, head width) along two.
    ToHeads,
    /// A projection from heads: (heads, head width) along two axes, outputs along one.
    FromHeads,
}

/// In which order the axes of weights lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// (out, in, kernel…).
    Torch,
    /// (kernel…, in, out).
    Keras,
}

/// Which matrices lie side by side along the axis of outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Packed {
    /// Query, key, value.
    QueryKeyValue,
    /// Query, key, value of the first head, then of the second, and so on.
    QueryKeyValueByHead,
    /// Key, value.
    KeyValue,
    /// Gate and up projection.
    GateUp,
    /// The gates of a recurrent layer.
    Gates,
}

/// What the last parts of a name mean.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// Parts of a name, with dots between them; `*` in a part stands for any characters in it.
    pub pattern: &'static str,
    /// Whether it is the end of a tensor's name; otherwise that of its module.
    pub is_tensor: bool,
    /// What it means.
    pub meaning: Meaning,
}

/// A line on modules whose names end so.
pub const fn module(pattern: &'static str, meaning: Meaning) -> Line {
    Line { pattern, is_tensor: false, meaning }
}

/// A line on tensors whose names end so.
pub const fn tensor(pattern: &'static str, meaning: Meaning) -> Line {
    Line { pattern, is_tensor: true, meaning }
}

/// A name that says nothing.
const NOTHING: Meaning = Meaning {
    role: None,
    kind: None,
    component: None,
    layout: None,
    packed: None,
    is_residual_output: false,
    is_head: false,
};

/// A matrix of a block.
pub const fn part(component: Component) -> Meaning {
    Meaning { component: Some(component), ..NOTHING }
}

/// The last matrix of a residual branch.
pub const fn last(component: Component) -> Meaning {
    Meaning { is_residual_output: true, ..part(component) }
}

/// Several matrices in one.
pub const fn packed(packed: Packed) -> Meaning {
    Meaning { packed: Some(packed), ..NOTHING }
}

/// A module of this kind.
pub const fn kind(kind: Kind) -> Meaning {
    Meaning { kind: Some(kind), ..NOTHING }
}

/// A tensor of this role.
pub const fn role(role: Role) -> Meaning {
    Meaning { role: Some(role), ..NOTHING }
}

/// The last layer of the network.
pub const HEAD: Meaning = Meaning { is_head: true, kind: Some(Kind::Linear), ..NOTHING };

/// A plain linear layer.
pub const LINEAR: Meaning = kind(Kind::Linear);

/// A table of vectors.
pub const TABLE: Meaning = kind(Kind::Embedding);

impl Meaning {
    /// The same with its weight as (in, out) whatever the layout.
    pub const fn in_out(self) -> Self {
        Self { kind: Some(Kind::LinearInOut), ..self }
    }

    /// The same for a module of this kind.
    pub const fn of_kind(self, kind: Kind) -> Self {
        Self { kind: Some(kind), ..self }
    }

    /// The same for a tensor of this role.
    pub const fn of_role(self, role: Role) -> Self {
        Self { role: Some(role), ..self }
    }

    /// The same in the layout of Keras.
    pub const fn keras(self) -> Self {
        Self { layout: Some(Layout::Keras), ..self }
    }

    /// What this says, and where it says nothing, what `other` says.
    pub fn or(self, other: Self) -> Self {
        Self {
            role: self.role.or(other.role),
            kind: self.kind.or(other.kind),
            component: self.component.or(other.component),
            layout: self.layout.or(other.layout),
            packed: self.packed.or(other.packed),
            is_residual_output: self.is_residual_output || other.is_residual_output,
            is_head: self.is_head || other.is_head,
        }
    }
}
