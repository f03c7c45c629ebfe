//! Targets from numbers and words: which are classes, and what the classes are called.

use std::path::Path;

use super::{Targets, Task};
use crate::{Error, Result};

/// The most classes that numbers or words may stand for.
const MOST_CLASSES: usize = 10_000;

/// Integers with at most so many different values are taken for classes.
const FEW_VALUES: usize = 20;

/// Integers numbered without a gap from 0 or 1 are taken for classes up to so many.
const MOST_NUMBERED: usize = 1_000;

/// Target columns read from a file: row-major numbers, one name per column.
pub(super) struct TargetNumbers<'a> {
    /// The file, for messages.
    pub path: &'a Path,
    /// Names of the columns.
    pub names: Vec<String>,
    /// Rows × names, none missing.
    pub numbers: Vec<f64>,
    /// The index in the file of each row.
    pub rows: &'a [usize],
}

impl TargetNumbers<'_> {
    fn malformed(&self, at: usize, expected: &str) -> Error {
        let (row, column) = (at / self.names.len(), at % self.names.len());
        Error::Malformed {
            path: self.path.to_owned(),
            place: format!("row {}, column `{}`", self.rows[row] + 1, self.names[column]),
            found: self.numbers[at].to_string(),
            expected: expected.to_owned(),
        }
    }
}

/// What numbers in the target columns ask to learn, and the targets themselves.
///
/// With one column, integers are classes if fewer values than rows are different and they are at
/// most 20, or at most 1,000 numbered without a gap from 0 or 1; any other numbers are a
/// regression. Several columns of 0 and 1 are classes if each row holds exactly one 1, and labels
/// otherwise. `task` overrides all of it; columns of probabilities whose sum is 1 in every row are
/// targets of a classification only where the task says so.
///
/// # Errors
/// If the numbers cannot serve the asked task.
pub(super) fn targets_from_numbers(
    read: TargetNumbers,
    task: Option<Task>,
) -> Result<(Targets, Task)> {
    let width = read.names.len();
    let binary = read.numbers.iter().all(|&n| n == 0.0 || n == 1.0);
    let one_hot = || {
        binary
            && width > 1
            && read.numbers.chunks_exact(width).all(|r| r.iter().sum::<f64>() == 1.0)
    };
    match task {
        None | Some(Task::Classification) if one_hot() => {
            let label = |row: &[f64]| row.iter().position(|&n| n == 1.0).unwrap_or(0) as u32;
            let labels = read.numbers.chunks_exact(width).map(label).collect();
            Ok((Targets::Classes { labels, names: read.names }, Task::Classification))
        }
        None if width == 1 && look_like_classes(&read.numbers) => number_classes(&read),
        Some(Task::Classification) if width == 1 => number_classes(&read),
        Some(Task::Classification) if hold_probabilities(&read.numbers, width) => {
            values(read, Task::Classification)
        }
        Some(Task::Classification) => Err(Error::Setting {
            place: format!("targets of {}", read.path.display()),
            found: format!("{width} columns that are no probabilities with a sum of 1"),
            expected: "one column of classes, a probability per class, or the task multi-label or regression".to_owned(),
        }),
        Some(Task::MultiLabel) if !binary => {
            let at = read.numbers.iter().position(|&n| n != 0.0 && n != 1.0).unwrap_or(0);
            Err(read.malformed(at, "0 or 1, as multi-label targets are"))
        }
        Some(Task::AutoEncoder) => Ok((Targets::Features, Task::AutoEncoder)),
        None if binary && width > 1 => values(read, Task::MultiLabel),
        Some(task) => values(read, task),
        None => values(read, Task::Regression),
    }
}

/// Classes named by words: one code per row, and what each code means.
///
/// # Errors
/// If there are more than 10,000.
pub(super) fn targets_from_words(
    path: &Path,
    column: &str,
    words: &[String],
) -> Result<(Targets, Task)> {
    let mut names = words.to_vec();
    names.sort_unstable();
    names.dedup();
    check_count(path, column, names.len())?;
    let code = |word: &String| names.binary_search(word).expect("names holds every word") as u32;
    let labels = words.iter().map(code).collect();
    Ok((Targets::Classes { labels, names }, Task::Classification))
}

/// Whether every row holds probabilities: numbers of at least 0 whose sum is 1 but for rounding.
fn hold_probabilities(numbers: &[f64], width: usize) -> bool {
    const ROUNDING: f64 = 1e-3;
    let is_distribution = |row: &[f64]| {
        row.iter().all(|&p| p >= 0.0) && (row.iter().sum::<f64>() - 1.0).abs() <= ROUNDING
    };
    width > 1 && numbers.chunks_exact(width).all(is_distribution)
}

fn values(read: TargetNumbers, task: Task) -> Result<(Targets, Task)> {
    let values = read.numbers.iter().map(|&n| n as f32).collect::<Vec<f32>>();
    if let Some(at) = values.iter().position(|v| !v.is_finite()) {
        return Err(read.malformed(at, "a number that 32 bits can hold, up to 3.4e38"));
    }
    Ok((Targets::Values { values, names: read.names }, task))
}

fn look_like_classes(numbers: &[f64]) -> bool {
    if numbers.iter().any(|n| n.fract() != 0.0) {
        return false;
    }
    let different = sorted_different(numbers);
    let (Some(&first), Some(&last)) = (different.first(), different.last()) else {
        return false;
    };
    let count = different.len();
    let numbered = (first == 0.0 || first == 1.0) && last - first + 1.0 == count as f64;
    count < numbers.len() && (count <= FEW_VALUES || (numbered && count <= MOST_NUMBERED))
}

fn number_classes(read: &TargetNumbers) -> Result<(Targets, Task)> {
    let different = sorted_different(&read.numbers);
    check_count(read.path, &read.names[0], different.len())?;
    let code = |n: &f64| different.partition_point(|d| d < n) as u32;
    let labels = read.numbers.iter().map(code).collect();
    let names = different.iter().map(f64::to_string).collect();
    Ok((Targets::Classes { labels, names }, Task::Classification))
}

fn sorted_different(numbers: &[f64]) -> Vec<f64> {
    // Adding 0 turns −0 into 0, so that the two count as one.
    let mut different: Vec<f64> = numbers.iter().map(|n| n + 0.0).collect();
    different.sort_unstable_by(f64::total_cmp);
    different.dedup();
    different
}

fn check_count(path: &Path, column: &str, classes: usize) -> Result<()> {
    if classes <= MOST_CLASSES {
        return Ok(());
    }
    Err(Error::Setting {
        place: format!("target `{column}` of {}", path.display()),
        found: format!("{classes} different values"),
        expected: format!("at most {MOST_CLASSES} classes, or the task regression"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(numbers: &[f64], names: &[&str], task: Option<Task>) -> Result<(Targets, Task)> {
        let names = names.iter().map(|&n| n.to_owned()).collect();
        let numbers = numbers.to_vec();
        let rows: Vec<usize> = (0..numbers.len()).collect();
        let path = Path::new("a.csv");
        targets_from_numbers(TargetNumbers { path, names, numbers, rows: &rows }, task)
    }

    #[track_caller]
    fn check(numbers: &[f64], names: &[&str], task: Option<Task>, expected: Task) {
        assert_eq!(read(numbers, names, task).unwrap().1, expected);
    }

    #[test]
    fn few_or_numbered_integers_are_classes_and_other_numbers_are_not() {
        check(&[5., 7., 5., 7.], &["y"], None, Task::Classification);
        check(&[5., 7.5, 5., 7.], &["y"], None, Task::Regression);
        check(&[1., 2., 3., 4.], &["y"], None, Task::Regression);
        let numbered: Vec<f64> = (0..300).map(|i| f64::from(i % 100)).collect();
        check(&numbered, &["y"], None, Task::Classification);
        let gaps: Vec<f64> = numbered.iter().map(|n| n * 2.0).collect();
        check(&gaps, &["y"], None, Task::Regression);
        check(&[5., 7., 5., 7.], &["y"], Some(Task::Regression), Task::Regression);
        check(&[1., 2., 3., 4.], &["y"], Some(Task::Classification), Task::Classification);
    }

    #[test]
    fn columns_of_0_and_1_are_classes_or_labels() {
        check(&[0., 1., 1., 0.], &["a", "b"], None, Task::Classification);
        check(&[1., 1., 1., 0.], &["a", "b"], None, Task::MultiLabel);
        check(&[0., 1., 1., 0.], &["a", "b"], Some(Task::MultiLabel), Task::MultiLabel);
        check(&[1., 2., 1., 0.], &["a", "b"], None, Task::Regression);
        let error = read(&[1., 2., 1., 0.], &["a", "b"], Some(Task::MultiLabel)).unwrap_err();
        let expected =
            "a.csv: row 1, column `b`: found 2, expected 0 or 1, as multi-label targets are";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn classes_are_sorted_and_named() {
        let (targets, _) = read(&[10., 2., 10., -0., 0.], &["y"], None).unwrap();
        let names = ["0", "2", "10"].map(str::to_owned).to_vec();
        assert_eq!(targets, Targets::Classes { labels: vec![2, 1, 2, 0, 0], names });
        let words = ["b", "a", "b"].map(str::to_owned).to_vec();
        let (targets, _) = targets_from_words(Path::new("a.csv"), "y", &words).unwrap();
        let names = ["a", "b"].map(str::to_owned).to_vec();
        assert_eq!(targets, Targets::Classes { labels: vec![1, 0, 1], names });
    }
}
