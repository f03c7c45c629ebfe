//! Numeric kernels of fanin: slices in, slices out.
//!
//! This crate knows shapes only as numbers: no graph, no files, no clock. It is the only home of
//! `unsafe` in the workspace, and every kernel gives the same bits for any number of threads,
//! because work is cut into pieces by its size alone and threads only choose who does which piece.

pub mod scalar;
pub mod jet;
pub mod threads;
pub mod matmul;
pub mod elementwise;
pub mod reduce;
pub mod random;

pub use jet::Jet;
pub use scalar::{Float, Scalar};
