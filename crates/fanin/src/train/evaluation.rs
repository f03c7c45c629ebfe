//! Loss and score of weights on rows that are not trained on.

use super::metrics;
use super::step::EvaluationPass;
use crate::data::{ClassOrder, Dataset, NO_CLASS, Targets};
use crate::error::Result;
use crate::spec::{Loss, Model, Task};

/// Rows evaluated at a time, fewer where their answers are more numbers than [`MOST_NUMBERS`].
const ROWS: usize = 256;
const MOST_NUMBERS: usize = 1 << 24;

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
        let most = self.model.architecture().most_rows().unwrap_or(ROWS).clamp(1, ROWS);
        let at_once = (MOST_NUMBERS / data.target_columns().max(1)).clamp(1, most);
        let (mut loss_sum, mut all) = (0.0, 0);
        let mut answers = Answers::default();
        self.outputs.clear();
        for batch in rows.chunks(at_once) {
            let slot = if batch.len() == at_once { &mut self.whole } else { &mut self.rest };
            let pass = match slot.take().filter(|pass| pass.rows() == batch.len()) {
                Some(pass) => slot.insert(pass),
                None => slot.insert(EvaluationPass::new(&self.model, &self.loss, batch.len())?),
            };
            pass.feed(|features, targets| data.gather(batch, features, targets, 0.0));
            let (outputs, loss) = pass.run(parameters);
            // The loss of a batch is a mean over its rows, or over positions that ask for a class.
            let weight = if let Targets::Tokens { .. } = &data.targets {
                let before = answers.asked;
                answers.count(outputs, data, batch);
                answers.asked - before
            } else {
                self.outputs.extend_from_slice(outputs);
                batch.len()
            };
            loss_sum += loss * weight as f64;
            all += weight;
        }
        let score = match (&data.targets, self.task) {
            (Targets::Classes { labels, .. }, _) => metrics::accuracy(&self.outputs, labels),
            (Targets::Tokens { .. }, _) => answers.right as f64 / answers.asked as f64,
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
        Ok(Evaluation { loss: loss_sum / all.max(1) as f64, score })
    }
}

/// How many positions were asked for their class, and how many were answered rightly: the answers
/// themselves can be more than memory holds.
#[derive(Clone, Copy, Debug, Default)]
struct Answers {
    right: usize,
    asked: usize,
}

impl Answers {
    /// Adds the answers for these rows.
    fn count(&mut self, outputs: &[f32], data: &Dataset, rows: &[usize]) {
        let Targets::Tokens { ids, positions, classes, order } = &data.targets else { return };
        let mut logits = vec![0.0; *classes];
        for (place, row) in rows.iter().enumerate() {
            let own = &outputs[place * positions * classes..][..positions * classes];
            let ids = &ids[row * positions..][..*positions];
            for (position, &id) in ids.iter().enumerate().filter(|(_, id)| **id != NO_CLASS) {
                let (start, stride) = match order {
                    ClassOrder::ByPosition => (position * classes, 1),
                    ClassOrder::ByClass => (position, *positions),
                };
                let from = own[start..].iter().step_by(stride);
                logits.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
                self.right += metrics::right_classes(&logits, &[id]);
                self.asked += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_where_a_class_is_asked_for() {
        let data = |order| Dataset {
            name: String::new(),
            feature_names: Vec::new(),
            features: crate::data::Values::default(),
            targets: Targets::Tokens {
                ids: vec![1, NO_CLASS, 0, 1],
                positions: 2,
                classes: 2,
                order,
            },
        };
        let mut answers = Answers::default();
        let outputs = [0.0, 1.0, 5.0, 6.0, 3.0, 2.0, 1.0, 0.0];
        answers.count(&outputs, &data(ClassOrder::ByPosition), &[0, 1]);
        assert_eq!((answers.right, answers.asked), (2, 3));
        answers.count(&outputs[..4], &data(ClassOrder::ByClass), &[1]);
        assert_eq!((answers.right, answers.asked), (3, 5));
    }
}
