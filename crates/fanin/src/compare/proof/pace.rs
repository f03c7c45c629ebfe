//! How many steps a limit of time allows.

use std::time::Instant;

use fanin_kernels::threads;

use super::run::{Limits, trajectory};
use super::{Contest, ProofOptions};
use crate::error::Result;
use crate::train::Interrupt;

/// Fewer steps of every run would tell nothing.
const FEWEST: u64 = 30;

/// Steps between two looks that are timed at most.
const LONGEST: u64 = 8;

/// What a limit of time allows.
pub(super) enum Pace {
    /// So many steps of each run.
    Steps(u64),
    /// Too few to tell anything: so many seconds would be the least.
    TooDear(f64),
}

/// The steps that each of so many runs may take, of those planned, with a look after every so many.
///
/// Both starts are timed side by side, as they will run: numbers near 0 can slow one of them down.
///
/// # Errors
/// As [`trajectory`].
pub(super) fn affordable(
    contest: &Contest<'_>,
    options: &ProofOptions,
    (every, planned): (u64, u64),
    runs: u64,
) -> Result<Pace> {
    let Some(seconds) = options.seconds else { return Ok(Pace::Steps(planned)) };
    let seed = options.seeds[0];
    let time = |steps: u64| -> Result<f64> {
        let begun = Instant::now();
        let hopeless = f64::NEG_INFINITY;
        let limits = Limits { steps, every: steps, target: f64::INFINITY, hopeless };
        let trained = threads::map(&[contest.before, contest.after], |weights| {
            let at = (f64::MIN_POSITIVE, seed);
            let weights = weights(seed)?;
            trajectory(&contest.training, &weights, at, limits, &|_| {}, &Interrupt::default())
        });
        trained.into_iter().collect::<Result<Vec<_>>>()?;
        Ok(begun.elapsed().as_secs_f64() / 2.0)
    };
    let between = every.min(LONGEST);
    let (one, two) = (time(between)?, time(2 * between)?);
    // The longer run has as many looks, so a look is counted with the time to plan a run.
    let per_step = ((two - one) / between as f64).max(one / (16 * between) as f64);
    let look = (one - per_step * between as f64).max(0.0);
    // Half of it is planning, which a run does once.
    let each = per_step + look / (2.0 * every as f64);
    let most = (seconds / runs as f64 - look / 2.0) / each;
    let fewest = FEWEST.min(planned);
    if most < fewest as f64 {
        return Ok(Pace::TooDear(runs as f64 * (look / 2.0 + fewest as f64 * each)));
    }
    Ok(Pace::Steps((most as u64).min(planned)))
}
