//! How many steps a limit of time allows.

use std::time::Instant;

use fanin_kernels::threads;

use super::run::{self, Limits};
use super::{Contest, ProofOptions};
use crate::data::Dataset;
use crate::error::Result;
use crate::train::Interrupt;

/// Steps of every run, however little time there is: fewer would tell nothing.
const FEWEST: u64 = 10;

/// Steps between two looks that are timed at most.
const LONGEST: u64 = 8;

/// The steps that each of so many runs may take, with a look after every so many.
///
/// Both starts are timed side by side, as they will run: numbers near 0 can slow one of them down.
///
/// # Errors
/// As [`run::train`].
pub(super) fn affordable(
    contest: &Contest<'_>,
    judged: &Dataset,
    options: &ProofOptions,
    every: u64,
    runs: u64,
) -> Result<u64> {
    let Some(seconds) = options.seconds else { return Ok(u64::MAX) };
    let seed = options.seeds[0];
    let time = |steps: u64| -> Result<f64> {
        let begun = Instant::now();
        let limits = Limits { steps, every: steps, target: f64::INFINITY };
        let trained = threads::map(&[contest.before, contest.after], |weights| {
            let course = contest.course(f64::MIN_POSITIVE, seed)?;
            let whole = (course, weights(seed)?);
            run::train(contest, whole, judged, limits, &|_| {}, &Interrupt::default())
        });
        trained.into_iter().collect::<Result<Vec<_>>>()?;
        Ok(begun.elapsed().as_secs_f64() / 2.0)
    };
    let between = every.min(LONGEST);
    let (one, two) = (time(between)?, time(2 * between)?);
    // The longer run has as many looks, so a look is counted with the time to plan a run.
    let per_step = ((two - one) / between as f64).max(one / (16 * between) as f64);
    let around = (one - per_step * between as f64).max(0.0);
    let looks = 1.0 / every as f64;
    let per_run = seconds / runs as f64 - around;
    Ok(((per_run / (per_step + looks * around.min(per_step))) as u64).max(FEWEST))
}
