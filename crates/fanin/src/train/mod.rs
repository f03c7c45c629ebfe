//! To come.

pub mod step;
