//! A closer look where two starts are nearly as fast: finer steps, more seeds, safer rates.
//!
//! Everywhere else a run is looked at every few steps, and the rate is chosen on one seed. A network
//! that is learned in 20 steps is then known to a quarter, which is too coarse for a bar of 5 %. Here
//! a run is looked at after every step, each rate is tried on several seeds, and the ratio of two
//! starts is told with its error. All pairs that are near each other are looked at, whichever of the
//! two was ahead.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use fanin::compare::proof::{Limits, Training, trajectory};
use fanin::data::Prepared;
use fanin::train::{Course, Interrupt};
use serde::{Deserialize, Serialize};

use crate::Failure;
use crate::networks::Network;
use crate::record;
use crate::score::{self, BAR, Row};
use crate::starts::{Drawer, STARTS, Start};
use crate::tasks::Tasks;
use crate::train::FACTORS;

/// Starts that frameworks give, against which `auto` is held.
pub const DEFAULTS: [&str; 3] = ["torch-default", "keras-default", "flax-default"];
/// Medians that are nearer than this factor ask for a closer look.
const NEAR: f64 = 1.6;
/// Seeds that are counted.
const SEEDS: u64 = 40;
/// Seeds that are counted where so many leave the bar open.
const SEEDS_WHERE_OPEN: u64 = 400;
/// Further seeds on which rates are tried.
const TRIALS: u64 = 5;

/// What came of one start of one network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Closer {
    /// What identifies network, start and protocol.
    pub key: String,
    /// The task's name.
    pub task: String,
    /// The network's name.
    pub network: String,
    /// The start's name.
    pub start: String,
    /// The learning rate that served it best.
    pub rate: f64,
    /// Steps to the target of each seed; none of those that never arrived.
    pub steps: Vec<Option<u64>>,
}

/// The steps of one start over those of another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    /// Of the geometric means.
    pub value: f64,
    /// Its relative standard error.
    pub error: f64,
}

impl Ratio {
    /// Of two starts; none if clearly fewer seeds of the first arrive: by over a twentieth. A seed
    /// that never arrives counts as twice the slowest that does.
    pub fn of(own: &Closer, other: &Closer) -> Option<Self> {
        let missed = |closer: &Closer| {
            let count = closer.steps.iter().filter(|own| own.is_none()).count();
            count as f64 / closer.steps.len() as f64
        };
        let most = own.steps.iter().chain(&other.steps).flatten().max().copied()?;
        let logs = |closer: &Closer| -> Option<(f64, f64)> {
            let steps = closer.steps.iter().map(|own| own.unwrap_or(2 * most).max(1));
            let logs: Vec<f64> = steps.map(|steps| (steps as f64).ln()).collect();
            let count = logs.len() as f64;
            let mean = logs.iter().sum::<f64>() / count;
            let square = logs.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (count - 1.0);
            (count > 1.0).then_some((mean, square / count))
        };
        if missed(own) > missed(other) + 0.05 {
            return None;
        }
        let (own, other) = (logs(own)?, logs(other)?);
        Some(Self { value: (own.0 - other.0).exp(), error: (own.1 + other.1).sqrt() })
    }

    /// Whether it is over a bound by more than two of its errors.
    pub fn is_over(&self, bound: f64) -> bool {
        (self.value / bound).ln() > 2.0 * self.error
    }

    /// Whether it is within two of its errors of a bound, so that chance may have put it on its side.
    pub fn is_near(&self, bound: f64) -> bool {
        (self.value / bound).ln().abs() <= 2.0 * self.error
    }
}

/// One start of one network that is to be looked at, and how many seeds are to be counted.
type Wanted<'a> = (&'a Network, Start, u64);

/// Looks at all pairs that are near each other, then at more seeds of those that leave the bar open,
/// and appends to the file at `path`.
///
/// # Errors
/// If the file cannot be written, or a network cannot be trained.
pub fn all(rows: &[Row<'_>], path: &Path, threads: usize) -> Result<(), Failure> {
    let look = |which: &dyn Fn(&Row<'_>, &[Closer]) -> Vec<Start>, seeds: u64| {
        let known: Vec<Closer> = record::read(path)?;
        let has_few = |network: &Network, start: Start| {
            of(&known, network, start).is_none_or(|own| (own.steps.len() as u64) < seeds)
        };
        let wanted = rows.iter().flat_map(|row| {
            let starts = which(row, &known).into_iter();
            starts.filter(|start| has_few(row.network, *start)).map(|s| (row.network, s, seeds))
        });
        look_at(&wanted.collect::<Vec<Wanted<'_>>>(), path, threads)
    };
    look(&|row, _| near(row), SEEDS)?;
    // More seeds of `auto` may open the bar of another default.
    DEFAULTS.iter().try_for_each(|_| look(&open, SEEDS_WHERE_OPEN))
}

/// The defaults whose medians are near that of `auto`, and `auto` where there are any.
fn near(row: &Row<'_>) -> Vec<Start> {
    let median = |name: &str| row.records.get(name).and_then(|own| own.median());
    let Some(own) = median("auto").map(|steps| steps.max(1) as f64) else { return Vec::new() };
    let is_near = |name: &str| {
        let ratio = median(name).map(|other| own / other.max(1) as f64);
        ratio.is_some_and(|ratio| (1.0 / NEAR..=NEAR).contains(&ratio))
    };
    with_auto(DEFAULTS.into_iter().filter(|name| is_near(name)))
}

/// The defaults against which so few seeds do not tell whether `auto` is within the bar, and `auto` where
/// there are any.
fn open(row: &Row<'_>, known: &[Closer]) -> Vec<Start> {
    let is_open = |name: &str| {
        ratio(known, row.network, "auto", name).is_some_and(|ratio| ratio.is_near(BAR))
    };
    with_auto(DEFAULTS.into_iter().filter(|name| is_open(name)))
}

fn with_auto(defaults: impl Iterator<Item = &'static str>) -> Vec<Start> {
    let mut starts: Vec<Start> = defaults.filter_map(named).collect();
    if !starts.is_empty() {
        starts.extend(named("auto"));
    }
    starts
}

fn named(name: &str) -> Option<Start> {
    STARTS.into_iter().find(|start| start.name() == name)
}

/// What is known last of a start of a network, which is of the most seeds.
fn of<'a>(known: &'a [Closer], network: &Network, start: Start) -> Option<&'a Closer> {
    let key = record::key(network, start);
    known.iter().rfind(|own| own.key == key)
}

fn look_at(wanted: &[Wanted<'_>], path: &Path, threads: usize) -> Result<(), Failure> {
    let known: Vec<Closer> = record::read(path)?;
    let (tasks, next) = (Tasks::load(), AtomicUsize::new(0));
    let file = Mutex::new(OpenOptions::new().create(true).append(true).open(path)?);
    let work = || -> Result<(), Failure> {
        while let Some(&(network, start, seeds)) = wanted.get(next.fetch_add(1, Ordering::Relaxed))
        {
            let Some(data) = tasks.get(network)? else { continue };
            let mut known = of(&known, network, start).cloned();
            while known.as_ref().is_none_or(|own| (own.steps.len() as u64) < seeds) {
                let found = further(network, start, known.as_ref(), &data)?;
                let line = serde_json::to_string(&found)?;
                writeln!(file.lock().expect("no thread panics"), "{line}")?;
                eprintln!("{}, {}: {:?}", network.describe(), start.name(), found.steps);
                known = Some(found);
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let on_one_core = || fanin::with_threads(Some(1), work)?;
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(on_one_core)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("no thread panics"))
    })
}

/// What is known of a start, and as many seeds more as are counted at first.
fn further(
    network: &Network,
    start: Start,
    known: Option<&Closer>,
    data: &Prepared,
) -> fanin::Result<Closer> {
    let (spec, model) = (network.spec(), network.model()?);
    let course = Course::new(&spec, data.task, 0)?;
    let planned = course.epochs * course.batches(data.train.rows())?.count() as u64;
    let drawer = Drawer::new(start, network, &model, data)?;
    let training = Training { model: &model, spec: &spec, data };
    let target = network.task.target();
    let run = |rate: f64, seed: u64, steps: u64| -> fanin::Result<Option<u64>> {
        let limits = Limits { steps, every: 1, target, hopeless: f64::NEG_INFINITY };
        let weights = drawer.weights(seed)?;
        let run =
            trajectory(&training, &weights, (rate, seed), limits, &|_| {}, &Interrupt::default())?;
        Ok(run.steps_to(target))
    };
    let tried = SEEDS..SEEDS + TRIALS;
    let best_rate = || -> fanin::Result<f64> {
        let mut best = (f64::INFINITY, course.learning_rate);
        for factor in FACTORS {
            let rate = course.learning_rate * factor;
            // Beyond twice the best mean a run only says that it is not the best.
            let most = (2.0 * best.0).min(planned as f64) as u64;
            let trials: Vec<Option<u64>> =
                tried.clone().map(|seed| run(rate, seed, most)).collect::<fanin::Result<_>>()?;
            let steps = |own: &Option<u64>| own.map_or(2.0 * most as f64, |own| own.max(1) as f64);
            let mean = trials.iter().map(|own| steps(own).ln()).sum::<f64>() / TRIALS as f64;
            if mean.exp() < best.0 {
                best = (mean.exp(), rate);
            }
        }
        Ok(best.1)
    };
    let (rate, mut steps) = match known {
        Some(known) => (known.rate, known.steps.clone()),
        None => (best_rate()?, Vec::new()),
    };
    let seeds = (0..).filter(|seed| !tried.contains(seed));
    for seed in seeds.skip(steps.len()).take(SEEDS as usize) {
        steps.push(run(rate, seed, planned)?);
    }
    Ok(Closer {
        key: record::key(network, start),
        task: network.task.name().to_owned(),
        network: network.name.clone(),
        start: start.name().to_owned(),
        rate,
        steps,
    })
}

/// The ratio of two starts of a network that was looked at closer.
pub fn ratio(closer: &[Closer], network: &Network, own: &str, other: &str) -> Option<Ratio> {
    let known = |name: &str| of(closer, network, named(name)?);
    Ratio::of(known(own)?, known(other)?)
}

/// Networks where `own` takes over [`BAR`] times the steps of `other`: by the closer look where there
/// is one, else by medians; and those of which the closer look cannot tell.
pub fn worse_than(
    rows: &[Row<'_>],
    closer: &[Closer],
    (own, other): (&str, &str),
) -> (Vec<String>, Vec<String>) {
    let (mut worse, mut unsure) = (Vec::new(), Vec::new());
    let coarse = score::worse_than(rows, own, other);
    for row in rows {
        let name = row.name();
        if let Some(ratio) = ratio(closer, row.network, own, other) {
            let told = format!("{name} (×{:.2} ± {:.2})", ratio.value, ratio.value * ratio.error);
            if ratio.is_over(BAR) {
                worse.push(told);
            } else if ratio.is_near(BAR) {
                unsure.push(told);
            }
        } else if let Some((_, ratio)) = coarse.iter().find(|(worse, _)| *worse == name) {
            let ratio = ratio.map_or("does not learn".to_owned(), |ratio| format!("×{ratio:.2}"));
            worse.push(format!("{name} ({ratio})"));
        }
    }
    (worse, unsure)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closer(steps: &[u64]) -> Closer {
        let text = String::new;
        let steps = steps.iter().copied().map(Some).collect();
        Closer { key: text(), task: text(), network: text(), start: text(), rate: 0.02, steps }
    }

    #[test]
    fn a_ratio_is_over_a_bound_if_chance_does_not_explain_it() {
        let (slow, fast) = (closer(&[24, 25, 26, 25]), closer(&[20, 20, 21, 19]));
        let ratio = Ratio::of(&slow, &fast).unwrap();
        assert!((ratio.value - 1.25).abs() < 0.01 && ratio.is_over(1.05), "{ratio:?}");
        let spread = closer(&[12, 40, 18, 33]);
        assert!(!Ratio::of(&spread, &fast).unwrap().is_over(1.05));
        let never = Closer { steps: vec![None, Some(20)], ..slow };
        assert_eq!(Ratio::of(&never, &fast), None);
        let most = Closer { steps: [vec![None], vec![Some(20); 39]].concat(), ..never };
        let all = Closer { steps: vec![Some(20); 40], ..fast };
        let ratio = Ratio::of(&most, &all).unwrap();
        assert!((ratio.value.ln() - 2.0_f64.ln() / 40.0).abs() < 1e-12, "{ratio:?}");
    }
}
