//! Two starts of one network, trained alike: is the second better, and by how much?
//!
//! ```text
//! a few steps, timed ─► steps that the time allows ─► rates, on a seed of its own ─► runs ─► ratio
//! ```
//!
//! Each start gets the best of the same small grid of learning rates. Both then meet the same rows
//! in the same order, seed by seed, so that their steps can be compared in pairs.

mod options;
mod pace;
mod run;
mod conclusion;

#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU64, Ordering};

use fanin_kernels::threads;
use serde::Serialize;

use super::Threshold;
use crate::data::Prepared;
use crate::error::Result;
use crate::train::{Course, Interrupt, Rows};
use crate::weights::Weights;

pub use conclusion::{Conclusion, Ratio};
pub use options::{DEFAULT_SECONDS, ProofOptions};
use pace::Pace;
pub use run::{Limits, Score, Training, Trajectory, best, every, trajectory};

/// Two starts of one network and the training that both get.
#[derive(Clone, Copy)]
pub struct Contest<'a> {
    /// The training.
    pub training: Training<'a>,
    /// The start as it was, under a seed.
    pub before: &'a (dyn Fn(u64) -> Result<Weights> + Sync),
    /// The start that should be better, under the same seed.
    pub after: &'a (dyn Fn(u64) -> Result<Weights> + Sync),
}

/// What came of training from two starts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Proof {
    /// The optimizer and its settings in a few words, with the planned learning rate.
    pub training: String,
    /// Seeds that were compared.
    pub seeds: Vec<u64>,
    /// Steps that every run may take.
    pub steps: u64,
    /// Steps that the training plans.
    pub planned: u64,
    /// Steps between two looks at the score.
    pub every: u64,
    /// The score of guessing.
    pub chance: f64,
    /// The score asked for.
    pub asked: f64,
    /// The score to be reached.
    pub threshold: f64,
    /// Whether that is the score asked for, or, where guessing comes to that, the one of
    /// [`Threshold`] in its place; else no run came so far, and it is nine tenths of the way from
    /// guessing to the best score that any run came to.
    pub is_asked: bool,
    /// The start as it was.
    pub before: Side,
    /// The start that should be better.
    pub after: Side,
    /// Steps of the second over steps of the first; none where neither learns.
    pub ratio: Option<Ratio>,
    /// One word on it.
    pub conclusion: Conclusion,
}

/// What came of the wish for a proof.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Proven {
    /// Both were trained.
    Trained(Box<Proof>),
    /// The time allows too few steps to tell anything, so nothing was trained.
    TooDear {
        /// Seconds that thirty steps of each run would take.
        seconds: f64,
    },
    /// Somebody asked to stop before all runs had ended, so nothing can be compared.
    Interrupted {
        /// Runs that had ended.
        ended: u64,
        /// Runs in all, of both starts.
        runs: u64,
    },
}

impl Proven {
    /// What came of training; none where nothing was trained.
    pub fn trained(&self) -> Option<&Proof> {
        match self {
            Self::Trained(proof) => Some(proof),
            Self::TooDear { .. } | Self::Interrupted { .. } => None,
        }
    }
}

/// One of two starts, trained.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Side {
    /// The learning rate that served it best.
    pub learning_rate: f64,
    /// Every rate that was tried, on a seed that is not compared.
    pub tried: Vec<Trajectory>,
    /// Its runs, one for each seed.
    pub runs: Vec<Trajectory>,
    /// Steps until the threshold, one for each seed; none where the last step came first.
    pub steps: Vec<Option<u64>>,
    /// The median of these; none where most seeds never reached it.
    pub median: Option<u64>,
    /// The mean over seeds of the best score.
    pub score: f64,
}

/// What hears of the runs of a proof; runs go on side by side.
pub trait ProofObserver: Sync {
    /// So many steps of at most so many are done.
    fn on_steps(&self, _done: u64, _most: u64) {}
}

impl ProofObserver for () {}

/// One run to be trained.
#[derive(Clone, Copy)]
struct Start {
    is_after: bool,
    rate: f64,
    seed: u64,
}

/// Trains both starts of `contest` and compares them.
///
/// Without a limit of time the result depends on nothing but its arguments.
///
/// # Errors
/// If weights, model and data do not fit each other, or no seed or rate is given.
pub fn prove(
    contest: &Contest<'_>,
    options: &ProofOptions,
    observer: &dyn ProofObserver,
    interrupt: &Interrupt,
) -> Result<Proven> {
    options.validate()?;
    let Training { spec, data, .. } = contest.training;
    let course = Course::new(spec, data.task, 0)?;
    let batches = course.batches(Rows::new(spec, data)?.train.rows())?.count() as u64;
    let planned = course.epochs * batches;
    let asked = spec.train.target_accuracy;
    let threshold = threshold(data, asked);
    let runs = 2 * (options.factors.len() + options.seeds.len()) as u64;
    let steps = match pace::affordable(contest, options, (batches, planned), runs)? {
        Pace::Steps(steps) => steps,
        Pace::TooDear(seconds) => return Ok(Proven::TooDear { seconds }),
    };
    let looks = every(batches, steps);
    let hopeless = f64::NEG_INFINITY;
    let limits = Limits { steps, every: looks, target: threshold.mark(), hopeless };
    let ended = &AtomicU64::new(0);
    let work = Work { contest, limits, observer, interrupt, ended };
    let stopped = || Ok(Proven::Interrupted { ended: ended.load(Ordering::Relaxed), runs });

    let rate = |factor: &f64| course.learning_rate * factor;
    let rates: Vec<f64> = options.factors.iter().map(rate).collect();
    let free = options.seeds.iter().max().map_or(0, |seed| seed.wrapping_add(1));
    let sides = [false, true];
    let start = |is_after, rate, seed| Start { is_after, rate, seed };
    let trials: Vec<Start> = sides
        .iter()
        .flat_map(|&side| rates.iter().map(move |&rate| start(side, rate, free)))
        .collect();
    let done = AtomicU64::new(0);
    let Some(mut tried) = work.train(&trials, &done, runs)? else { return stopped() };
    let tried_after = tried.split_off(rates.len());
    let rates_of = [&tried, &tried_after].map(|tried| best(tried, threshold.mark()));
    let counted: Vec<Start> = sides
        .iter()
        .zip(rates_of)
        .flat_map(|(&side, rate)| options.seeds.iter().map(move |&seed| start(side, rate, seed)))
        .collect();
    let Some(mut before) = work.train(&counted, &done, runs)? else { return stopped() };
    let after = before.split_off(options.seeds.len());

    let all = || before.iter().chain(&after);
    let highest = all().map(Trajectory::best_score).fold(threshold.chance, f64::max);
    let arrives = all().any(|run| run.steps_to(threshold.mark()).is_some());
    let learned = arrives || highest - threshold.chance >= LEAST_GAIN;
    let is_asked = arrives || (!learned && threshold.target > asked);
    let mark = if is_asked {
        threshold.target
    } else {
        threshold.chance + SHARE * (highest - threshold.chance)
    };
    let before = Side::new(rates_of[0], tried, before, mark, learned);
    let after = Side::new(rates_of[1], tried_after, after, mark, learned);
    let ratio = learned.then(|| Ratio::new(&before.steps, &after.steps, steps));
    Ok(Proven::Trained(Box::new(Proof {
        training: course.describe(),
        seeds: options.seeds.clone(),
        steps,
        planned,
        every: looks,
        chance: threshold.chance,
        asked,
        threshold: mark,
        is_asked,
        conclusion: Conclusion::new(ratio.as_ref()),
        before,
        after,
        ratio,
    })))
}

/// The higher of the thresholds by all rows to be tested on and by those that runs are judged by.
fn threshold(data: &Prepared, asked: f64) -> Threshold {
    let all = Threshold::new(data, asked);
    let seen = Threshold::of(&run::judged(data), data.task, asked);
    if seen.target > all.target { seen } else { all }
}

/// The share of the way from guessing to the best score that counts as learned where no run comes
/// to the score asked for.
const SHARE: f64 = 0.9;

/// A score so much better than guessing is learned, and no luck.
const LEAST_GAIN: f64 = 0.1;

/// What all runs of a proof share.
struct Work<'a> {
    contest: &'a Contest<'a>,
    limits: Limits,
    observer: &'a dyn ProofObserver,
    interrupt: &'a Interrupt,
    /// Runs that ended before anybody asked to stop.
    ended: &'a AtomicU64,
}

impl Work<'_> {
    /// The runs from these starts; none where somebody asked to stop.
    fn train(
        &self,
        starts: &[Start],
        done: &AtomicU64,
        runs: u64,
    ) -> Result<Option<Vec<Trajectory>>> {
        let most = runs * self.limits.steps;
        let trained = threads::map(starts, |start| {
            let weights = if start.is_after { self.contest.after } else { self.contest.before };
            let weights = weights(start.seed)?;
            let tell = |steps: u64| {
                let done = done.fetch_add(steps, Ordering::Relaxed) + steps;
                self.observer.on_steps(done, most);
            };
            let at = (start.rate, start.seed);
            let training = &self.contest.training;
            let run = trajectory(training, &weights, at, self.limits, &tell, self.interrupt)?;
            if !self.interrupt.requested() {
                self.ended.fetch_add(1, Ordering::Relaxed);
            }
            Ok(run)
        });
        let trained = trained.into_iter().collect::<Result<Vec<Trajectory>>>()?;
        Ok((!self.interrupt.requested()).then_some(trained))
    }
}

impl Side {
    fn new(
        learning_rate: f64,
        tried: Vec<Trajectory>,
        runs: Vec<Trajectory>,
        mark: f64,
        learned: bool,
    ) -> Self {
        let to = |run: &Trajectory| run.steps_to(mark).filter(|_| learned);
        let steps: Vec<Option<u64>> = runs.iter().map(to).collect();
        let mut sorted: Vec<u64> = steps.iter().map(|s| s.unwrap_or(u64::MAX)).collect();
        sorted.sort_unstable();
        let median = sorted[sorted.len() / 2];
        let score = runs.iter().map(Trajectory::best_score).sum::<f64>() / runs.len() as f64;
        Self {
            learning_rate,
            tried,
            steps,
            median: (median < u64::MAX).then_some(median),
            score,
            runs,
        }
    }
}
