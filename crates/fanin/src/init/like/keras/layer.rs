//! The layers of Keras with their sizes.

use super::initializer::Initializer;

/// A layer of Keras.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// Its name: `dense`, `dense_1`, …
    pub name: String,
    /// What it is, with its sizes.
    pub kind: Kind,
    /// `kernel_initializer` (`embeddings_initializer`, …), given by its name in Keras, so without
    /// a seed of its own; `None` leaves the layer's default.
    pub kernel_initializer: Option<Initializer>,
}

impl Layer {
    /// A layer with its default initializers.
    pub fn new(name: &str, kind: Kind) -> Self {
        Self { name: name.to_owned(), kind, kernel_initializer: None }
    }
}

/// A kind of layer; inputs are the features of what comes in.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// `Dense(units)`.
    Dense {
        /// Input features.
        inputs: usize,
        /// Output features.
        units: usize,
        /// `use_bias`.
        bias: bool,
    },
    /// `Conv1D`, `Conv2D` or `Conv3D`.
    Conv {
        /// `kernel_size`.
        kernel: Vec<usize>,
        /// Input features, of all groups together.
        inputs: usize,
        /// Output features.
        filters: usize,
        /// `groups`.
        groups: usize,
        /// `use_bias`.
        bias: bool,
    },
    /// `Conv1DTranspose`, `Conv2DTranspose` or `Conv3DTranspose`.
    ConvTranspose {
        /// `kernel_size`.
        kernel: Vec<usize>,
        /// Input features.
        inputs: usize,
        /// Output features.
        filters: usize,
        /// `use_bias`.
        bias: bool,
    },
    /// `DepthwiseConv1D` or `DepthwiseConv2D`.
    DepthwiseConv {
        /// `kernel_size`.
        kernel: Vec<usize>,
        /// Input features.
        inputs: usize,
        /// `depth_multiplier`.
        multiplier: usize,
        /// `use_bias`.
        bias: bool,
    },
    /// `SeparableConv1D` or `SeparableConv2D`.
    SeparableConv {
        /// `kernel_size`.
        kernel: Vec<usize>,
        /// Input features.
        inputs: usize,
        /// Output features.
        filters: usize,
        /// `depth_multiplier`.
        multiplier: usize,
        /// `use_bias`.
        bias: bool,
    },
    /// `Embedding(input_dim, output_dim)`.
    Embedding {
        /// Rows of the table.
        inputs: usize,
        /// Features of a row.
        outputs: usize,
    },
    /// `SimpleRNN(units)`.
    SimpleRnn {
        /// Input features.
        inputs: usize,
        /// Features of the state.
        units: usize,
    },
    /// `LSTM(units)`.
    Lstm {
        /// Input features.
        inputs: usize,
        /// Features of the state.
        units: usize,
    },
    /// `GRU(units)`.
    Gru {
        /// Input features.
        inputs: usize,
        /// Features of the state.
        units: usize,
    },
    /// `MultiHeadAttention(num_heads, key_dim)` of a sequence to itself, without dropout.
    MultiHeadAttention {
        /// Input and output features.
        inputs: usize,
        /// `num_heads`.
        heads: usize,
        /// `key_dim`.
        head: usize,
        /// `use_bias`.
        bias: bool,
    },
    /// `BatchNormalization`, with its moving mean and variance.
    BatchNormalization {
        /// Features.
        features: usize,
    },
    /// `LayerNormalization` or `GroupNormalization`.
    LayerNormalization {
        /// Features.
        features: usize,
    },
    /// `Dropout`, `GaussianNoise` and their kin, with a rate above 0: no parameter, but a seed.
    Dropout,
}
