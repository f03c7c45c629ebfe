//! fanin gives neural networks starting weights from which they can learn.
#![forbid(unsafe_code)]

pub mod error;
pub mod weights;
pub mod spec;
pub mod formats;
pub mod data;
pub mod init;
pub mod check;
pub mod train;
pub mod compare;
pub mod report;

pub use error::{Error, Result};
