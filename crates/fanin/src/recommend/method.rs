//! What every method tells of itself and can do.

use super::{Problem, Recommendation};
use crate::error::Result;

/// A way to find starting weights for a network.
pub trait Method: Sync {
    /// What people are told of it.
    fn facts(&self) -> &'static Facts;

    /// Starting weights for the network of `problem`, and why these.
    ///
    /// What cannot be satisfied is said in [`Recommendation::unmet`]; it is no error.
    ///
    /// # Errors
    /// If the method needs data and the problem has none, or the network cannot be built.
    fn recommend(&self, problem: &Problem<'_>) -> Result<Recommendation>;
}

/// What people are told of a method.
#[derive(Debug, PartialEq, Eq, serde::Serialize)]
pub struct Facts {
    /// The name in commands, tables and reports.
    pub name: &'static str,
    /// What it does, in one line.
    pub about: &'static str,
    /// Where it was published.
    pub source: &'static str,
    /// Whether it needs rows of data.
    pub needs_data: bool,
    /// What its rules keep of its start for other seeds, as a sentence; empty if all.
    pub redrawn: &'static str,
}
