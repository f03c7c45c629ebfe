//! What `bench/training.py` asks for.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::Failure;
use crate::network::Layer;

/// One workload with one optimizer; libraries that are compared get the same.
#[derive(Debug, Deserialize)]
pub struct Job {
    /// The network as short text, complete with its sizes; none where text cannot say it.
    pub model: Option<String>,
    /// Its layers.
    pub layers: Vec<Layer>,
    /// `sgd` (with momentum) or `adam`; `none` for passes without steps.
    pub optimizer: String,
    /// α.
    pub learning_rate: f64,
    /// Memory of `sgd`'s velocity.
    pub momentum: f64,
    /// Rows in a step.
    pub batch: usize,
    /// Threads to work with.
    pub threads: usize,
    /// Steps whose losses are told first, so that all can be seen to compute the same.
    pub compared: usize,
    /// Starting weights, named as in `nn.Sequential`.
    pub weights: PathBuf,
    /// `features` (rows, columns) and `targets` (rows, classes), one-hot; without an optimizer,
    /// targets are the gradient with respect to the result.
    pub data: PathBuf,
}

impl Job {
    /// Reads a job.
    ///
    /// # Errors
    /// If the file is missing or says something else.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        Ok(serde_json::from_str(&std::fs::read_to_string(path)?)?)
    }
}
