//! Files: weights and data, read with every byte checked and written whole or not at all.

mod write_whole;
mod weights;

pub use weights::{Input, Output, WEIGHT_FORMATS, WeightFormat, read_weights, write_weights};
pub use write_whole::{Existing, write_whole};
