//! The starts that are compared: what frameworks give, what textbooks say, what methods find.

use std::path::Path;
use std::time::Instant;

use fanin::check::evidence::Horizon;
use fanin::data::Prepared;
use fanin::init::{self, Rules};
use fanin::recommend::{self, Problem, Recommendation};
use fanin::spec::{Loss, Model, Spec, Task};
use fanin::train::Course;
use fanin::weights::Weights;
use fanin::{Error, Result};

use crate::networks::Network;

/// A start that is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// By a scheme of the registry.
    Scheme(&'static str),
    /// By a method, from what a scheme draws.
    Method(&'static str, &'static str),
}

/// Every start, the best known first.
pub const STARTS: [Start; 9] = [
    Start::Scheme("torch-default"),
    Start::Scheme("keras-default"),
    Start::Scheme("flax-default"),
    Start::Scheme("xavier-normal"),
    Start::Scheme("he-normal"),
    Start::Scheme("orthogonal"),
    Start::Method("lsuv", "orthogonal"),
    Start::Method("gradinit", "he-normal"),
    Start::Method("auto", "torch-default"),
];

impl Start {
    /// The name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scheme(name) | Self::Method(name, _) => name,
        }
    }

    /// Whether finding it takes longer than training from it.
    pub fn is_dear(self) -> bool {
        self.name() == "gradinit"
    }

    /// Whether there is such a method.
    pub fn is_there(self) -> bool {
        match self {
            Self::Scheme(_) => true,
            Self::Method(name, _) => recommend::names().contains(&name),
        }
    }
}

/// Starting weights of one start, for any seed.
pub struct Drawer<'a> {
    start: Start,
    network: &'a Network,
    model: &'a Model,
    data: &'a Prepared,
    found: Option<Recommendation>,
    /// Seconds that finding the start took.
    pub seconds: f64,
}

impl<'a> Drawer<'a> {
    /// Asks the method once; schemes need no asking.
    ///
    /// # Errors
    /// If the method cannot serve the network.
    pub fn new(
        start: Start,
        network: &'a Network,
        model: &'a Model,
        data: &'a Prepared,
    ) -> Result<Self> {
        let mut drawer = Self { start, network, model, data, found: None, seconds: 0.0 };
        if let Start::Method(name, _) = start {
            let begun = Instant::now();
            drawer.found = Some(drawer.ask(name, 0)?);
            drawer.seconds = begun.elapsed().as_secs_f64();
        }
        Ok(drawer)
    }

    /// The start under `seed`, drawn by the rules that the method found; LSUV, which is cheap, looks
    /// at the data anew.
    ///
    /// # Errors
    /// If a scheme does not fit the network.
    pub fn weights(&self, seed: u64) -> Result<Weights> {
        match (self.start, &self.found) {
            (Start::Method(name @ "lsuv", _), _) => Ok(self.ask(name, seed)?.weights),
            (Start::Method(_, base), Some(found)) => {
                found.drawn(self.model, &self.by_scheme(base, seed)?, seed)
            }
            (Start::Scheme(scheme) | Start::Method(_, scheme), _) => self.by_scheme(scheme, seed),
        }
    }

    fn by_scheme(&self, scheme: &str, seed: u64) -> Result<Weights> {
        init::for_model(self.model, &Rules::new(scheme), seed)
    }

    fn ask(&self, method: &str, seed: u64) -> Result<Recommendation> {
        let Start::Method(_, base) = self.start else {
            return Err(Error::unknown("method", method, &recommend::names()));
        };
        let weights = self.by_scheme(base, seed)?;
        let course = Course::new(&self.network.spec(), self.data.task, seed)?;
        let horizon: Horizon = course.horizon(self.data.train.rows())?;
        let problem = Problem {
            model: self.model,
            loss: &course.loss,
            weights: &weights,
            data: Some(&self.data.train),
            horizon,
            seed,
        };
        recommend::find(method)?.recommend(&problem)
    }
}

/// The seconds that `auto` takes for the weights in a file, on one thread, without data.
///
/// # Errors
/// If the file cannot be read.
pub fn time(path: &Path, times: usize) -> Result<Vec<f64>> {
    let model = fanin::import::model(path, &fanin::import::Options::default())?;
    let weights = model.weights().cloned().unwrap_or_default();
    let horizon = Course::new(&Spec::default(), Task::Classification, 0)?.horizon(1000)?;
    let loss = &Loss::CrossEntropy;
    let (model, weights) = (&model, &weights);
    let problem = Problem { model, loss, weights, data: None, horizon, seed: 0 };
    let auto = recommend::find("auto")?;
    let one = |_| {
        let begun = Instant::now();
        fanin::with_threads(Some(1), || auto.recommend(&problem))??;
        Ok(begun.elapsed().as_secs_f64())
    };
    (0..times.max(1)).map(one).collect()
}

#[cfg(test)]
mod tests {
    use fanin::recommend::expected;

    use super::*;
    use crate::networks;
    use crate::tasks::Tasks;

    /// What `auto` finds for the network of this name.
    #[track_caller]
    fn found(name: &str, check: impl Fn(&Recommendation, &Problem<'_>)) {
        let all = networks::all(None);
        let network = all.iter().find(|network| network.name == name).unwrap();
        let (model, tasks) = (network.model().unwrap(), Tasks::load());
        let data = tasks.get(network).unwrap().unwrap();
        let course = Course::new(&network.spec(), data.task, 0).unwrap();
        let drawer = Drawer::new(Start::Method("auto", "torch-default"), network, &model, &data);
        let found = drawer.unwrap().found.unwrap();
        let problem = Problem {
            model: &model,
            loss: &course.loss,
            weights: &found.weights,
            data: Some(&data.train),
            horizon: course.horizon(data.train.rows()).unwrap(),
            seed: 0,
        };
        check(&found, &problem);
    }

    #[test]
    fn attention_without_a_divisor_begins_nearly_even() {
        found("transformer, unscaled 4×32 gelu", |found, problem| {
            let is_even = |reason: &str| reason.starts_with("attention begins nearly even");
            let tempered = found.changes.iter().filter(|change| is_even(&change.reason)).count();
            assert_eq!(tempered, 8, "queries and keys of 4 blocks: {:?}", found.changes);
            // Of tokens of second moment 1 each logit is a sum of 32 products, and 0.1 in its second
            // moment. What is expected is told of other rows than those that are solved for, whose
            // tokens have the second moment that is divided by; orthogonal draws have no chance.
            let told = expected(problem).unwrap();
            let [query, key] = [1, 2].map(|layer| told[layer].signal / told[0].signal);
            assert!((query * key * 32.0 / 0.1 - 1.0).abs() < 0.01, "{told:?}");
        });
    }

    #[test]
    fn branches_of_a_network_that_counts_none_share_the_depth() {
        found("transformer 8×32 gelu", |found, problem| {
            for (share, branches) in [("1/64 of", 8), ("1/16 of", 8)] {
                let shared = |change: &&fanin::recommend::Change| change.reason.contains(share);
                let count = found.changes.iter().filter(shared).count();
                assert_eq!(count, branches, "{share}: {:?}", found.changes);
            }
            let told = expected(problem).unwrap();
            assert!(told.iter().all(|own| own.signal < 2.0), "{told:?}");
        });
    }
}
