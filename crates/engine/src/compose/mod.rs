//! Common pieces of networks, composed of operators and therefore differentiable like them.

mod linear;
mod losses;
mod norm;
mod pieces;
mod prelu;

pub use norm::Statistics;
pub use pieces::Continuation;
