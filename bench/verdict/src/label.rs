//! What comes of a case, by training it for real: learns, slow, stuck or unstable.
//!
//! Three seeds at the user's learning rate. Where most of them are stuck or unstable, two or three
//! seeds each at a third, three times and a tenth of it, until one of these rates works: only then
//! can a failure be the start's fault. A run ends once it reaches the target with a loss below
//! that of guessing (a network that jumps about may reach it by luck), or diverges.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use fanin::Result;
use fanin::data::Prepared;
use fanin::train::{Course, Finish, Interrupt, Metrics, Observer, Rows, Session};
use serde::{Deserialize, Serialize};

use crate::Failure;
use crate::cases::Case;
use crate::tasks::{Task, Tasks};

/// Changes of this file that change labels count this up, so that all cases are labelled anew.
const PROTOCOL: u32 = 1;

/// A loss so many times above both the first one and that of guessing is a jump.
const JUMP: f64 = 3.0;

/// What came of a run, or of most runs; from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Reaches the target.
    Learns,
    /// Learns what needs more than one unit, but does not reach the target.
    Slow,
    /// Learns no more than a single unit could.
    Stuck,
    /// Diverges, or jumps without settling.
    Unstable,
}

impl Outcome {
    /// Every outcome, from best to worst.
    pub const ALL: [Self; 4] = [Self::Learns, Self::Slow, Self::Stuck, Self::Unstable];

    /// The word that a verdict has for it.
    pub fn name(self) -> &'static str {
        ["learns", "slow", "stuck", "unstable"][self as usize]
    }

    /// Whether something is learned.
    pub fn works(self) -> bool {
        self <= Self::Slow
    }

    /// That of most, the worse one where they are split.
    fn of(runs: &[Run]) -> Self {
        let mut outcomes: Vec<Self> = runs.iter().map(|run| run.outcome).collect();
        outcomes.sort_unstable();
        outcomes[outcomes.len() / 2]
    }
}

/// One training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Seed of weights and order.
    pub seed: u64,
    /// Factor on the user's learning rate.
    pub factor: f64,
    /// What came of it.
    pub outcome: Outcome,
    /// Epochs done when it reached the target, diverged or was over.
    pub epochs: usize,
    /// The step in which a number stopped being finite.
    pub diverged: Option<u64>,
    /// Accuracy on the test rows at the end.
    pub score: Option<f64>,
    /// The best accuracy on the test rows of all epochs.
    pub best_score: Option<f64>,
    /// Loss of the first step.
    pub first_loss: Option<f64>,
    /// The largest loss of all steps.
    pub peak_loss: Option<f64>,
    /// Mean loss of the last epoch.
    pub last_loss: Option<f64>,
}

/// What came of a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Label {
    /// The case's key with that of the protocol.
    pub key: String,
    /// The case in one line.
    pub case: String,
    /// What came of most seeds at the user's rate.
    pub outcome: Outcome,
    /// Whether seeds at the user's rate disagree.
    pub mixed: bool,
    /// The best that came of any rate.
    pub best: Outcome,
    /// Every run.
    pub runs: Vec<Run>,
    /// Processor seconds that it took.
    pub seconds: f64,
}

/// The key under which a case's label is kept.
pub fn key(case: &Case) -> String {
    format!("{PROTOCOL}-{}", case.key())
}

/// The labels in a file; none if there is no file. Lines that are not whole are passed over.
///
/// # Errors
/// If the file cannot be read.
pub fn read(path: &Path) -> std::io::Result<Vec<Label>> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let lines = BufReader::new(File::open(path)?).lines();
    let lines: Vec<String> = lines.collect::<std::io::Result<_>>()?;
    Ok(lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect())
}

/// Labels the cases that the file at `path` lacks, and appends to it; tells of its progress.
///
/// At the end the file holds the cases in their order, and nothing else.
///
/// # Errors
/// If the file cannot be written, or a case cannot be trained.
pub fn label(
    cases: &[Case],
    tasks: &Tasks,
    path: &Path,
    threads: usize,
) -> std::result::Result<(), Failure> {
    let known = read(path)?;
    let is_open = |case: &&Case| known.iter().all(|label| label.key != key(case));
    let open: Vec<&Case> = cases.iter().filter(is_open).collect();
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    // An interruption may have cut the last line.
    writeln!(file)?;
    let progress = Progress::new(&open, cases.len());
    let (file, next) = (Mutex::new(file), AtomicUsize::new(0));
    let work = || -> std::result::Result<(), Failure> {
        while let Some(case) = open.get(next.fetch_add(1, Ordering::Relaxed)) {
            let Some(data) = tasks.get(&case.group.task) else { continue };
            let label =
                label_one(case, data).map_err(|error| format!("{}: {error}", case.describe()))?;
            let line = serde_json::to_string(&label)?;
            writeln!(file.lock().expect("no thread panics"), "{line}")?;
            progress.tell(case, &label);
        }
        Ok(())
    };
    crate::side_by_side(threads, work)?;
    progress.sum();
    order(path)
}

/// Writes the labels in the order of all cases, without those of cases that are no more.
fn order(path: &Path) -> std::result::Result<(), Failure> {
    let labels = read(path)?;
    let of = |case: &Case| labels.iter().rfind(|label| label.key == key(case));
    let cases = crate::cases::all();
    let ordered = cases.iter().filter_map(of).map(serde_json::to_string);
    let lines = ordered.collect::<std::result::Result<Vec<_>, _>>()?;
    let unfinished = path.with_extension("tmp");
    std::fs::write(&unfinished, lines.join("\n") + "\n")?;
    Ok(std::fs::rename(unfinished, path)?)
}

fn label_one(case: &Case, data: &Prepared) -> Result<Label> {
    let begun = processor_seconds();
    let run = |factor, seed| train(case, data, factor, seed);
    let mut runs = (0..3).map(|seed| run(1.0, seed)).collect::<Result<Vec<Run>>>()?;
    let outcome = Outcome::of(&runs);
    let mixed = runs.iter().any(|run| run.outcome != outcome);
    let mut best = outcome;
    for factor in [1.0 / 3.0, 3.0, 0.1] {
        if best.works() {
            break;
        }
        let mut at_rate = vec![run(factor, 0)?, run(factor, 1)?];
        if at_rate[0].outcome.works() != at_rate[1].outcome.works() {
            at_rate.push(run(factor, 2)?);
        }
        best = best.min(Outcome::of(&at_rate));
        runs.extend(at_rate);
    }
    let seconds = processor_seconds() - begun;
    let seconds = (seconds * 1000.0).round() / 1000.0;
    Ok(Label { key: key(case), case: case.describe(), outcome, mixed, best, runs, seconds })
}

/// The losses that decide whether a run jumps.
#[derive(Default)]
struct Losses {
    first: Option<f64>,
    peak: f64,
}

impl Observer for Losses {
    fn on_step(&mut self, _step: u64, _total: u64, loss: f64) {
        self.first.get_or_insert(loss);
        self.peak = self.peak.max(loss);
    }
}

/// One training of `case` at so many times its learning rate.
///
/// # Errors
/// If the case cannot be trained.
pub fn train(case: &Case, data: &Prepared, factor: f64, seed: u64) -> Result<Run> {
    let mut spec = case.spec();
    spec.optimizer.learning_rate = Some(case.group.rate() * factor);
    spec.train.seeds = vec![seed];
    let model = fanin::resolve(&spec, data)?;
    let weights = case.weights(&spec, &model, seed)?;
    let course = Course::new(&spec, data.task, seed)?;
    let mut session = Session::new(&model, &weights, course, Rows::new(&spec, data)?)?;
    let (mut losses, interrupt) = (Losses::default(), Interrupt::default());
    let guessing = (data.train.target_columns() as f64).ln();
    let has_arrived = |epoch: &Metrics| {
        let score = epoch.accuracy.unwrap_or(0.0);
        score >= case.group.task.target && epoch.train_loss < guessing
    };
    let finish = loop {
        let finish = session.advance(&mut losses, &interrupt)?;
        if finish.is_some() || session.history().last().is_some_and(has_arrived) {
            break finish;
        }
    };
    let diverged = match finish {
        Some(Finish::Diverged(divergence)) => Some(divergence.step),
        _ => None,
    };
    let history = session.history();
    let (last, best) = (history.last(), history.iter().filter_map(|epoch| epoch.accuracy));
    let outcome = match last {
        Some(last) if diverged.is_none() => losses.outcome(&case.group.task, guessing, last),
        _ => Outcome::Unstable,
    };
    Ok(Run {
        seed,
        factor: rounded(factor),
        outcome,
        epochs: history.len(),
        diverged,
        score: last.and_then(|epoch| epoch.accuracy).map(rounded),
        best_score: best.reduce(f64::max).map(rounded),
        first_loss: losses.first.map(rounded),
        peak_loss: losses.first.map(|_| rounded(losses.peak)),
        last_loss: last.map(|epoch| rounded(epoch.train_loss)),
    })
}

impl Losses {
    /// What came of a run that stayed finite and ended with the epoch `last`.
    fn outcome(&self, task: &Task, guessing: f64, last: &Metrics) -> Outcome {
        let score = last.accuracy.unwrap_or(0.0);
        let jumped = self.peak > JUMP * guessing.max(self.first.unwrap_or(0.0));
        let settled = last.train_loss < guessing;
        if score >= task.target {
            Outcome::Learns
        } else if jumped && !(settled && score >= task.floor) {
            Outcome::Unstable
        } else if score >= task.floor {
            Outcome::Slow
        } else {
            Outcome::Stuck
        }
    }
}

/// Processor seconds of an epoch of `case` with its test, the mean of the first few; none where not
/// one of them was whole.
///
/// # Errors
/// If the case cannot be trained.
pub fn epoch_seconds(case: &Case, data: &Prepared, epochs: usize) -> Result<Option<f64>> {
    let mut spec = case.spec();
    spec.optimizer.learning_rate = Some(case.group.rate());
    let model = fanin::resolve(&spec, data)?;
    let weights = case.weights(&spec, &model, 0)?;
    let course = Course::new(&spec, data.task, 0)?;
    let mut session = Session::new(&model, &weights, course, Rows::new(&spec, data)?)?;
    let begun = processor_seconds();
    for _ in 0..epochs {
        if session.advance(&mut Losses::default(), &Interrupt::default())?.is_some() {
            break;
        }
    }
    let done = session.history().len();
    Ok((done > 0).then(|| (processor_seconds() - begun) / done as f64))
}

/// The number with four digits, so that files stay small.
pub fn rounded(number: f64) -> f64 {
    format!("{number:.3e}").parse().unwrap_or(number)
}

/// Processor seconds of this thread on Linux; elsewhere seconds since the program first asked.
pub fn processor_seconds() -> f64 {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    // Linux counts a thread's time at every tick, some milliseconds apart, and when it gives way.
    std::thread::yield_now();
    let schedule = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = schedule.and_then(|s| s.split(' ').next()?.parse::<f64>().ok());
    nanoseconds.map_or_else(|| START.get_or_init(Instant::now).elapsed().as_secs_f64(), |n| n / 1e9)
}

/// How far labelling has come; the time left is estimated from the operations left.
struct Progress {
    begun: Instant,
    before: usize,
    all: usize,
    cost: f64,
    done: Mutex<(usize, f64, f64)>,
}

impl Progress {
    fn new(open: &[&Case], all: usize) -> Self {
        let cost = open.iter().map(|case| case.group.cost()).sum();
        let before = all - open.len();
        Self { begun: Instant::now(), before, all, cost, done: Mutex::default() }
    }

    fn tell(&self, case: &Case, label: &Label) {
        let mut done = self.done.lock().expect("no thread panics");
        done.0 += 1;
        done.1 += case.group.cost();
        done.2 += label.seconds;
        let elapsed = self.begun.elapsed().as_secs_f64();
        let left = elapsed * (self.cost / done.1 - 1.0) / 60.0;
        let (number, all, seconds) = (self.before + done.0, self.all, done.2);
        let at_best = if label.best == label.outcome {
            String::new()
        } else {
            format!(" ({} at another rate)", label.best.name())
        };
        eprintln!(
            "[{number}/{all}, {seconds:.0} s of processor, {left:.0} min left] {}: {}{at_best}, {:.1} s",
            label.case,
            label.outcome.name(),
            label.seconds
        );
    }

    fn sum(&self) {
        let done = self.done.lock().expect("no thread panics");
        eprintln!("labelled {} cases in {:.0} processor seconds", done.0, done.2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::{Form, Group, OPTIMIZERS};
    use crate::starts;

    /// A network of 16 tanh units on XOR, whose start is the textbook's but for `scheme`.
    fn case(scheme: Option<&str>, rate_factor: f64) -> (Case, Prepared) {
        let task = Task::all().find(|task| task.source == "xor").unwrap();
        let group = Group {
            number: 0,
            task,
            activation: "tanh",
            depth: 1,
            width: 16,
            form: Form::Plain,
            model: "features -> 16 tanh -> outputs".to_owned(),
            optimizer: OPTIMIZERS[0].0,
            rate_factor,
            batch: 64,
        };
        let mut start = starts::textbook(&group);
        start.scheme = scheme.map_or(start.scheme, str::to_owned);
        (Case { group, start }, task.load().unwrap())
    }

    #[track_caller]
    fn check(scheme: Option<&str>, rate_factor: f64, outcome: Outcome, best: Outcome, runs: usize) {
        let (case, data) = case(scheme, rate_factor);
        let label = label_one(&case, &data).unwrap();
        assert_eq!((label.outcome, label.best, label.runs.len()), (outcome, best, runs));
    }

    #[test]
    fn sound_start_learns_and_needs_no_other_rate() {
        check(None, 1.0, Outcome::Learns, Outcome::Learns, 3);
    }

    #[test]
    fn zeros_are_stuck_at_every_rate() {
        check(Some("zeros"), 1.0, Outcome::Stuck, Outcome::Stuck, 9);
    }

    #[test]
    fn rate_that_is_too_small_is_told_apart_from_a_bad_start() {
        let (case, data) = case(None, 0.003);
        let label = label_one(&case, &data).unwrap();
        assert_eq!(label.outcome, Outcome::Stuck);
        assert!(label.runs.iter().any(|run| run.factor == 3.0));
    }

    #[test]
    fn loss_that_jumps_without_settling_is_unstable() {
        let (case, _) = case(None, 1.0);
        let outcome = |first: f64, peak: f64, score: f64, train_loss: f64| {
            let last = Metrics {
                epoch: 1,
                step: 1,
                train_loss,
                test_loss: None,
                accuracy: Some(score),
                learning_rate: 0.1,
                gradient_norm: 1.0,
                seconds: 0.0,
            };
            Losses { first: Some(first), peak }.outcome(&case.group.task, f64::ln(2.0), &last)
        };
        assert_eq!(outcome(0.7, 9.0, 0.95, 0.1), Outcome::Learns);
        assert_eq!(outcome(0.7, 9.0, 0.85, 0.4), Outcome::Slow, "it has settled");
        assert_eq!(outcome(0.7, 9.0, 0.85, 0.8), Outcome::Unstable);
        assert_eq!(outcome(0.7, 9.0, 0.5, 0.6), Outcome::Unstable);
        assert_eq!(outcome(9.0, 9.0, 0.5, 0.7), Outcome::Stuck, "a large first loss is no jump");
    }

    #[test]
    fn lines_cut_by_an_interruption_are_passed_over() {
        let (case, data) = case(None, 1.0);
        let label = label_one(&case, &data).unwrap();
        let line = serde_json::to_string(&label).unwrap();
        let path = std::env::temp_dir().join(format!("fanin-labels-{}.jsonl", std::process::id()));
        std::fs::write(&path, format!("{line}\n\n{}", &line[..40])).unwrap();
        let read = read(&path);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(read.unwrap(), [label]);
    }
}
