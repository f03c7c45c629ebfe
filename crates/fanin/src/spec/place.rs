//! Where a parameter stands in its network: what schemes for deep networks depend on.

use serde::{Deserialize, Serialize};

/// Where a parameter stands in its network, as far as that is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Its layer among all layers with weights, in the order of the signal.
    pub layer: Option<Position>,
    /// Its residual block, or transformer layer, among those of its stack.
    pub block: Option<Position>,
    /// Its layer among those of its residual branch.
    pub branch: Option<Position>,
    /// The stack of blocks that it belongs to.
    pub stack: Stack,
    /// Blocks of the encoder; 0 without one.
    pub encoder_blocks: usize,
    /// Blocks of the decoder, or of a network that is one stack.
    pub decoder_blocks: usize,
    /// Residual sums on the way through its stack: two for a transformer's layer.
    pub residual_sums: usize,
    /// Width of the signal between blocks.
    pub width: Option<usize>,
    /// Whether it belongs to the network's last layer.
    pub is_head: bool,
    /// Whether it belongs to the last layer of a residual branch.
    pub is_residual_output: bool,
    /// Whether residual branches end in a trained factor; `None` if that is not known.
    pub has_residual_scale: Option<bool>,
    /// Whether shortcuts beside residual branches have a factor; `None` if that is not known.
    pub has_shortcut_scale: Option<bool>,
    /// Which matrix of its block it is.
    pub component: Option<Component>,
    /// The names of what stands around it: `model.layers.3.self_attn` for a query projection.
    pub module: String,
}

/// One of several, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// How many come before it.
    pub index: usize,
    /// How many there are.
    pub count: usize,
}

/// The stack of blocks that a parameter belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stack {
    /// The only one, as in a classifier or in GPT.
    #[default]
    Only,
    /// The one that reads, as in BERT (alone) or T5 (with a decoder).
    Encoder,
    /// The one that writes, with an encoder beside it.
    Decoder,
}

/// Which matrix of its block a parameter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Component {
    /// `W_Q` of attention.
    Query,
    /// `W_K` of attention.
    Key,
    /// `W_V` of attention.
    Value,
    /// `W_O` of attention, the last of its branch.
    AttentionOutput,
    /// First layer of a feed-forward branch.
    Up,
    /// The layer that multiplies the first one's result.
    Gate,
    /// Last layer of a feed-forward branch.
    Down,
    /// Input gate of an LSTM.
    InputGate,
    /// Forget gate of an LSTM.
    ForgetGate,
    /// Candidate for the cell of an LSTM, or the state of a GRU.
    Candidate,
    /// Output gate of an LSTM.
    OutputGate,
    /// Reset gate of a GRU.
    ResetGate,
    /// Update gate of a GRU.
    UpdateGate,
    /// A of a low-rank update B·A, the first to see the signal.
    LoraDown,
    /// B of a low-rank update B·A.
    LoraUp,
}

impl Component {
    /// Its name in rules, tables and files: `attention-output`.
    pub fn label(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Key => "key",
            Self::Value => "value",
            Self::AttentionOutput => "attention-output",
            Self::Up => "up",
            Self::Gate => "gate",
            Self::Down => "down",
            Self::InputGate => "input-gate",
            Self::ForgetGate => "forget-gate",
            Self::Candidate => "candidate",
            Self::OutputGate => "output-gate",
            Self::ResetGate => "reset-gate",
            Self::UpdateGate => "update-gate",
            Self::LoraDown => "lora-down",
            Self::LoraUp => "lora-up",
        }
    }
}

impl Position {
    /// Whether it is the last.
    pub fn is_last(self) -> bool {
        self.index + 1 == self.count
    }
}
