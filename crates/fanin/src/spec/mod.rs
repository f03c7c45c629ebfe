//! What a network is, its training and its starting weights: as text, as TOML, as parameters.
//!
//! The short text `"784 -> 256 relu -> 10"` becomes a [`Model`] (or, with the words `features`
//! and `outputs` for sizes that the data decides, a [`ModelSpec`]); a TOML file becomes a
//! [`Spec`]. [`Model::parameters`] names and shapes what there is to initialize and to train.
//! Names of schemes and optimizers are kept as text: their registries come after this room.
//!
//! # The short text
//! Elements stand between arrows. The first is the number of inputs; each further one is a layer
//! of so many units with words in any order:
//!
//! | text | meaning |
//! |---|---|
//! | `256` | linear layer of 256 units |
//! | `10x64 tanh` | ten layers of 64 units, each with its activation |
//! | `leaky_relu:0.2` | activation with a parameter |
//! | `dropout:0.1` | dropout after the activation |
//! | `batch_norm`, `layer_norm` | normalization before the activation |
//! | `no_bias` | linear layer without bias |
//! | `residual`, `residual:0.5` | the layer's result, times a factor, is added to its input |
//! | `4x(64 relu -> 256) residual` | a group of layers as one residual branch, four times |
//! | `relu`, `dropout:0.2` alone | no linear layer, only what the words say |
//! | `features` first, `outputs` last | as many as the data has |
//!
//! # The file
//! Every key may be left out. This one says nearly all of them:
//!
//! ```toml
#![doc = include_str!("example.toml")]
//! ```
//!
//! Instead of the text, `[[layers]]` tables say the same, and a scheme for single layers besides:
//!
//! ```
//! # use std::path::Path;
//! # use fanin::spec::Spec;
//! let text = r#"
//! inputs = 784 # left out: as many as the data has
//!
//! [[layers]]
//! repeat = 2
//! units = 256
//! bias = false
//! norm = "batch" # or layer
//! activation = "relu"
//! dropout = 0.1
//! init = "orthogonal"
//!
//! [[layers]]
//! residual = true # or the factor on the branch
//! layers = [{ units = 64, activation = "relu" }, { units = 256 }]
//!
//! [[layers]]
//! units = "outputs"
//! "#;
//! let spec = Spec::from_toml(text, Path::new("fanin.toml"))?;
//! assert_eq!(
//!     spec.model.to_string(),
//!     "784 -> 2x256 no_bias batch_norm relu dropout:0.1 -> (64 relu -> 256) residual -> outputs"
//! );
//! assert_eq!(spec.init_rules().rules[1].pattern, "4.weight");
//! # Ok::<(), fanin::Error>(())
//! ```

mod named;
mod limits;
mod mistake;
mod sequential;
mod layers;
mod model_spec;
mod check;
mod text;
mod role;
mod axes;
mod place;
mod parameter;
mod parameters;
mod framework;
pub(crate) mod glob;
mod sections;
mod spec_file;
pub(crate) mod toml_errors;
pub(crate) mod json_errors;
mod loss;
mod architecture;
mod model;
mod network;

pub use architecture::{
    Architecture, Bend, Body, CellWires, Feed, Ground, LayerWires, Layout, Numbers,
    RunningStatistic, Squash,
};
pub use axes::Axes;
pub(crate) use framework::renamed;
pub use framework::{
    framework_names, from_framework, in_framework, is_turned, tie, tied, to_framework,
};
pub use layers::{LayerSpec, Norm, SequentialSpec, Units};
pub use limits::{MAX_MODULES, MAX_NESTING, MAX_PARAMETERS, MAX_TENSOR_PARAMETERS};
pub use loss::Loss;
pub use model::Model;
pub use model_spec::{MODEL_ENDING, ModelSpec, is_model_file};
pub use network::{Mode, Network};
pub use parameter::{Packing, Parameter};
pub use parameters::{Branch, ModuleParameter};
pub use place::{Component, Place, Position, Stack};
pub use role::Role;
pub use sections::{
    BatchSize, CheckSpec, DEFAULT_ROWS, DataSpec, Decay, EarlyStopping, Extent, InitRule, InitSpec,
    LossName, LossSpec, Missing, NormStatistics, OptimizerSpec, ReadingSpec, ScheduleName,
    ScheduleSpec, Standardize, Task, TrainSpec,
};
pub use sequential::{Layer, Sequential};
pub use spec_file::Spec;

/// A file that says nearly every key, with what else each could be.
pub const EXAMPLE: &str = include_str!("example.toml");

#[cfg(test)]
mod tests;
