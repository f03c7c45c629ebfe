//! Tables and sentences for a terminal; every function gives text that ends in a line break.

mod number;
mod table;
mod compare;

pub use compare::{after_training, before_training, heading, next_steps};
