//! Common pieces of networks, composed of operators and therefore differentiable like them.

mod linear;
mod losses;
mod norm;
mod prelu;

pub use norm::Statistics;
