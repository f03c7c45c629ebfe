//! One network, many starting points, the same training: an honest comparison.
//!
//! ```text
//! Comparison::new ─► check (forecasts, before any training) ─► train ─► outcomes beside forecasts
//! ```

mod options;
mod outcome;
mod entry;
mod replay;
pub mod sweep;
pub mod proof;

pub use entry::{Entry, NetworkComparison, Trained};
pub use options::{CompareOptions, DEFAULT_SCHEMES};
pub use outcome::{Outcome, Threshold};
pub use replay::{Moment, Replay};

use fanin_kernels::threads;
use serde::Serialize;

use crate::check::{Diagnosis, LayerValues, Trace, Verdict};
use crate::data::{Description, Prepared, describe};
use crate::error::{Error, Result};
use crate::spec::{Model, Spec};
use crate::train::course::Course;
use crate::train::loop_control::{Interrupt, Observer};
use crate::train::session::{Rows, Session};

/// Networks, schemes and seeds with their data, ready to be checked and trained.
#[derive(Debug)]
pub struct Comparison<'d> {
    options: &'d CompareOptions,
    data: &'d Prepared,
    networks: Vec<Model>,
}

/// Everything about a comparison, for programs.
#[derive(Debug, Serialize)]
pub struct Report<'r> {
    /// The rows trained on.
    pub data: Description,
    /// How every run was trained.
    pub spec: &'r Spec,
    /// What counts as learning.
    pub threshold: Threshold,
    /// Networks, each with every scheme.
    pub networks: &'r [NetworkComparison],
}

/// Which run of a comparison something belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunId {
    /// Position of the network.
    pub network: usize,
    /// Position of the scheme.
    pub scheme: usize,
    /// Position of the seed.
    pub seed: usize,
}

/// What hears of the runs of a comparison; runs go on side by side.
pub trait CompareObserver: Sync {
    /// A run finished a step of so many.
    fn on_step(&self, _run: RunId, _step: u64, _total: u64) {}
    /// A run ended.
    fn on_end(&self, _run: RunId, _trained: &Trained) {}
}

impl CompareObserver for () {}

struct Forward<'o> {
    run: RunId,
    observer: &'o dyn CompareObserver,
}

impl Observer for Forward<'_> {
    fn on_step(&mut self, step: u64, total: u64, _loss: f64) {
        self.observer.on_step(self.run, step, total);
    }
}

impl<'d> Comparison<'d> {
    /// Looks up every choice, so that nothing fails after the first long computation.
    ///
    /// # Errors
    /// If a scheme, model or setting is unknown or does not fit the data.
    pub fn new(options: &'d CompareOptions, data: &'d Prepared) -> Result<Self> {
        Self::of_networks(options, data, options.networks(data)?)
    }

    /// As [`new`](Self::new), of these networks instead of those that the options name.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn of_networks(
        options: &'d CompareOptions,
        data: &'d Prepared,
        networks: Vec<Model>,
    ) -> Result<Self> {
        options.require_schemes()?;
        if data.test.is_none() {
            return Err(Error::Setting {
                place: "test fraction".to_owned(),
                found: "no rows to test on".to_owned(),
                expected: "a share above 0, by which starting points are compared".to_owned(),
            });
        }
        options.course(data, 0)?.batches(Rows::new(&options.spec, data)?.train.rows())?;
        let comparison = Self { options, data, networks };
        for run in comparison.runs() {
            if run.seed == 0 {
                comparison.options.weights(&comparison.networks[run.network], run)?;
            }
        }
        Ok(comparison)
    }

    /// Every run, in the order of the tables.
    pub fn runs(&self) -> Vec<RunId> {
        let (networks, schemes) = (self.networks.len(), self.options.schemes.len());
        let seeds = self.options.spec.train.seeds.len();
        let run = |i: usize| RunId {
            network: i / (schemes * seeds),
            scheme: i / seeds % schemes,
            seed: i % seeds,
        };
        (0..networks * schemes * seeds).map(run).collect()
    }

    /// Steps of all runs of one network.
    ///
    /// # Errors
    /// If a batch is larger than the data.
    pub fn steps_per_network(&self) -> Result<u64> {
        let course = self.options.course(self.data, 0)?;
        let runs = self.options.schemes.len() * self.options.spec.train.seeds.len();
        Ok((course.horizon(Rows::new(&self.options.spec, self.data)?.train.rows())?.steps * runs)
            as u64)
    }

    /// Everything about a comparison, for programs.
    pub fn report<'r>(&self, networks: &'r [NetworkComparison]) -> Report<'r>
    where
        'd: 'r,
    {
        let (spec, threshold) = (&self.options.spec, self.threshold());
        Report { data: describe(&self.data.train), spec, threshold, networks }
    }

    /// What counts as learning.
    pub fn threshold(&self) -> Threshold {
        Threshold::new(self.data, self.options.spec.train.target_accuracy)
    }

    /// Measures every starting point and forecasts its training, without any training.
    ///
    /// # Errors
    /// If weights cannot be made or measured.
    pub fn check(&self) -> Result<Vec<NetworkComparison>> {
        let runs = self.runs();
        let starts: Vec<Result<Diagnosis>> = threads::map(&runs, |run| {
            let (course, rows) = (self.course(*run)?, Rows::new(&self.options.spec, self.data)?);
            let train = &*rows.train;
            let model = &self.networks[run.network];
            let weights = self.options.weights(model, *run)?;
            Diagnosis::new(model, &course.loss, &weights, train, course.horizon(train.rows())?)
        });
        let mut starts = starts.into_iter();
        let mut networks = Vec::new();
        for model in &self.networks {
            let mut entries = Vec::new();
            for scheme in &self.options.schemes {
                let seeds = self.options.spec.train.seeds.len();
                let starts = starts.by_ref().take(seeds).collect::<Result<Vec<Diagnosis>>>()?;
                entries.push(Entry::new(scheme, starts));
            }
            networks.push(NetworkComparison::new(model, entries));
        }
        Ok(networks)
    }

    /// What pictures show of every start at the first seed, by network and scheme.
    ///
    /// # Errors
    /// If weights cannot be made or measured.
    pub fn trace(&self) -> Result<Vec<Vec<Trace>>> {
        let runs: Vec<RunId> = self.runs().into_iter().filter(|run| run.seed == 0).collect();
        let traces: Vec<Result<Trace>> = threads::map(&runs, |run| {
            let (course, rows) = (self.course(*run)?, Rows::new(&self.options.spec, self.data)?);
            let model = &self.networks[run.network];
            Trace::new(model, &course.loss, &self.options.weights(model, *run)?, &rows.train)
        });
        let mut traces = traces.into_iter();
        let schemes = self.options.schemes.len();
        self.networks.iter().map(|_| traces.by_ref().take(schemes).collect()).collect()
    }

    /// The numbers of every layer at the start of a run.
    ///
    /// # Errors
    /// If weights cannot be made or run.
    pub fn layer_values(&self, run: RunId) -> Result<Vec<LayerValues>> {
        let (course, rows) = (self.course(run)?, Rows::new(&self.options.spec, self.data)?);
        let model = &self.networks[run.network];
        LayerValues::all(model, &course.loss, &self.options.weights(model, run)?, &rows.train)
    }

    /// The first steps from zeros and from small random weights, in the first network of layers.
    ///
    /// # Errors
    /// If weights cannot be made or trained.
    pub fn replays(&self) -> Result<Vec<Replay>> {
        let is_list = |model: &&Model| model.layers().is_some();
        let Some(model) = self.networks.iter().find(is_list) else { return Ok(Vec::new()) };
        let seed = self.options.spec.train.seeds.first().copied().unwrap_or(0);
        let replay = |scheme: &&str| {
            let course = self.options.course(self.data, seed)?;
            Replay::new(model, scheme, seed, course, Rows::new(&self.options.spec, self.data)?)
        };
        replay::SCHEMES_REPLAYED.iter().map(replay).collect()
    }

    /// Trains every run, whole runs side by side, and adds what came of them to `networks`.
    ///
    /// Runs that an interruption cuts short are left out.
    ///
    /// # Errors
    /// If a run cannot be trained.
    pub fn train(
        &self,
        networks: &mut [NetworkComparison],
        observer: &dyn CompareObserver,
        interrupt: &Interrupt,
    ) -> Result<()> {
        let runs = self.runs();
        let trained: Vec<Result<Trained>> =
            threads::map(&runs, |run| self.train_one(*run, observer, interrupt));
        for (run, trained) in runs.iter().zip(trained) {
            networks[run.network].entries[run.scheme].trained.push(trained?);
        }
        let threshold = self.threshold();
        for entry in networks.iter_mut().flat_map(|n| &mut n.entries) {
            entry.outcome = threshold.outcome(&entry.trained);
        }
        Ok(())
    }

    fn train_one(
        &self,
        run: RunId,
        observer: &dyn CompareObserver,
        interrupt: &Interrupt,
    ) -> Result<Trained> {
        let model = &self.networks[run.network];
        let weights = self.options.weights(model, run)?;
        let rows = Rows::new(&self.options.spec, self.data)?;
        let mut session = Session::new(model, &weights, self.course(run)?, rows)?;
        let finish = session.run(&mut Forward { run, observer }, interrupt)?;
        let trained = Trained { finish, history: session.history().to_vec() };
        observer.on_end(run, &trained);
        Ok(trained)
    }

    fn course(&self, run: RunId) -> Result<Course> {
        self.options.course(self.data, self.options.spec.train.seeds[run.seed])
    }
}

/// The verdict that most seeds give, the worse one where they are split.
fn majority(verdicts: impl Iterator<Item = Verdict>) -> Option<Verdict> {
    let mut sorted: Vec<Verdict> = verdicts.collect();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied()
}
