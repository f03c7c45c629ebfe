//! Data sets: rows of features with their targets, embedded or read from files.

mod dataset;

pub use dataset::{Dataset, Targets};
