//! A differentiable graph: operators, derivative, plan, run.
//!
//! The engine knows nothing of files, clocks, hidden randomness or diagnosis.
#![forbid(unsafe_code)]

pub mod error;
pub mod tensor;
pub mod activations;

pub use error::{Error, Result};
pub use tensor::Tensor;
