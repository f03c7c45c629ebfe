//! Inputs of signal-propagation theory: independent standard normal numbers, of any width.

use fanin_kernels::random::{Stream, fill_normal};

use super::{DataSet, Dataset, LoadOptions, Loaded, Targets, Task, loaded, size};
use crate::data::ClassOrder;
use crate::spec::{Feed, Numbers};
use crate::{Error, Result};

/// Standard normal features and random answers: for checking a network without its data.
pub struct Normal;

/// Rows by default, fewer where they would hold more than [`MOST_NUMBERS`].
const ROWS: usize = 1600;
const FEWEST_ROWS: usize = 64;
const MOST_NUMBERS: usize = 1 << 26;

impl DataSet for Normal {
    fn name(&self) -> &'static str {
        "normal"
    }

    fn about(&self) -> &'static str {
        "standard normal numbers as wide as the model, with random answers: to check, not to learn"
    }

    fn source(&self) -> &'static str {
        "computed"
    }

    fn license(&self) -> &'static str {
        "none needed: computed"
    }

    /// As many features and classes as the model has; one output gets a normal number to learn.
    fn load(&self, options: &LoadOptions) -> Result<Loaded> {
        drawn(self, options)
    }
}

/// Normal rows and random answers under the name of `set`.
pub(super) fn drawn(set: &dyn DataSet, options: &LoadOptions) -> Result<Loaded> {
    let Some((inputs, outputs)) = options.sizes else {
        return Err(Error::Setting {
            place: "data".to_owned(),
            found: format!("{}, which has no width of its own", set.name()),
            expected: "a model with numbers in place of `features` and `outputs`, as in \
                       \"64 -> 2x64 relu -> 10\""
                .to_owned(),
        });
    };
    if outputs == 0 {
        return Err(Error::Setting {
            place: "model".to_owned(),
            found: "no output".to_owned(),
            expected: "at least one to make answers for".to_owned(),
        });
    }
    let rows = (MOST_NUMBERS / inputs.max(1)).clamp(FEWEST_ROWS, ROWS);
    let (rows, _) = size(options, rows, 1, 0.0)?;
    let mut features = vec![0.0; rows * inputs];
    fill_normal(Stream::new(options.seed, "normal"), 0, 0.0, 1.0, &mut features);
    let mut start = 0;
    for feed in &options.feeds {
        let columns = start..start + feed.columns;
        features.chunks_exact_mut(inputs).zip(0..).for_each(|(row, number)| {
            draw(feed, number, &mut row[columns.clone()], options.seed);
        });
        start += feed.columns;
    }
    let targets = match options.output[..] {
        [positions, classes] if classes > 1 => tokens(rows, positions, classes, options.seed),
        [_, _, ..] => numbers(rows, outputs, options.seed),
        _ => answers(rows, outputs, options.seed),
    };
    let feature_names = (0..inputs).map(|column| column.to_string()).collect();
    let is_regression = matches!(targets, Targets::Values { .. });
    let name = set.name().to_owned();
    let train = Dataset { name, feature_names, features: features.into(), targets };
    let task = options.task.or(is_regression.then_some(Task::Regression));
    Ok(loaded(set, train, None, &LoadOptions { task, ..options.clone() }))
}

/// What stands in each column of a row; measured numbers where nothing is told.
pub(super) fn kinds(feeds: &[Feed], columns: usize) -> Vec<Numbers> {
    let told = feeds.iter().flat_map(|feed| std::iter::repeat_n(feed.numbers, feed.columns));
    told.chain(std::iter::repeat(Numbers::Measured)).take(columns).collect()
}

/// Puts random indices or ones where numbers are not measured.
fn draw(feed: &Feed, row: u64, values: &mut [f32], seed: u64) {
    match feed.numbers {
        Numbers::Measured => {}
        Numbers::Switches => values.fill(1.0),
        Numbers::Indices(count) => {
            let stream = Stream::new(seed, &format!("normal {}", feed.name));
            let first = row * feed.columns as u64;
            for (value, place) in values.iter_mut().zip(first..) {
                *value = stream.below(count as u64, place) as f32;
            }
        }
    }
}

fn tokens(rows: usize, positions: usize, classes: usize, seed: u64) -> Targets {
    let stream = Stream::new(seed, "normal answers");
    let id = |place| stream.below(classes as u64, place) as u32;
    let ids = (0..(rows * positions) as u64).map(id).collect();
    Targets::Tokens { ids, positions, classes, order: ClassOrder::ByPosition }
}

fn numbers(rows: usize, outputs: usize, seed: u64) -> Targets {
    let mut values = vec![0.0; rows * outputs];
    fill_normal(Stream::new(seed, "normal answers"), 0, 0.0, 1.0, &mut values);
    Targets::Values { values, names: (0..outputs).map(|column| column.to_string()).collect() }
}

fn answers(rows: usize, outputs: usize, seed: u64) -> Targets {
    let stream = Stream::new(seed, "normal answers");
    if outputs == 1 {
        return numbers(rows, 1, seed);
    }
    let labels = (0..rows as u64).map(|row| stream.below(outputs as u64, row) as u32);
    Targets::Classes {
        labels: labels.collect(),
        names: (0..outputs).map(|class| class.to_string()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_as_wide_as_the_model_and_standard() {
        let options = LoadOptions { sizes: Some((30, 4)), ..Default::default() };
        let data = Normal.load(&options).unwrap().train;
        assert_eq!((data.columns(), data.target_columns(), data.rows()), (30, 4, ROWS));
        let mean_square = fanin_kernels::reduce::sum_of_squares(&data.features) / 48_000.0;
        // Four standard errors of √(2/48,000) = 0.0065.
        assert!((mean_square - 1.0).abs() < 0.026, "{mean_square}");
    }

    #[test]
    fn one_output_gets_numbers_and_no_model_is_told() {
        let options = LoadOptions { sizes: Some((3, 1)), ..Default::default() };
        assert_eq!(Normal.load(&options).unwrap().task, Task::Regression);
        let error = Normal.load(&LoadOptions::default()).unwrap_err().to_string();
        assert!(error.contains("in place of `features`"), "{error}");
        let options = LoadOptions { sizes: Some((3, 0)), ..Default::default() };
        let error = Normal.load(&options).unwrap_err().to_string();
        assert!(error.contains("found no output"), "{error}");
    }
}
