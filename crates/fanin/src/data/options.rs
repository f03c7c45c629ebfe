//! What a caller can say when loading data, and what loading gives.

use std::path::PathBuf;

use super::{Dataset, Missing, Task};
use crate::formats::ReadOptions;
use crate::spec::Feed;

/// How to read a source; the default guesses what a source does not say.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadOptions {
    /// What to learn; by the targets if not given (see [`load`](super::load())).
    pub task: Option<Task>,
    /// Columns of a table, or the array of a .npz, to learn; by their usual names if empty.
    pub targets: Vec<String>,
    /// A second file that holds the targets, for files of a single array.
    pub targets_file: Option<PathBuf>,
    /// The array of a .npz that holds the features; by its usual names if not given.
    pub features: Option<String>,
    /// Columns of a table to leave out.
    pub ignore: Vec<String>,
    /// Columns of a table whose cells are names even where they are numbers; each different name
    /// becomes a feature of its own.
    pub categorical: Vec<String>,
    /// What to do with missing and infinite values.
    pub missing: Missing,
    /// How to read a text file.
    pub read: ReadOptions,
    /// Seed of computed data.
    pub seed: u64,
    /// Rows of computed data; each data set has its own default.
    pub rows: Option<usize>,
    /// Standard deviation of the noise in computed data; each data set has its own default.
    pub noise: Option<f64>,
    /// Features and outputs of data that have no width of their own, from the model.
    pub sizes: Option<(usize, usize)>,
    /// What stands in the numbers of a row, where the model says so.
    pub feeds: Vec<Feed>,
    /// The axes of a row's result, where the model says so.
    pub output: Vec<usize>,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self {
            task: None,
            targets: Vec::new(),
            targets_file: None,
            features: None,
            ignore: Vec::new(),
            categorical: Vec::new(),
            missing: Missing::Error,
            read: ReadOptions::default(),
            seed: 0,
            rows: None,
            noise: None,
            sizes: None,
            feeds: Vec::new(),
            output: Vec::new(),
        }
    }
}

/// A data set as its source gives it, neither split nor scaled.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// All rows, or those that the source sets apart for training.
    pub train: Dataset,
    /// The rows that the source sets apart for testing.
    pub test: Option<Dataset>,
    /// What to learn, as asked or as the targets suggest.
    pub task: Task,
    /// What to do with values that are NaN in `train` and `test`.
    pub missing: Missing,
    /// Where the data come from.
    pub source: String,
    /// The license under which they may be used, where known.
    pub license: Option<String>,
    /// What was decided or left out while reading, one sentence each.
    pub notes: Vec<String>,
}
