//! What a method is asked: a network, its start, and the training that is planned.

use super::Recommendation;
use crate::check::evidence::Horizon;
use crate::data::Dataset;
use crate::spec::{Loss, Model};
use crate::weights::Weights;

/// A network for which starting weights are wanted.
#[derive(Clone, Copy, Debug)]
pub struct Problem<'a> {
    /// The network.
    pub model: &'a Model,
    /// What training makes small.
    pub loss: &'a Loss,
    /// The start as it is.
    pub weights: &'a Weights,
    /// Rows to learn from, if there are any.
    pub data: Option<&'a Dataset>,
    /// The training that is planned.
    pub horizon: Horizon,
    /// Seed of all that is drawn.
    pub seed: u64,
}

impl Problem<'_> {
    /// The start as it is, recommended unchanged; what methods begin from.
    pub fn unchanged(&self, method: &'static str) -> Recommendation {
        Recommendation {
            method,
            weights: self.weights.clone(),
            changes: Vec::new(),
            unmet: Vec::new(),
            offers: Vec::new(),
            learning_rate: None,
        }
    }
}
