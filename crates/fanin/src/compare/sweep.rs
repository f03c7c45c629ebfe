//! How near to zero: steps to learn against the size of the starting weights.
//!
//! One small problem, exclusive or of two signs, and one network for each depth. Every start is
//! w = ε·N(0, 1)/√d with b = 0, the same draws for every ε, so that the scale alone differs.
//! Training is plain gradient descent on all points at once, so a run is a function of its start.

mod table;
mod run;

pub use run::points;

use std::sync::atomic::{AtomicUsize, Ordering};

use fanin_kernels::threads;
use serde::Serialize;

use crate::error::{Error, Result};
use crate::spec::Model;
use crate::train::Interrupt;

/// Which starts are tried, and how each is trained.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScaleOptions {
    /// Factors ε on weights of variance 1/d, each 0 or more.
    pub scales: Vec<f64>,
    /// Numbers of hidden layers, one network each.
    pub depths: Vec<usize>,
    /// Seeds of the starting weights.
    pub seeds: Vec<u64>,
    /// Units of every hidden layer.
    pub width: usize,
    /// Activation of every hidden layer.
    pub activation: String,
    /// Points to learn from.
    pub rows: usize,
    /// Step of gradient descent.
    pub learning_rate: f64,
    /// The mean squared error below which the problem counts as learned; guessing has 1.
    pub target_error: f64,
    /// Steps after which a run counts as never learning.
    pub cap: u64,
}

impl Default for ScaleOptions {
    fn default() -> Self {
        Self {
            scales: vec![0.0, 1e-6, 1e-4, 1e-3, 0.01, 0.1, 0.5, 1.0, 2.0, 5.0, 20.0, 100.0],
            depths: vec![1, 2, 3],
            seeds: vec![0, 1, 2, 3, 4],
            width: 8,
            activation: "tanh".to_owned(),
            rows: 64,
            learning_rate: 0.2,
            target_error: 0.5,
            cap: 20_000,
        }
    }
}

/// What a sweep over scales found; write it with [`Sweep::to_csv`] or as JSON.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sweep {
    /// What was tried.
    pub options: ScaleOptions,
    /// The networks as short text, one per depth.
    pub networks: Vec<String>,
    /// One cell for each depth and scale, depths outermost, in the order of the options.
    pub cells: Vec<Cell>,
    /// Whether somebody stopped it before every run had ended.
    pub interrupted: bool,
}

/// All seeds of one depth and scale.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cell {
    /// Hidden layers.
    pub depth: usize,
    /// ε.
    pub scale: f64,
    /// Median over seeds of the steps to learn; `None` if most never learned.
    pub median: Option<u64>,
    /// Seeds that learned.
    pub reached: usize,
    /// How each run ended, in the order of the seeds.
    pub runs: Vec<Ending>,
}

/// How one run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "end", rename_all = "kebab-case")]
pub enum Ending {
    /// The error fell below the target.
    Learned {
        /// Steps that this took.
        steps: u64,
    },
    /// The cap came first.
    Capped,
    /// A step changed no bit of any weight, so no later step will.
    AtRest {
        /// Steps before that one.
        steps: u64,
    },
    /// The error was no longer finite.
    Diverged {
        /// Steps before that.
        steps: u64,
    },
    /// Somebody stopped it.
    Interrupted,
}

impl Ending {
    /// Steps to learn, if it did.
    pub fn steps(self) -> Option<u64> {
        if let Self::Learned { steps } = self { Some(steps) } else { None }
    }
}

/// What hears of the runs of a sweep; runs go on side by side.
pub trait SweepObserver: Sync {
    /// So many runs of so many have ended.
    fn on_run(&self, _ended: usize, _total: usize) {}
}

impl SweepObserver for () {}

/// One run of a sweep.
struct Start<'o> {
    depth: usize,
    scale: f64,
    seed: u64,
    options: &'o ScaleOptions,
}

/// Trains every depth from every scale and seed; the result does not depend on the threads.
///
/// ```
/// use fanin::compare::sweep::{ScaleOptions, scale};
/// let options = ScaleOptions {
///     scales: vec![0.0, 1.0],
///     depths: vec![1],
///     cap: 1000,
///     ..ScaleOptions::default()
/// };
/// let sweep = scale(&options, &(), &Default::default())?;
/// assert_eq!(sweep.cell(1, 0.0).unwrap().reached, 0);
/// assert_eq!(sweep.cell(1, 1.0).unwrap().reached, 5);
/// # Ok::<(), fanin::Error>(())
/// ```
///
/// # Errors
/// If an option makes no sense, or a network is too large.
pub fn scale(
    options: &ScaleOptions,
    observer: &dyn SweepObserver,
    interrupt: &Interrupt,
) -> Result<Sweep> {
    options.validate()?;
    let models: Vec<Model> =
        options.depths.iter().map(|&depth| options.model(depth)).collect::<Result<_>>()?;
    let mut starts = Vec::new();
    for (place, &depth) in options.depths.iter().enumerate() {
        for &scale in &options.scales {
            let start = |&seed| (place, Start { depth, scale, seed, options });
            starts.extend(options.seeds.iter().map(start));
        }
    }
    let (ended, total) = (AtomicUsize::new(0), starts.len());
    let endings = threads::map(&starts, |(place, start)| {
        let ending = run::run(start, &models[*place], interrupt)?;
        observer.on_run(ended.fetch_add(1, Ordering::Relaxed) + 1, total);
        Ok(ending)
    });
    let endings: Vec<Ending> = endings.into_iter().collect::<Result<_>>()?;
    let seeds = options.seeds.len();
    let cells = starts.chunks(seeds).zip(endings.chunks(seeds));
    let cells = cells.map(|(starts, endings)| Cell::new(&starts[0].1, endings));
    Ok(Sweep {
        options: options.clone(),
        networks: models.iter().map(ToString::to_string).collect(),
        cells: cells.collect(),
        interrupted: endings.contains(&Ending::Interrupted),
    })
}

impl ScaleOptions {
    fn model(&self, depth: usize) -> Result<Model> {
        let hidden = match depth {
            0 => String::new(),
            _ => format!("{depth}x{} {} -> ", self.width, self.activation),
        };
        format!("2 -> {hidden}1").parse()
    }

    fn validate(&self) -> Result<()> {
        let counts = [
            ("scales", self.scales.len()),
            ("depths", self.depths.len()),
            ("seeds", self.seeds.len()),
            ("rows", self.rows),
        ];
        for (place, count) in counts {
            ensure(count > 0, place, &count, "at least one")?;
        }
        ensure(self.rows <= MOST_ROWS, "rows", &self.rows, &format!("at most {MOST_ROWS}"))?;
        for scale in &self.scales {
            let usable = (0.0..=LARGEST_SCALE).contains(scale);
            ensure(usable, "scales", scale, &format!("numbers from 0 to {LARGEST_SCALE:e}"))?;
        }
        for (place, value) in
            [("learning rate", self.learning_rate), ("target error", self.target_error)]
        {
            ensure(value > 0.0 && value.is_finite(), place, &value, "a number above 0")?;
        }
        Ok(())
    }
}

/// Points beyond which the small problem is no longer small.
const MOST_ROWS: usize = 1_000_000;

/// Above it, starting weights themselves leave the range of f32.
const LARGEST_SCALE: f64 = 1e30;

fn ensure(holds: bool, place: &str, found: &dyn std::fmt::Display, expected: &str) -> Result<()> {
    if holds {
        return Ok(());
    }
    Err(Error::Setting {
        place: format!("{place} of the sweep"),
        found: found.to_string(),
        expected: expected.to_owned(),
    })
}

impl Cell {
    fn new(start: &Start<'_>, runs: &[Ending]) -> Self {
        let ended = runs.iter().filter(|run| **run != Ending::Interrupted);
        let mut steps: Vec<u64> = ended.map(|run| run.steps().unwrap_or(u64::MAX)).collect();
        steps.sort_unstable();
        let median = steps.get(steps.len() / 2).copied().filter(|&steps| steps < u64::MAX);
        let reached = runs.iter().filter(|run| run.steps().is_some()).count();
        Self { depth: start.depth, scale: start.scale, median, reached, runs: runs.to_vec() }
    }

    /// Seeds whose run came to its end.
    pub fn ended(&self) -> usize {
        self.runs.iter().filter(|run| **run != Ending::Interrupted).count()
    }
}

#[cfg(test)]
mod tests;
