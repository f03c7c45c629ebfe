//! What the tests of all instruments share.

use crate::check::probe::Batch;
use crate::init::{Rules, for_model};
use crate::spec::Model;
use crate::weights::Weights;
use fanin_kernels::random::{Stream, fill_normal};

/// A network with weights and rows of standard normal features and targets.
pub(super) struct Sample {
    pub model: Model,
    pub weights: Weights,
    pub rows: usize,
    pub features: Vec<f32>,
    pub targets: Vec<f32>,
}

impl Sample {
    pub fn new(model: &str, scheme: &str, rows: usize) -> Self {
        Self::seeded(model, scheme, rows, 0)
    }

    pub fn seeded(model: &str, scheme: &str, rows: usize, seed: u64) -> Self {
        let model: Model = model.parse().unwrap();
        let weights = for_model(&model, &Rules::new(scheme), seed).unwrap();
        let normal = |name: &str, count: usize| {
            let mut x = vec![0.0; count];
            fill_normal(Stream::new(seed, name), 0, 0.0, 1.0, &mut x);
            x
        };
        let features = normal("features", rows * model.inputs);
        let targets = normal("targets", rows * model.outputs());
        Self { model, weights, rows, features, targets }
    }

    /// Targets that are one class each.
    pub fn with_classes(mut self) -> Self {
        let classes = self.model.outputs();
        self.targets.fill(0.0);
        let rows = self.targets.chunks_exact_mut(classes).enumerate();
        rows.for_each(|(row, target)| target[row * 7 % classes] = 1.0);
        self
    }

    pub fn set(&mut self, name: &str, values: &[f32]) {
        let tensor = self.weights.tensors.iter_mut().find(|(n, _)| n == name);
        tensor.unwrap().1.data_mut().copy_from_slice(values);
    }

    pub fn batch(&self) -> Batch<'_> {
        Batch { rows: self.rows, features: &self.features, targets: &self.targets }
    }
}
