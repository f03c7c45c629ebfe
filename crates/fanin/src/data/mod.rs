//! Data sets: rows of features with their targets, carried along, computed or read from files.
//!
//! The way of the data: [`load`] finds and reads a source, [`describe`](describe()) says what is
//! in it, [`prepare`](prepare()) splits and scales it, [`Dataset::gather`] fills a batch.

mod values;
mod dataset;
mod options;
mod classes;
mod missing;
mod table;
mod network_arrays;
mod arrays;
mod folder;
mod pictures;
mod tokens;
mod load;
mod split;
mod standardize;
mod prepare;
mod describe;
mod remarks;
mod from_spec;
pub mod sets;

pub use crate::spec::{Missing, Standardize as Preparation, Task};
pub use dataset::{ClassOrder, Dataset, NO_CLASS, Targets};
pub use describe::{Balance, ColumnDescription, Description, NonFinite, describe};
pub use from_spec::{for_network, for_spec, load_options};
pub use load::load;
pub use options::{LoadOptions, Loaded};
pub use prepare::{PrepareOptions, Prepared, prepare};
pub use remarks::commonest_class;
pub use split::{Split, split};
pub use standardize::Fitted;
pub use values::Values;
