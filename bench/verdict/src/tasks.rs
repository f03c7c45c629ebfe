//! What the networks of the benchmark are to learn.

use fanin::Result;
use fanin::data::{Dataset, LoadOptions, PrepareOptions, Prepared, load, prepare};
use fanin::spec::Standardize;
use serde::Serialize;

/// Data to learn, for how long, and what counts as learned.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Task {
    /// Name for people: the source, and how it is scaled if it is not standardized.
    pub name: &'static str,
    /// Name of the data set.
    pub source: &'static str,
    /// How features are scaled.
    pub standardize: Standardize,
    /// Every so many rows of the source are kept.
    pub every: usize,
    /// Passes over the rows.
    pub epochs: usize,
    /// Rows to train on, about.
    pub rows: usize,
    /// The accuracy on test rows that counts as learned.
    pub target: f64,
    /// About the best accuracy of networks that are one unit wide (for XOR, with a monotone unit):
    /// below it nothing is learned that needs a second unit. Measured by the command `floors`.
    pub floor: f64,
}

const DIGITS: Task = Task {
    name: "digits",
    source: "digits",
    standardize: Standardize::Standard,
    every: 1,
    epochs: 15,
    rows: 1437,
    target: 0.9,
    floor: 0.37,
};

const FASHION: Task = Task {
    name: "fashion-mnist",
    source: "fashion-mnist",
    every: 20,
    epochs: 12,
    rows: 3000,
    target: 0.75,
    ..DIGITS
};

/// Tasks with their weights in the deck.
pub const TASKS: &[(Task, usize)] = &[
    (DIGITS, 36),
    (Task { name: "digits min-max", standardize: Standardize::MinMax, ..DIGITS }, 7),
    (Task { name: "digits raw", standardize: Standardize::None, ..DIGITS }, 8),
    (
        Task { name: "spirals", source: "spirals", epochs: 200, rows: 800, floor: 0.75, ..DIGITS },
        14,
    ),
    (Task { name: "xor", source: "xor", epochs: 80, rows: 320, floor: 0.8, ..DIGITS }, 13),
    (FASHION, 14),
    (Task { name: "fashion-mnist raw", standardize: Standardize::None, ..FASHION }, 3),
];

/// Fewer test rows than these can be answered rightly by luck: rows are split off instead.
const FEWEST_TESTS: usize = 50;

impl Task {
    /// Its rows, split and scaled.
    ///
    /// # Errors
    /// If the data set is not on this machine.
    pub fn load(&self) -> Result<Prepared> {
        let mut loaded = load(self.source, &LoadOptions::default())?;
        if self.every > 1 {
            let some = |rows: usize, every| (0..rows).step_by(every).collect::<Vec<usize>>();
            loaded.train = loaded.train.select(&some(loaded.train.rows(), self.every));
            // Half as sparse, for the test part of Fashion-MNIST is a sixth of the training part.
            let test = |test: Dataset| test.select(&some(test.rows(), self.every / 2));
            loaded.test = loaded.test.map(test);
        }
        if loaded.test.as_ref().is_some_and(|test| test.rows() < FEWEST_TESTS) {
            loaded.test = None;
        }
        let features = self.standardize;
        prepare(loaded, &PrepareOptions { features, ..PrepareOptions::default() })
    }

    /// Every task.
    pub fn all() -> impl Iterator<Item = Self> {
        TASKS.iter().map(|(task, _)| *task)
    }
}

/// The data of every task that is on this machine.
pub struct Tasks(Vec<(Task, Prepared)>);

impl Tasks {
    /// Loads them; says on the terminal which are not there.
    pub fn load() -> Self {
        let load = |task: Task| match task.load() {
            Ok(data) => Some((task, data)),
            Err(error) => {
                eprintln!("left out: {}: {error}", task.name);
                None
            }
        };
        Self(Task::all().filter_map(load).collect())
    }

    /// The data of `task`, if they are there.
    pub fn get(&self, task: &Task) -> Option<&Prepared> {
        self.0.iter().find(|(t, _)| t == task).map(|(_, data)| data)
    }
}
