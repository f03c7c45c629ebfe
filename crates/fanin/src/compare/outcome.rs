//! One word on how training went, by the same words as the forecast.

use serde::Serialize;

use super::entry::Trained;
use super::majority;
use crate::check::forecast::Verdict;
use crate::data::{NO_CLASS, Prepared, Targets};
use crate::spec::Task;
use crate::train::loop_control::Finish;
use crate::train::metrics::Spread;

/// Below this share of the way from guessing to the target a network has learned no more than a
/// single unit could.
const STUCK_SHARE: f64 = 1.0 / 3.0;

/// What came of a scheme's runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// One word, that of most seeds.
    pub verdict: Verdict,
    /// Loss on the test rows after the last epoch, over seeds.
    pub loss: Spread,
    /// Score on the test rows after the last epoch, over seeds.
    pub score: Spread,
    /// The first epoch whose score reached the target, per seed.
    pub epochs_to_target: Vec<Option<u64>>,
}

/// What counts as learning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    /// The score of guessing: the largest class's share, that of each label's usual value, or 0
    /// for R².
    pub chance: f64,
    /// The score that counts as learned.
    pub target: f64,
}

impl Threshold {
    /// The threshold for these data.
    pub fn new(data: &Prepared, target: f64) -> Self {
        let chance = match data.test.as_ref().map(|test| &test.targets) {
            Some(targets) if data.task == Task::Classification => {
                let mut labels = targets.classes();
                labels.retain(|&label| label != NO_CLASS);
                let count = |class| labels.iter().filter(|&&l| l as usize == class).count();
                let classes = match targets {
                    Targets::Tokens { classes, .. } => *classes,
                    _ => data.train.target_columns(),
                };
                let largest = (0..classes).map(count).max().unwrap_or(0);
                largest as f64 / labels.len().max(1) as f64
            }
            Some(Targets::Values { values, names }) if data.task == Task::MultiLabel => {
                let ones =
                    |label: usize| values.iter().skip(label).step_by(names.len()).sum::<f32>();
                let rows = (values.len() / names.len()).max(1) as f64;
                let usual = |label| {
                    (f64::from(ones(label)) / rows).max(1.0 - f64::from(ones(label)) / rows)
                };
                (0..names.len()).map(usual).sum::<f64>() / names.len() as f64
            }
            Some(_) | None => 0.0,
        };
        Self { chance, target }
    }

    /// What came of runs; `None` if none came to its end.
    pub fn outcome(&self, trained: &[Trained]) -> Option<Outcome> {
        let complete: Vec<&Trained> = trained.iter().filter(|t| t.is_complete()).collect();
        let verdict = majority(complete.iter().map(|t| self.verdict(t)))?;
        let numbers = |read: fn(&crate::train::Metrics) -> Option<f64>| {
            let values: Vec<f64> = complete
                .iter()
                .map(|t| match t.finish {
                    Finish::Diverged(_) => f64::NAN,
                    _ => t.last().and_then(read).unwrap_or(f64::NAN),
                })
                .collect();
            Spread::of(&values)
        };
        Some(Outcome {
            verdict,
            loss: numbers(|m| m.test_loss),
            score: numbers(|m| m.accuracy),
            epochs_to_target: complete.iter().map(|t| t.epochs_to(self.target)).collect(),
        })
    }

    fn verdict(&self, trained: &Trained) -> Verdict {
        if matches!(trained.finish, Finish::Diverged(_)) {
            return Verdict::Unstable;
        }
        let score = trained.last().and_then(|m| m.accuracy).unwrap_or(self.chance);
        let share = (score - self.chance) / (self.target - self.chance).max(f64::MIN_POSITIVE);
        if share >= 1.0 {
            Verdict::Learns
        } else if share >= STUCK_SHARE {
            Verdict::Slow
        } else {
            Verdict::Stuck
        }
    }
}
