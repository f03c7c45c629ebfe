//! What a module does with a parameter, as far as its start depends on it.

use serde::{Deserialize, Serialize};

/// What a module does with a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Role {
    /// W of a linear layer or a convolution.
    Weight,
    /// b of a linear layer or a convolution.
    Bias,
    /// Table of vectors, of which an input picks some rows.
    Embedding,
    /// W from a recurrent layer's last state to its next.
    Recurrent,
    /// Factor of a norm, 1 at the start.
    NormScale,
    /// Summand of a norm, 0 at the start.
    NormShift,
    /// Factor on a residual branch, 1 unless a scheme says otherwise.
    ResidualScale,
    /// Factor on the shortcut beside a residual branch, 1 unless a scheme says otherwise.
    ShortcutScale,
    /// Slope of a PReLU, 0.25 at the start.
    Slope,
    /// Buffer: mean that batch normalization has seen, 0 at the start.
    RunningMean,
    /// Buffer: variance that batch normalization has seen, 1 at the start.
    RunningVariance,
    /// Buffer: number of batches seen, 0 at the start.
    Counter,
    /// A buffer whose values only its module knows.
    Buffer,
}

impl Role {
    /// Every role.
    pub const ALL: &[Self] = &[
        Self::Weight,
        Self::Bias,
        Self::Embedding,
        Self::Recurrent,
        Self::NormScale,
        Self::NormShift,
        Self::ResidualScale,
        Self::ShortcutScale,
        Self::Slope,
        Self::RunningMean,
        Self::RunningVariance,
        Self::Counter,
        Self::Buffer,
    ];

    /// Whether backpropagation changes it; buffers are only kept up.
    pub fn is_trained(self) -> bool {
        !matches!(self, Self::RunningMean | Self::RunningVariance | Self::Counter | Self::Buffer)
    }

    /// Whether it multiplies a signal by a matrix, so that schemes for weights serve it.
    pub fn is_matrix(self) -> bool {
        matches!(self, Self::Weight | Self::Embedding | Self::Recurrent)
    }

    /// The value at which schemes leave parameters of this role, unless a rule or the scheme
    /// itself says otherwise; `None` where there is no such value.
    pub fn start(self) -> Option<f64> {
        match self {
            Self::Weight | Self::Embedding | Self::Recurrent | Self::Buffer => None,
            Self::NormScale | Self::ResidualScale | Self::ShortcutScale | Self::RunningVariance => {
                Some(1.0)
            }
            Self::Bias | Self::NormShift | Self::RunningMean | Self::Counter => Some(0.0),
            Self::Slope => Some(0.25),
        }
    }

    /// The role's name in rules and files: `norm-scale`.
    pub fn label(self) -> &'static str {
        match self {
            Self::Weight => "weight",
            Self::Bias => "bias",
            Self::Embedding => "embedding",
            Self::Recurrent => "recurrent",
            Self::NormScale => "norm-scale",
            Self::NormShift => "norm-shift",
            Self::ResidualScale => "residual-scale",
            Self::ShortcutScale => "shortcut-scale",
            Self::Slope => "slope",
            Self::RunningMean => "running-mean",
            Self::RunningVariance => "running-variance",
            Self::Counter => "counter",
            Self::Buffer => "buffer",
        }
    }

    /// The role in words, in the plural.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Weight => "weights",
            Self::Bias => "biases",
            Self::Embedding => "embeddings",
            Self::Recurrent => "recurrent weights",
            Self::NormScale => "gains of a normalization",
            Self::NormShift => "shifts of a normalization",
            Self::ResidualScale => "factors on a residual branch",
            Self::ShortcutScale => "factors on a shortcut",
            Self::Slope => "trained slopes",
            Self::RunningMean => "running means",
            Self::RunningVariance => "running variances",
            Self::Counter => "counters",
            Self::Buffer => "buffers",
        }
    }

    /// The last part of its name in PyTorch's modules that the short text can say.
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Self::Bias | Self::NormShift => "bias",
            Self::RunningMean => "running_mean",
            Self::RunningVariance => "running_var",
            Self::Counter => "num_batches_tracked",
            _ => "weight",
        }
    }
}
