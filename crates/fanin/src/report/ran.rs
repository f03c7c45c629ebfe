//! What one run of a model computed.

use std::path::Path;

use serde::Serialize;

use crate::weights::Weights;

/// What one run of a model computed, and the file that holds it.
#[derive(Clone, Debug, Serialize)]
pub struct Ran<'a> {
    /// The file.
    pub file: &'a Path,
    /// The loss, if there was a target.
    pub loss: Option<f32>,
    /// Names and shapes of the outputs.
    pub outputs: Vec<(&'a str, Vec<usize>)>,
    /// How many parameters have gradients.
    pub gradients: usize,
}

impl<'a> Ran<'a> {
    /// Of the results of [`import::run`](crate::import::run).
    pub fn new(results: &'a Weights, file: &'a Path) -> Self {
        let named = |start: &'static str| {
            results.tensors.iter().filter(move |(name, _)| name.starts_with(start))
        };
        let loss = results.get("loss").and_then(|loss| loss.data().first().copied());
        let outputs = named("output/").map(|(name, t)| (&**name, t.shape().axes().to_vec()));
        Self { file, loss, outputs: outputs.collect(), gradients: named("grad/").count() }
    }
}
