//! What a network is: a short text or a TOML file becomes a [`Model`] and a [`Spec`].

mod model;
mod loss;
mod network;

pub use loss::Loss;
pub use model::{Layer, Model};
pub use network::{LayerWires, Mode, Network, RunningStatistic};
