//! Loss and score of weights on rows that are not trained on.

use super::metrics;
use super::step::EvaluationPass;
use crate::data::{Dataset, Targets};
use crate::error::Result;
use crate::spec::{Loss, Model, Task};

/// Rows evaluated at a time.
const ROWS: usize = 256;

/// How good weights are on some rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evaluation {
    /// Mean loss.
    pub loss: f64,
    /// Accuracy in [0, 1] for classes and labels, R² at most 1 for numbers.
    pub score: f64,
}

/// Evaluates weights in batches of a fixed size.
#[derive(Debug)]
pub struct Evaluator {
    model: Model,
    loss: Loss,
    task: Task,
    whole: Option<EvaluationPass>,
    rest: Option<EvaluationPass>,
    outputs: Vec<f32>,
}

impl Evaluator {
    /// An evaluator of `model`; its passes are planned when rows arrive.
    pub fn new(model: &Model, loss: &Loss, task: Task) -> Self {
        let model = model.clone();
        Self { model, loss: *loss, task, whole: None, rest: None, outputs: Vec::new() }
    }

    /// Loss and score of `parameters` on `data`.
    ///
    /// # Errors
    /// If the model does not fit together.
    pub fn evaluate(&mut self, parameters: &[Vec<f32>], data: &Dataset) -> Result<Evaluation> {
        let rows: Vec<usize> = (0..data.rows()).collect();
        let mut loss_sum = 0.0;
        self.outputs.clear();
        for batch in rows.chunks(ROWS) {
            let slot = if batch.len() == ROWS { &mut self.whole } else { &mut self.rest };
            let pass = match slot.take().filter(|pass| pass.rows() == batch.len()) {
                Some(pass) => slot.insert(pass),
                None => slot.insert(EvaluationPass::new(&self.model, &self.loss, batch.len())?),
            };
            pass.feed(|features, targets| data.gather(batch, features, targets, 0.0));
            let (outputs, loss) = pass.run(parameters);
            self.outputs.extend_from_slice(outputs);
            loss_sum += loss * batch.len() as f64;
        }
        let score = match (&data.targets, self.task) {
            (Targets::Classes { labels, .. }, _) => metrics::accuracy(&self.outputs, labels),
            (Targets::Tokens { ids, .. }, _) => metrics::accuracy(&self.outputs, ids),
            (targets @ Targets::Values { .. }, Task::Classification) => {
                metrics::accuracy(&self.outputs, &targets.classes())
            }
            (Targets::Values { values, .. }, Task::MultiLabel) => {
                metrics::multi_label_accuracy(&self.outputs, values)
            }
            (Targets::Values { values, names }, _) => {
                metrics::r_squared(&self.outputs, values, names.len())
            }
            (Targets::Features, _) => {
                metrics::r_squared(&self.outputs, &data.features, data.columns())
            }
        };
        Ok(Evaluation { loss: loss_sum / data.rows() as f64, score })
    }
}
