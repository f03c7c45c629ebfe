//! One word on how training went, by the same words as the forecast.

use serde::Serialize;

use super::entry::Trained;
use super::majority;
use crate::check::forecast::Verdict;
use crate::data::{Dataset, NO_CLASS, Prepared, Targets};
use crate::spec::Task;
use crate::train::loop_control::Finish;
use crate::train::metrics::Spread;

/// Below this share of the way from guessing to the target a network has learned no more than a
/// single unit could.
const STUCK_SHARE: f64 = 1.0 / 3.0;

/// So many standard errors above the score of guessing are luck of the rows that are counted.
const LUCK: f64 = 2.0;

/// A target that guessing comes to is raised to this share of the way from guessing to all right.
const RAISED_SHARE: f64 = 0.5;

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
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Threshold {
    /// The score of guessing: the largest class's share, that of each label's usual value, or 0
    /// for R².
    pub chance: f64,
    /// The score that counts as learned: the one asked for; where guessing comes to that, or would
    /// by luck, at least half of the way from guessing to 1.
    pub target: f64,
}

impl Threshold {
    /// The threshold for these data, by their test rows or else all, where `target` is asked for.
    pub fn new(data: &Prepared, target: f64) -> Self {
        match &data.test {
            Some(test) => Self::of(test, data.task, target),
            None => Self::of(&data.train, data.task, target),
        }
    }

    /// The same by `rows` that a score is measured on.
    ///
    /// One class with 97 % of all rows lets the answer that never changes reach 0.9, so 0.985 is asked
    /// of a network that is to have learned anything:
    ///
    /// ```
    /// use fanin::compare::Threshold;
    /// use fanin::data::{Dataset, Targets};
    /// use fanin::spec::Task;
    /// let digits = fanin::data::load("digits", &Default::default())?.train;
    /// let rows = |rare: usize| Dataset {
    ///     targets: Targets::Classes {
    ///         labels: (0..200).map(|row| u32::from(row < rare)).collect(),
    ///         names: vec!["common".to_owned(), "rare".to_owned()],
    ///     },
    ///     ..digits.clone()
    /// };
    /// let target = |rare| Threshold::of(&rows(rare), Task::Classification, 0.9).target;
    /// assert!((target(6) - 0.985).abs() < 1e-9 && target(100) == 0.9);
    /// # Ok::<(), fanin::Error>(())
    /// ```
    pub fn of(rows: &Dataset, task: Task, target: f64) -> Self {
        let (chance, counted) = match &rows.targets {
            targets if task == Task::Classification => {
                let mut labels = targets.classes();
                labels.retain(|&label| label != NO_CLASS);
                let count = |class| labels.iter().filter(|&&l| l as usize == class).count();
                let classes = match targets {
                    Targets::Tokens { classes, .. } => *classes,
                    _ => rows.target_columns(),
                };
                let largest = (0..classes).map(count).max().unwrap_or(0);
                (largest as f64 / labels.len().max(1) as f64, labels.len())
            }
            Targets::Values { values, names } if task == Task::MultiLabel => {
                let ones =
                    |label: usize| values.iter().skip(label).step_by(names.len()).sum::<f32>();
                let rows = (values.len() / names.len()).max(1) as f64;
                let usual = |label| {
                    (f64::from(ones(label)) / rows).max(1.0 - f64::from(ones(label)) / rows)
                };
                let usual = (0..names.len()).map(usual).sum::<f64>() / names.len() as f64;
                (usual, values.len())
            }
            _ => return Self { chance: 0.0, target },
        };
        let luck = LUCK * (chance * (1.0 - chance) / counted.max(1) as f64).sqrt();
        let raised = chance + RAISED_SHARE * (1.0 - chance);
        let is_guessed = target <= chance + luck;
        Self { chance, target: if is_guessed { target.max(raised) } else { target } }
    }

    /// The score to be reached: the target; infinite where the answer that never changes is right of
    /// every row, so that no score tells of learning.
    pub fn mark(&self) -> f64 {
        if self.target > self.chance { self.target } else { f64::INFINITY }
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
            epochs_to_target: complete.iter().map(|t| t.epochs_to(self.mark())).collect(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::LoadOptions;
    use crate::train::Metrics;

    /// The target for rows of two classes, so many of the second.
    fn target(rows: usize, rare: usize, asked: f64) -> Threshold {
        let labels = (0..rows).map(|row| u32::from(row < rare)).collect();
        let names = ["common", "rare"].map(str::to_owned).to_vec();
        let digits = crate::data::load("digits", &LoadOptions::default()).unwrap().train;
        let targets = Targets::Classes { labels, names };
        let rows = Dataset { targets, ..digits };
        Threshold::of(&rows, Task::Classification, asked)
    }

    #[test]
    fn a_target_that_guessing_comes_to_is_raised_and_no_other() {
        let near = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-9, "{found}");
        near(target(1000, 30, 0.9).chance, 0.97);
        near(target(1000, 30, 0.9).target, 0.985);
        // Luck makes 0.88 of 100 rows 0.9.
        near(target(100, 12, 0.9).target, 0.94);
        for (rare, asked) in [(500, 0.9), (500, 0.6), (250, 0.9), (30, 0.99)] {
            near(target(1000, rare, asked).target, asked);
        }
        // Nothing is lowered.
        near(target(10, 3, 0.9).target, 0.9);
    }

    #[test]
    fn rows_of_one_class_alone_tell_of_no_learning() {
        let threshold = target(100, 0, 0.9);
        assert!(threshold.chance >= 1.0 && threshold.mark().is_infinite(), "{threshold:?}");
    }

    #[test]
    fn a_run_that_gives_the_commonest_class_is_stuck_and_arrives_never() {
        let epoch = Metrics {
            epoch: 1,
            step: 1,
            train_loss: 0.1,
            test_loss: Some(0.1),
            accuracy: Some(0.97),
            learning_rate: 0.1,
            gradient_norm: 1.0,
            seconds: 1.0,
        };
        let run = Trained { finish: Finish::Completed, history: vec![epoch] };
        let outcome = target(1000, 30, 0.9).outcome(&[run]).unwrap();
        assert_eq!((outcome.verdict, outcome.epochs_to_target), (Verdict::Stuck, vec![None]));
    }
}
