//! Common pieces of networks, composed of operators and therefore differentiable like them.

mod linear;
mod losses;
mod norm;
mod pieces;
mod prelu;
mod resize;
mod vector_norms;
mod reverse_sequence;

pub use norm::Statistics;
pub use pieces::Continuation;
pub use resize::{Coordinates, Interpolation, Nearest, Resize};
