//! Trains every network from every start, each with its best learning rate.
//!
//! Four rates are tried on a seed of their own; five seeds are then trained at the rate that arrives
//! first, or comes farthest. Nothing is trained that cannot change the result: a rate is given up
//! once it has taken as many steps as one before it needed, a run ends when it arrives, and no
//! further seed follows the third that does not. A run that after half of its steps is no better
//! than guessing counts as one that does not arrive, and a start that no rate brings farther gets
//! no seeds. Only the last scores that are asked for need whole runs. Cheap networks come first.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use fanin::Result;
use fanin::compare::Threshold;
use fanin::compare::proof::{Limits, Training, Trajectory, best, every, trajectory};
use fanin::data::Prepared;
use fanin::train::{Course, Interrupt};
use fanin::weights::Weights;

use crate::Failure;
use crate::networks::Network;
use crate::record::{self, Record};
use crate::starts::{Drawer, STARTS, Start};
use crate::tasks::Tasks;

/// Learning rates over the usual one, 0.02 with momentum 0.9; the likeliest first.
pub const FACTORS: [f64; 4] = [1.0, 3.0, 0.3, 0.1];

/// Seeds that are counted; rates are chosen on the next one.
const SEEDS: u64 = 5;

/// A score that is no luck is so much over that of guessing.
const LUCK: f64 = 0.05;

/// Starts whose last scores are asked for, on networks whose runs go on.
const WHOLE: [&str; 2] = ["torch-default", "auto"];

/// What is to be trained, and for how long.
pub struct Wish {
    /// The only start.
    pub start: Option<String>,
    /// Whether results that are there are made anew.
    pub again: bool,
    /// Runs side by side.
    pub threads: usize,
    /// No network is begun after so many seconds.
    pub seconds: Option<f64>,
}

/// Trains what the file at `path` lacks, and appends to it; tells of its progress.
///
/// # Errors
/// If the file cannot be written, or a network cannot be trained.
pub fn all(networks: &[Network], path: &Path, wish: &Wish) -> std::result::Result<(), Failure> {
    let tasks = Tasks::load();
    let known: Vec<Record> = record::read(path)?;
    let mut by_cost = Vec::new();
    for network in networks {
        match network.cost() {
            Ok(cost) => by_cost.push((cost, network)),
            Err(error) => eprintln!("left out: {}: {error}", network.describe()),
        }
    }
    by_cost.sort_by(|a: &(f64, &Network), b| a.0.total_cmp(&b.0));
    // What is dear to find comes last, so that all else is known of many networks soon.
    let with = |is_dear: bool| {
        let starts = STARTS.into_iter().filter(move |start| start.is_dear() == is_dear);
        by_cost
            .iter()
            .flat_map(move |(_, network)| starts.clone().map(move |start| (*network, start)))
    };
    let cases = with(false).chain(with(true));
    let is_open = |(network, start): &(&Network, Start)| {
        let key = record::key(network, *start);
        let is_wished = wish.start.as_ref().is_none_or(|name| name == start.name());
        let is_new = wish.again || known.iter().all(|record| record.key != key);
        is_wished && is_new && start.is_there()
    };
    let open: Vec<(&Network, Start)> = cases.filter(is_open).collect();
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    if !known.is_empty() {
        // An interruption may have cut the last line.
        writeln!(file)?;
    }
    let (file, next, begun) = (Mutex::new(file), AtomicUsize::new(0), Instant::now());
    let work = || -> std::result::Result<(), Failure> {
        while let Some((network, start)) = open.get(next.fetch_add(1, Ordering::Relaxed)) {
            if wish.seconds.is_some_and(|limit| begun.elapsed().as_secs_f64() > limit) {
                break;
            }
            let Some(data) = tasks.get(network)? else { continue };
            let record = one(network, *start, &data)
                .map_err(|error| format!("{}, {}: {error}", network.describe(), start.name()))?;
            writeln!(
                file.lock().expect("no thread panics"),
                "{}",
                serde_json::to_string(&record)?
            )?;
            let done = next.load(Ordering::Relaxed).min(open.len());
            eprintln!(
                "[{done}/{}, {:.0} s] {}, {}: {}",
                open.len(),
                begun.elapsed().as_secs_f64(),
                network.describe(),
                start.name(),
                told(&record)
            );
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let on_one_core = || fanin::with_threads(Some(1), work)?;
        let workers: Vec<_> = (0..wish.threads).map(|_| scope.spawn(on_one_core)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("no thread panics"))
    })
}

fn told(record: &Record) -> String {
    match (&record.refused, record.median()) {
        (Some(reason), _) => format!("refused: {reason}"),
        (None, Some(steps)) => format!("{steps} steps, {:.1} s", record.seconds),
        (None, None) => {
            let most = record.best.iter().copied().fold(0.0, f64::max);
            format!("does not arrive, at most {most:.2}, {:.1} s", record.seconds)
        }
    }
}

fn one(network: &Network, start: Start, data: &Prepared) -> Result<Record> {
    let begun = Instant::now();
    let (spec, model) = (network.spec(), network.model()?);
    let course = Course::new(&spec, data.task, 0)?;
    let batches = course.batches(data.train.rows())?.count() as u64;
    let planned = course.epochs * batches;
    let mut record = Record {
        key: record::key(network, start),
        task: network.task.name().to_owned(),
        network: network.name.clone(),
        start: start.name().to_owned(),
        refused: None,
        rate: None,
        steps: Vec::new(),
        best: Vec::new(),
        last: Vec::new(),
        diverged: 0,
        planned,
        finding: 0.0,
        seconds: 0.0,
    };
    let drawer = match Drawer::new(start, network, &model, data) {
        Ok(drawer) => drawer,
        Err(error) => {
            record.refused = Some(error.to_string());
            return Ok(record);
        }
    };
    record.finding = drawer.seconds;
    let training = Training { model: &model, spec: &spec, data };
    let target = network.task.target();
    let hopeless = Threshold::new(data, target).chance + LUCK;
    let run = |weights: &Weights, (rate, seed): (f64, u64), steps: u64, is_whole: bool| {
        let target = if is_whole { f64::INFINITY } else { target };
        let hopeless = if is_whole || steps < planned { f64::NEG_INFINITY } else { hopeless };
        let limits = Limits { steps, every: every(batches, planned), target, hopeless };
        trajectory(&training, weights, (rate, seed), limits, &|_| {}, &Interrupt::default())
    };
    let weights = drawer.weights(SEEDS)?;
    let (mut tried, mut most): (Vec<Trajectory>, u64) = (Vec::new(), planned);
    for factor in FACTORS {
        let trial = run(&weights, (course.learning_rate * factor, SEEDS), most, false)?;
        most = trial.steps_to(target).map_or(most, |steps| most.min(steps));
        tried.push(trial);
    }
    let rate = best(&tried, target);
    let is_whole = network.is_whole && WHOLE.contains(&start.name());
    let is_lost = tried.iter().all(|trial| trial.best_score() <= hopeless) && !is_whole;
    let mut runs: Vec<Trajectory> = Vec::new();
    for seed in if is_lost { 0..0 } else { 0..SEEDS } {
        runs.push(run(&drawer.weights(seed)?, (rate, seed), planned, is_whole)?);
        let missed = runs.iter().filter(|run| run.steps_to(target).is_none()).count() as u64;
        if 2 * missed > SEEDS && !is_whole {
            break;
        }
    }
    record.rate = Some(rate);
    let runs = if is_lost { tried } else { runs };
    record.steps = runs.iter().map(|run| run.steps_to(target)).collect();
    record.best = runs.iter().map(|run| rounded(run.best_score())).collect();
    let last = |run: &Trajectory| match (run.diverged, run.scores.last()) {
        (None, Some(look)) => rounded(look.score),
        _ => 0.0,
    };
    record.last = runs.iter().map(last).collect();
    record.diverged = runs.iter().filter(|run| run.diverged.is_some()).count();
    record.seconds = (begun.elapsed().as_secs_f64() * 100.0).round() / 100.0;
    Ok(record)
}

fn rounded(score: f64) -> f64 {
    if score.is_finite() { (score * 1e4).round() / 1e4 } else { 0.0 }
}
