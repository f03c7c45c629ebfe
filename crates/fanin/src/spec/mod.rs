//! What a network is: a short text or a TOML file becomes a [`Model`] and a [`Spec`].

mod model;

pub use model::{Layer, Model};
