//! What a network is: a short text or a TOML file becomes a [`Model`] and a [`Spec`].

mod named;
mod limits;
mod mistake;
mod model;
mod layers;
mod check;
mod text;
mod parameters;

pub use layers::{LayerSpec, ModelSpec, Norm, Units};
pub use limits::{MAX_MODULES, MAX_NESTING, MAX_PARAMETERS, MAX_TENSOR_PARAMETERS};
pub use model::{Layer, Model};
pub use parameters::{Branch, Parameter, Role};
