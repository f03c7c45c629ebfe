//! One run of a proof: steps, with a look at the score after every few of them.

use serde::{Serialize, Serializer};

use crate::data::{Dataset, Prepared};
use crate::error::Result;
use crate::spec::{Model, Spec};
use crate::train::{Course, Finish, Interrupt, Rows, Session};
use crate::weights::Weights;

/// Rows that are looked at for the score.
const JUDGED: usize = 256;

/// Looks in one pass over the rows, and in a whole run at least: they cost about a fifth of the
/// steps between them.
const LOOKS: u64 = 4;

/// A network, how it is trained, and on what.
#[derive(Clone, Copy, Debug)]
pub struct Training<'a> {
    /// The network.
    pub model: &'a Model,
    /// How it is trained.
    pub spec: &'a Spec,
    /// Rows to learn from, and rows to be judged by.
    pub data: &'a Prepared,
}

/// When a run ends.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Steps at most.
    pub steps: u64,
    /// Steps between two looks.
    pub every: u64,
    /// The score at which it has arrived.
    pub target: f64,
    /// A run that has come no higher than this after half of its steps ends there; minus infinity
    /// lets every run go on.
    pub hopeless: f64,
}

/// The score after some steps.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Score {
    /// Steps done.
    pub step: u64,
    /// The score; NaN of a run that diverged.
    #[serde(serialize_with = "finite")]
    pub score: f64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a field so")]
fn finite<S: Serializer>(score: &f64, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    score.is_finite().then_some(*score).serialize(serializer)
}

/// How the score of one run went.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trajectory {
    /// Its learning rate.
    pub learning_rate: f64,
    /// Its seed.
    pub seed: u64,
    /// The score after every few steps, from the start on.
    pub scores: Vec<Score>,
    /// The step in which a number was no longer finite.
    pub diverged: Option<u64>,
}

impl Trajectory {
    /// The steps after which the score reached `target`.
    pub fn steps_to(&self, target: f64) -> Option<u64> {
        self.scores.iter().find(|look| look.score >= target).map(|look| look.step)
    }

    /// The highest score; that of a run without any is that of nothing.
    pub fn best_score(&self) -> f64 {
        self.scores.iter().map(|look| look.score).fold(0.0, f64::max)
    }
}

/// The rows by which runs are judged: test rows, or those trained on where there are none.
pub(super) fn judged(data: &Prepared) -> Dataset {
    let rows = data.test.as_ref().unwrap_or(&data.train);
    rows.select(&(0..rows.rows().min(JUDGED)).collect::<Vec<usize>>())
}

/// Steps between two looks, of epochs of so many batches.
pub fn every(batches: u64, steps: u64) -> u64 {
    (batches.min(steps) / LOOKS).max(1)
}

/// The rate of the run that arrives first, or comes farthest.
pub fn best(tried: &[Trajectory], target: f64) -> f64 {
    let key = |run: &&Trajectory| (run.steps_to(target).unwrap_or(u64::MAX), -run.best_score());
    let better = |a: &&Trajectory, b: &&Trajectory| {
        let (a, b) = (key(a), key(b));
        a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
    };
    tried.iter().min_by(better).map_or(f64::NAN, |run| run.learning_rate)
}

/// Trains `weights` until the target, the last step, divergence or no hope is left, and looks at the score of at most
/// 256 test rows after every few steps; of rows trained on where there are none to test on.
///
/// `tell` hears of every few steps; of those that are left out too.
///
/// # Errors
/// If the weights do not fit the network.
pub fn trajectory(
    training: &Training<'_>,
    weights: &Weights,
    (learning_rate, seed): (f64, u64),
    limits: Limits,
    tell: &dyn Fn(u64),
    interrupt: &Interrupt,
) -> Result<Trajectory> {
    let Training { model, spec, data } = training;
    let rows = Rows { test: None, ..Rows::new(spec, data)? };
    let course = Course { learning_rate, ..Course::new(spec, data.task, seed)? };
    let judged = &judged(data);
    let mut session = Session::new(model, weights, course, rows)?;
    let mut scores = vec![Score { step: 0, score: session.evaluate(judged)?.score }];
    let mut diverged = None;
    let arrived = |scores: &[Score]| scores.last().is_some_and(|look| look.score >= limits.target);
    while session.position().step < limits.steps && !arrived(&scores) {
        let before = session.position().step;
        let count = limits.every.min(limits.steps - before);
        let finish = session.take_steps(count, interrupt)?;
        let step = session.position().step;
        tell(step - before);
        if let Some(Finish::Diverged(divergence)) = &finish {
            diverged = Some(divergence.step);
            break;
        }
        scores.push(Score { step, score: session.evaluate(judged)?.score });
        let is_hopeless =
            2 * step >= limits.steps && scores.iter().all(|look| look.score <= limits.hopeless);
        if finish.is_some() || is_hopeless {
            break;
        }
    }
    tell(limits.steps.saturating_sub(session.position().step));
    Ok(Trajectory { learning_rate, seed, scores, diverged })
}
