//! The layers of Flax, and what each of their parameters starts from.

use crate::error::{Error, Result};
use crate::init::like::jax::{Distribution, Initializer, Mode, VarianceScaling};

/// A layer of Flax with its sizes; features are those of the last axis.
#[derive(Clone, Debug, PartialEq)]
pub enum Layer {
    /// `Dense`, in nnx `Linear`.
    Dense {
        /// Input features.
        inputs: usize,
        /// Output features.
        outputs: usize,
        /// Whether it has a bias.
        bias: bool,
    },
    /// `Conv`.
    Conv {
        /// Lengths of the kernel's axes.
        kernel: Vec<usize>,
        /// Input features, of all groups together.
        inputs: usize,
        /// Output features.
        outputs: usize,
        /// `feature_group_count`.
        groups: usize,
        /// Whether it has a bias.
        bias: bool,
    },
    /// `ConvTranspose`.
    ConvTranspose {
        /// Lengths of the kernel's axes.
        kernel: Vec<usize>,
        /// Input features.
        inputs: usize,
        /// Output features.
        outputs: usize,
        /// Whether it has a bias.
        bias: bool,
    },
    /// `Embed`.
    Embed {
        /// Rows of the table.
        embeddings: usize,
        /// Features of a row.
        features: usize,
    },
    /// `LayerNorm`, and `GroupNorm`, which has the same parameters.
    LayerNorm {
        /// Features.
        features: usize,
    },
    /// `RMSNorm`.
    RmsNorm {
        /// Features.
        features: usize,
    },
    /// `BatchNorm`, with its running mean and variance.
    BatchNorm {
        /// Features.
        features: usize,
    },
    /// `MultiHeadDotProductAttention`, in nnx `MultiHeadAttention`, of a sequence to itself.
    Attention {
        /// Heads.
        heads: usize,
        /// Input features.
        inputs: usize,
        /// `qkv_features`: features of all heads together.
        features: usize,
        /// Output features.
        outputs: usize,
        /// Whether the four projections have a bias.
        bias: bool,
    },
    /// `LSTMCell` or `OptimizedLSTMCell` of linen.
    LstmCell {
        /// Input features.
        inputs: usize,
        /// Features of the state.
        features: usize,
    },
    /// `GRUCell` of linen.
    GruCell {
        /// Input features.
        inputs: usize,
        /// Features of the state.
        features: usize,
    },
    /// `Dropout`: no parameter, but nnx gives it a key.
    Dropout,
}

/// A parameter of a layer.
pub(super) struct Parameter {
    /// The submodule that holds it, if not the layer itself.
    pub module: Option<&'static str>,
    pub name: &'static str,
    pub shape: Vec<usize>,
    /// The matrix as which it is drawn, where that differs from the shape.
    pub drawn: Option<[usize; 2]>,
    pub initializer: Initializer,
    /// Whether it is a running statistic, which takes no key.
    pub is_statistic: bool,
}

impl Parameter {
    fn new(name: &'static str, shape: &[usize], initializer: Initializer) -> Self {
        let shape = shape.to_vec();
        Self { module: None, name, shape, drawn: None, initializer, is_statistic: false }
    }

    fn within(self, module: &'static str) -> Self {
        Self { module: Some(module), ..self }
    }
}

impl Layer {
    /// The parameters in the order in which Flax makes them.
    pub(super) fn parameters(&self) -> Result<Vec<Parameter>> {
        Ok(match self {
            Self::Dense { inputs, outputs, bias } => weighted(&[], *inputs, *outputs, *bias),
            Self::Conv { kernel, inputs, outputs, groups, bias } => {
                if *groups == 0 || inputs % groups != 0 || outputs % groups != 0 {
                    return Err(mistake(
                        format!("{groups} groups for {inputs} inputs and {outputs} outputs"),
                        "a number that divides both",
                    ));
                }
                weighted(kernel, inputs / groups, *outputs, *bias)
            }
            Self::ConvTranspose { kernel, inputs, outputs, bias } => {
                weighted(kernel, *inputs, *outputs, *bias)
            }
            Self::Embed { embeddings, features } => {
                let mut scaling = VarianceScaling::new(1.0, Mode::FanIn, Distribution::Normal);
                scaling.out_axes = vec![0];
                let initializer = Initializer::VarianceScaling(scaling);
                vec![Parameter::new("embedding", &[*embeddings, *features], initializer)]
            }
            Self::LayerNorm { features } => norm(*features, true),
            Self::RmsNorm { features } => norm(*features, false),
            Self::BatchNorm { features } => {
                let mean = Parameter::new("mean", &[*features], Initializer::Zeros);
                let variance = Parameter::new("var", &[*features], Initializer::Ones);
                let statistics = [mean, variance].map(|p| Parameter { is_statistic: true, ..p });
                norm(*features, true).into_iter().chain(statistics).collect()
            }
            Self::Attention { heads, inputs, features, outputs, bias } => {
                if *heads == 0 || features % heads != 0 {
                    return Err(mistake(
                        format!("{heads} heads for {features} features"),
                        "a number that divides the features",
                    ));
                }
                attention(*heads, [*inputs, *features, *outputs], *bias)
            }
            Self::LstmCell { inputs, features } => {
                let gates = [("ii", "hi"), ("if", "hf"), ("ig", "hg"), ("io", "ho")];
                let gates = gates.map(|(i, h)| (i, false, h, true));
                recurrent(*inputs, *features, &gates)
            }
            Self::GruCell { inputs, features } => {
                let gates = [("ir", true, "hr", false), ("iz", true, "hz", false)];
                let last = ("in", true, "hn", true);
                recurrent(*inputs, *features, &[gates[0], gates[1], last])
            }
            Self::Dropout => Vec::new(),
        })
    }
}

/// A kernel (extent…, inputs, outputs), and perhaps a bias.
fn weighted(extent: &[usize], inputs: usize, outputs: usize, bias: bool) -> Vec<Parameter> {
    let shape = [extent, &[inputs, outputs]].concat();
    let kernel = Parameter::new("kernel", &shape, Initializer::lecun_normal());
    let bias = bias.then(|| Parameter::new("bias", &[outputs], Initializer::Zeros));
    [Some(kernel), bias].into_iter().flatten().collect()
}

fn norm(features: usize, bias: bool) -> Vec<Parameter> {
    let scale = Parameter::new("scale", &[features], Initializer::Ones);
    let bias = bias.then(|| Parameter::new("bias", &[features], Initializer::Zeros));
    [Some(scale), bias].into_iter().flatten().collect()
}

/// Kernels are drawn as matrices (all inputs, all outputs) and then cut into heads.
fn attention(heads: usize, widths: [usize; 3], bias: bool) -> Vec<Parameter> {
    let [inputs, features, outputs] = widths;
    let head = features / heads;
    let mut parameters = Vec::new();
    for (module, shape, drawn, bias_shape) in [
        ("query", [inputs, heads, head], [inputs, features], &[heads, head][..]),
        ("key", [inputs, heads, head], [inputs, features], &[heads, head]),
        ("value", [inputs, heads, head], [inputs, features], &[heads, head]),
        ("out", [heads, head, outputs], [features, outputs], &[outputs]),
    ] {
        let mut kernel = Parameter::new("kernel", &shape, Initializer::lecun_normal());
        kernel.drawn = Some(drawn);
        parameters.push(kernel.within(module));
        if bias {
            let bias = Parameter::new("bias", bias_shape, Initializer::Zeros);
            parameters.push(bias.within(module));
        }
    }
    parameters
}

/// (input module, has a bias, recurrent module, has a bias) of a gate.
type Gate = (&'static str, bool, &'static str, bool);

fn recurrent(inputs: usize, features: usize, gates: &[Gate]) -> Vec<Parameter> {
    let mut parameters = Vec::new();
    for (input, input_bias, state, state_bias) in gates {
        for parameter in weighted(&[], inputs, features, *input_bias) {
            parameters.push(parameter.within(input));
        }
        for mut parameter in weighted(&[], features, features, *state_bias) {
            if parameter.name == "kernel" {
                parameter.initializer = Initializer::Orthogonal { scale: 1.0, column_axis: -1 };
            }
            parameters.push(parameter.within(state));
        }
    }
    parameters
}

fn mistake(found: String, expected: &str) -> Error {
    let (place, expected) = ("flax layer".to_owned(), expected.to_owned());
    Error::Setting { place, found, expected }
}
