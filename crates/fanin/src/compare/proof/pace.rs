//! How many steps a limit of time allows.

use std::sync::Mutex;
use std::time::Instant;

use fanin_kernels::threads;

use super::run::{every, judged};
use super::{Contest, ProofOptions};
use crate::error::Result;
use crate::train::{Course, Interrupt, Rows, Session};

/// Fewer steps of every run would tell nothing.
pub(super) const FEWEST: u64 = 30;

/// Steps that are timed together at most.
const LONGEST: u64 = 8;

/// The share of a limit that they may take, all together.
const TIMING: f64 = 0.05;

/// So often they are timed. The fastest counts: what other programs take from it is no cost of a step.
const TIMED: u32 = 3;

/// What a limit of time allows.
#[derive(Debug, PartialEq)]
pub(super) enum Pace {
    /// So many steps of each run.
    Steps(u64),
    /// Too few to tell anything: so many seconds would be the least.
    TooDear(f64),
}

/// The steps that each of so many runs may take, of those planned, in epochs of so many batches.
///
/// Both starts are timed side by side, as they will run: numbers near 0 can slow one of them down.
///
/// # Errors
/// If weights cannot be made, or do not fit the network.
pub(super) fn affordable(
    contest: &Contest<'_>,
    options: &ProofOptions,
    (batches, planned): (u64, u64),
    runs: u64,
) -> Result<Pace> {
    let Some(seconds) = options.seconds else { return Ok(Pace::Steps(planned)) };
    let cost = Cost::of(contest, options.seeds[0], seconds)?;
    Ok(cost.pace((batches, planned), runs, (seconds, options.patience)))
}

/// Seconds of one run among others, at the rate at which all together go on.
#[derive(Clone, Copy, Debug)]
struct Cost {
    /// To plan it, with its first look at the score.
    plan: f64,
    step: f64,
    look: f64,
}

impl Cost {
    fn of(contest: &Contest<'_>, seed: u64, limit: f64) -> Result<Self> {
        let training = &contest.training;
        let (spec, data) = (training.spec, training.data);
        let judged = &judged(data);
        let never = &Interrupt::default();
        let begun = Instant::now();
        let sessions = threads::map(&[contest.before, contest.after], |weights| {
            let rows = Rows { test: None, ..Rows::new(spec, data)? };
            let course = Course::new(spec, data.task, seed)?;
            let course = Course { learning_rate: f64::MIN_POSITIVE, ..course };
            let mut session = Session::new(training.model, &weights(seed)?, course, rows)?;
            session.evaluate(judged)?;
            Ok(Mutex::new(session))
        });
        let sessions = sessions.into_iter().collect::<Result<Vec<Mutex<Session<'_>>>>>()?;
        let each = |begun: Instant| begun.elapsed().as_secs_f64() / sessions.len() as f64;
        let plan = each(begun);
        // Seconds of some work of every run, which says how often it was done.
        let all = |work: &(dyn Fn(&mut Session<'_>) -> Result<u64> + Sync)| -> Result<f64> {
            let begun = Instant::now();
            let done = threads::map(&sessions, |session| {
                work(&mut session.lock().expect("no thread panics while it holds this"))
            });
            let times = done.into_iter().sum::<Result<u64>>()? as f64 / sessions.len() as f64;
            Ok(if times > 0.0 { each(begun) / times } else { f64::INFINITY })
        };
        // A short training is over before all are timed.
        let steps = |count: u64| {
            all(&|session| {
                let before = session.position().step;
                session.take_steps(count, never)?;
                Ok(session.position().step - before)
            })
        };
        let look = || all(&|session| session.evaluate(judged).map(|_| 1));
        // The first step touches memory that later ones find ready.
        let mut cost = Self { plan, step: steps(1)?, look: f64::INFINITY };
        let together = TIMING * limit / (2.0 * f64::from(TIMED) * cost.step.max(f64::MIN_POSITIVE));
        let together = (together as u64).clamp(1, LONGEST);
        for _ in 0..TIMED {
            cost.step = cost.step.min(steps(together)?);
            cost.look = cost.look.min(look()?);
        }
        Ok(cost)
    }

    /// Seconds of so many runs of so many steps, in epochs of so many batches.
    fn seconds(&self, steps: u64, batches: u64, runs: u64) -> f64 {
        let looks = steps.div_ceil(every(batches, steps));
        runs as f64 * (self.plan + self.step * steps as f64 + self.look * looks as f64)
    }

    /// What `limit` seconds allow, where the fewest steps may take so many times as long.
    fn pace(
        &self,
        (batches, planned): (u64, u64),
        runs: u64,
        (limit, patience): (f64, f64),
    ) -> Pace {
        let takes = |steps: u64| self.seconds(steps, batches, runs);
        let fewest = FEWEST.min(planned);
        if takes(fewest) > limit {
            let is_near = takes(fewest) <= patience * limit;
            return if is_near { Pace::Steps(fewest) } else { Pace::TooDear(takes(fewest)) };
        }
        let (mut most, mut above) = (fewest, planned + 1);
        while above - most > 1 {
            let middle = most + (above - most) / 2;
            if takes(middle) <= limit { most = middle } else { above = middle }
        }
        Pace::Steps(most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COST: Cost = Cost { plan: 0.01, step: 0.01, look: 0.002 };

    /// What so many seconds allow 18 runs of 225 steps, 15 an epoch.
    fn pace(seconds: f64, patience: f64) -> Pace {
        COST.pace((15, 225), 18, (seconds, patience))
    }

    #[test]
    fn as_many_steps_are_allowed_as_fit() {
        assert_eq!(pace(60.0, 1.0), Pace::Steps(225));
        let Pace::Steps(steps) = pace(20.0, 1.0) else { panic!("too dear") };
        assert!((90..110).contains(&steps), "{steps} steps of 0.01 s and looks");
        assert!(COST.seconds(steps, 15, 18) <= 20.0 && COST.seconds(steps + 1, 15, 18) > 20.0);
        assert_eq!(COST.pace((4, 12), 18, (20.0, 1.0)), Pace::Steps(12), "no more than planned");
    }

    #[test]
    fn seconds_that_were_named_are_enough_though_steps_take_longer_now() {
        let Pace::TooDear(needed) = pace(1.0, 1.0) else { panic!("{:?}", pace(1.0, 1.0)) };
        assert!(matches!(pace(needed, 1.0), Pace::Steps(FEWEST..)));
        let slower = Cost { step: 1.8 * COST.step, ..COST };
        let again = slower.pace((15, 225), 18, (needed, ProofOptions::PATIENCE));
        assert_eq!(again, Pace::Steps(FEWEST));
        assert!(matches!(pace(0.1 * needed, ProofOptions::PATIENCE), Pace::TooDear(_)));
    }
}
