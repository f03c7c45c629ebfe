//! Where trials are run: whole runs side by side, with the same results on any number of threads.

use std::sync::atomic::{AtomicUsize, Ordering};

use fanin_kernels::threads;

use super::seeds::Runs;
use super::shelf::Shelf;
use super::start::{Start, StartPass};
use super::trial::{Bench, Record, Trial};
use crate::compare::sweep::SweepObserver;
use crate::data::Prepared;
use crate::error::{Error, Result};
use crate::spec::{DataSpec, Model, Spec, Standardize};
use crate::train::Interrupt;
use crate::weights::Weights;

/// How much of a topic's grid is trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// Everything that the page's sliders reach: some seconds.
    Whole,
    /// A few networks and fewer steps: about a second.
    Small,
}

/// A run with what was seen of its weights, by step.
pub type Watched<T> = (Record, Vec<(u64, T)>);

/// What a topic needs to find its answer.
pub struct Laboratory<'o> {
    /// How much is tried.
    pub size: Size,
    /// Seed of weights and order.
    pub seed: u64,
    /// Hears of every run that ends.
    pub observer: &'o dyn SweepObserver,
    /// Stops it.
    pub interrupt: &'o Interrupt,
}

impl Laboratory<'_> {
    /// One of two sizes of something.
    pub fn choose<T>(&self, whole: T, small: T) -> T {
        match self.size {
            Size::Whole => whole,
            Size::Small => small,
        }
    }

    /// Runs every trial under so many seeds, its own first.
    ///
    /// # Errors
    /// If network and data do not fit each other, or [`Error::Interrupted`].
    pub fn run_over(&self, seeds: usize, trials: &[Trial<'_>]) -> Result<Vec<Runs>> {
        let mut each = Vec::with_capacity(seeds * trials.len());
        for trial in trials {
            let draws = 0..seeds as u64;
            each.extend(draws.map(|draw| {
                let seed = trial.seed.wrapping_add(draw);
                Trial { seed, ..trial.clone() }
            }));
        }
        let records = self.run(&each)?;
        Ok(records.chunks_exact(seeds).map(|runs| Runs::new(runs.to_vec())).collect())
    }

    /// Runs all trials; records come in the order of the trials.
    ///
    /// # Errors
    /// If network and data do not fit each other, or [`Error::Interrupted`].
    pub fn run(&self, trials: &[Trial<'_>]) -> Result<Vec<Record>> {
        let seen = self.watch(trials, |_, _| ())?;
        Ok(seen.into_iter().map(|(record, _)| record).collect())
    }

    /// As [`run`](Self::run), with what `look` makes of the weights at each step looked at.
    ///
    /// # Errors
    /// If network and data do not fit each other, or [`Error::Interrupted`].
    pub fn watch<T: Send>(
        &self,
        trials: &[Trial<'_>],
        look: impl Fn(&Trial<'_>, &Weights) -> T + Sync,
    ) -> Result<Vec<Watched<T>>> {
        let (ended, shelf) = (AtomicUsize::new(0), Shelf::new());
        let runs = threads::map(trials, |trial| {
            let mut seen = Vec::new();
            let mut note = |step, weights: &Weights| seen.push((step, look(trial, weights)));
            let make = || Bench::new(&trial.model, trial.data);
            let record = shelf
                .lend(&trial.model, make, |bench| trial.run(bench, self.interrupt, &mut note))?;
            self.observer.on_run(ended.fetch_add(1, Ordering::Relaxed) + 1, trials.len());
            Ok((record, seen))
        });
        runs.into_iter().collect()
    }

    /// For every trial what `read` makes of so many draws of its starting weights; the first draw
    /// is the one that [`run`](Self::run) trains.
    ///
    /// # Errors
    /// If network and data do not fit each other, or [`Error::Interrupted`].
    pub fn measure<T: Send>(
        &self,
        trials: &[Trial<'_>],
        draws: usize,
        read: impl Fn(&Start) -> T + Sync,
    ) -> Result<Vec<Vec<T>>> {
        let of = |trial: &Trial<'_>, draw: u64, pass: &mut StartPass| {
            if self.interrupt.requested() {
                return Err(Error::Interrupted);
            }
            let seed = trial.seed.wrapping_add(draw);
            Ok(read(&Trial { seed, ..trial.clone() }.start(pass)?))
        };
        let shelf = Shelf::new();
        let drawn = threads::map(trials, |trial| {
            let make = || StartPass::new(&trial.model, &trial.data.train);
            shelf.lend(&trial.model, make, |pass| {
                (0..draws as u64).map(|draw| of(trial, draw, pass)).collect::<Result<Vec<T>>>()
            })
        });
        drawn.into_iter().collect()
    }
}

/// The embedded digits, scaled as asked by their training rows.
pub(super) fn digits(standardize: Standardize) -> Result<Prepared> {
    let data = DataSpec { standardize, ..DataSpec::default() };
    crate::data::for_spec(&Spec { data, ..Spec::default() })
}

/// `depth` hidden layers of `width` relu units for these data.
pub(super) fn network(data: &Prepared, depth: usize, width: usize) -> Result<Model> {
    let (inputs, outputs) = (data.train.columns(), data.train.target_columns());
    format!("{inputs} -> {depth}x{width} relu -> {outputs}").parse()
}
