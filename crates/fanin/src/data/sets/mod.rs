//! The registry of data sets that have a name: carried along, computed, or installed.
//!
//! To add one: a new file with a [`DataSet`], `mod x;` and `&x::X,` in [`DATA_SETS`].

mod digits;
mod xor;
mod spirals;
mod fashion_mnist;
mod normal;
mod teacher;

use super::{Dataset, LoadOptions, Loaded, Targets, Task};
use crate::{Error, Result};

/// Every data set that has a name.
pub static DATA_SETS: &[&dyn DataSet] = &[
    &digits::Digits,
    &xor::Xor,
    &spirals::Spirals,
    &fashion_mnist::FashionMnist,
    &normal::Normal,
    &teacher::Teacher,
];

/// A data set that has a name.
pub trait DataSet: Sync {
    /// Its name.
    fn name(&self) -> &'static str;

    /// What it is, in one line.
    fn about(&self) -> &'static str;

    /// Who made it, and where it can be had.
    fn source(&self) -> &'static str;

    /// The license under which it may be used.
    fn license(&self) -> &'static str;

    /// Its rows.
    ///
    /// # Errors
    /// If an option does not fit, or if it is not installed.
    fn load(&self, options: &LoadOptions) -> Result<Loaded>;
}

/// The names of all named data sets, in the registry's order.
pub fn names() -> Vec<&'static str> {
    DATA_SETS.iter().map(|set| set.name()).collect()
}

/// A loaded set from rows with classes, for the task that is asked.
///
/// As a regression the number of the class is the target; as labels there is one column of 0 and
/// 1 for two classes, and one per class otherwise.
fn loaded(
    set: &dyn DataSet,
    train: Dataset,
    test: Option<Dataset>,
    options: &LoadOptions,
) -> Loaded {
    let task = options.task.unwrap_or(Task::Classification);
    let for_task = |data: Dataset| Dataset { targets: convert(data.targets, task), ..data };
    Loaded {
        train: for_task(train),
        test: test.map(for_task),
        task,
        missing: options.missing,
        source: set.source().to_owned(),
        license: Some(set.license().to_owned()),
        notes: Vec::new(),
    }
}

fn convert(targets: Targets, task: Task) -> Targets {
    match (targets, task) {
        (_, Task::AutoEncoder) => Targets::Features,
        (Targets::Classes { labels, names }, Task::MultiLabel) if names.len() > 2 => {
            let one_hot =
                |&label: &u32| (0..names.len() as u32).map(move |k| f32::from(k == label));
            Targets::Values { values: labels.iter().flat_map(one_hot).collect(), names }
        }
        (Targets::Classes { labels, .. }, Task::MultiLabel | Task::Regression) => Targets::Values {
            values: labels.iter().map(|&label| label as f32).collect(),
            names: vec!["class".to_owned()],
        },
        (targets, _) => targets,
    }
}

/// The most rows that a computed data set may have.
const MOST_ROWS: usize = 10_000_000;

/// The rows and the noise of a computed data set.
fn size(options: &LoadOptions, rows: usize, fewest: usize, noise: f64) -> Result<(usize, f64)> {
    let refuse = |place: &str, found: String, expected: String| {
        Err(Error::Setting { place: place.to_owned(), found, expected })
    };
    let rows = options.rows.unwrap_or(rows);
    if !(fewest..=MOST_ROWS).contains(&rows) {
        return refuse("rows", rows.to_string(), format!("{fewest} to {MOST_ROWS}"));
    }
    let noise = options.noise.unwrap_or(noise);
    if !(0.0..=1e6).contains(&noise) {
        return refuse("noise", noise.to_string(), "a deviation of 0 to 1e6".to_owned());
    }
    Ok((rows, noise))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_tells_its_source_and_license_and_has_its_own_name() {
        let mut names = names();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), DATA_SETS.len());
        for set in DATA_SETS {
            for text in [set.about(), set.source(), set.license()] {
                assert!(!text.is_empty() && text.len() < 200 && !text.contains('\n'), "{text}");
            }
        }
    }

    #[test]
    fn classes_become_what_the_task_asks_for() {
        let read = |task| {
            let options = LoadOptions { task: Some(task), rows: Some(4), ..Default::default() };
            xor::Xor.load(&options).unwrap().train.targets
        };
        let names = vec!["class".to_owned()];
        let column = Targets::Values { values: vec![0., 1., 1., 0.], names };
        assert_eq!(read(Task::Regression), column);
        assert_eq!(read(Task::MultiLabel), column);
        assert_eq!(read(Task::AutoEncoder), Targets::Features);
    }

    #[test]
    fn senseless_sizes_are_refused() {
        for set in [&xor::Xor as &dyn DataSet, &spirals::Spirals] {
            for rows in [0, 1_000_000_000_000] {
                let options = LoadOptions { rows: Some(rows), ..Default::default() };
                let error = set.load(&options).unwrap_err().to_string();
                assert!(error.starts_with(&format!("rows: found {rows}, expected ")), "{error}");
            }
            let options = LoadOptions { noise: Some(f64::NAN), ..Default::default() };
            assert!(set.load(&options).unwrap_err().to_string().starts_with("noise: found NaN"));
        }
    }
}
