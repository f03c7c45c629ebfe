//! The registry of methods, cheapest first: one file each.
//!
//! To add one: a new file, `mod x;` and `&x::X,` in [`METHODS`].

mod auto;

pub use auto::{Expected, expected};

use super::Method;

/// Every method, cheapest first: the order in which they are tried.
pub static METHODS: &[&dyn Method] = &[&auto::Auto];
