//! A differentiable graph: operators, derivative, plan, run.
//!
//! ```text
//! Graph ── gradients ──► Graph ── Plan::new ──► Plan ── run ──► values in a Workspace
//! ```
//!
//! The operator set is closed under differentiation: [`gradients`] adds nodes to a graph, and the
//! result can be differentiated again. The engine does no I/O, has no clock and no hidden
//! randomness, and knows nothing of diagnosis: it lets any wire be read.
#![forbid(unsafe_code)]

pub mod error;
pub mod tensor;
pub mod graph;
pub mod activations;
pub mod moments;
pub mod ops;
pub mod compose;
pub mod gradient;
pub mod plan;
pub mod run;

pub use error::{Error, Result};
pub use gradient::{gradients, pullback};
pub use graph::{Graph, Kind, Type, Wire};
pub use plan::Plan;
pub use run::{Element, Workspace};
pub use tensor::{Shape, Tensor};
