//! From arrays to features and targets.

use std::path::Path;

use super::classes::{TargetNumbers, targets_from_numbers};
use super::missing::{FEATURE_RANGE, Features, MISSING_REMEDY, note_left_out, to_feature};
use super::network_arrays;
use super::{Dataset, LoadOptions, Missing, NO_CLASS, Targets, Task, Values};
use crate::formats::Array;
use crate::{Error, Result};

/// Names by which an array of features is known, without regard to case.
const FEATURE_NAMES: [&str; 6] = ["x", "features", "data", "images", "inputs", "x_train"];

/// Names by which an array of targets is known, without regard to case.
const TARGET_NAMES: [&str; 7] =
    ["y", "labels", "targets", "label", "target", "y_train", "target_0"];

/// Arrays that belong together: features, and targets unless they are the features.
pub(super) struct Pair<'a> {
    /// The file, for messages.
    pub path: &'a Path,
    /// Rows along the first axis; further axes are flattened.
    pub features: &'a Array,
    /// As many rows as `features`, in one or two axes.
    pub targets: Option<&'a Array>,
}

/// The arrays of an archive by their names, for training and, if it has them, for testing.
///
/// # Errors
/// If an array is not there, with the list of those that are.
pub(super) fn choose<'a>(
    path: &'a Path,
    arrays: &'a [(String, Array)],
    options: &LoadOptions,
) -> Result<(Pair<'a>, Option<Pair<'a>>)> {
    let names: Vec<&str> = arrays.iter().map(|(name, _)| name.as_str()).collect();
    let get = |name: &str| arrays.iter().find(|(n, _)| n == name).map(|(_, array)| array);
    let pick = |asked: Option<&String>, usual: &[&str]| match asked {
        Some(name) => match names.iter().find(|n| *n == name) {
            Some(name) => Ok(Some(*name)),
            None => Err(Error::unknown("array", name, &names)),
        },
        None => Ok(usual
            .iter()
            .find_map(|usual| names.iter().find(|n| n.eq_ignore_ascii_case(usual)))
            .copied()),
    };
    let none = |what: &str, usual: &[&str], option: &str| Error::Setting {
        place: format!("{what} of {}", path.display()),
        found: format!("none named, and none called {}", usual.join(", ")),
        expected: format!("one of the arrays ({option}): {}", names.join(", ")),
    };
    let features = pick(options.features.as_ref(), &FEATURE_NAMES)?
        .ok_or_else(|| none("features", &FEATURE_NAMES, "--features"))?;
    let targets = if options.task == Some(Task::AutoEncoder) {
        None
    } else {
        let found = pick(options.targets.first(), &TARGET_NAMES)?;
        Some(found.ok_or_else(|| none("targets", &TARGET_NAMES, "--target"))?)
    };
    let test_of = |name: &str| {
        let test = name.replace("train", "test");
        get(&test).filter(|_| test != name)
    };
    let all =
        Pair { path, features: get(features).expect("picked"), targets: targets.and_then(get) };
    let test = match (test_of(features), targets) {
        (Some(features), None) => Some(Pair { path, features, targets: None }),
        (Some(features), Some(targets)) => {
            test_of(targets).map(|targets| Pair { path, features, targets: Some(targets) })
        }
        (None, _) => None,
    };
    Ok((all, test))
}

/// The features and targets of two arrays, what to learn, and notes on what was decided.
///
/// # Errors
/// If their rows differ, if a value is missing and `options` do not say what to do, if the
/// targets cannot serve the task.
pub(super) fn from_arrays(
    pair: &Pair,
    options: &LoadOptions,
) -> Result<(Dataset, Task, Vec<String>)> {
    let Pair { path, features, targets } = pair;
    let rows = features.rows();
    if features.shape.is_empty() || rows == 0 || features.row_elements() == 0 {
        return Err(Error::Setting {
            place: format!("features of {}", path.display()),
            found: format!("an array of shape {:?}", features.shape),
            expected: "at least one row of at least one number".to_owned(),
        });
    }
    let targets_width = check_targets(path, rows, *targets, &options.output)?;
    let feature_names = names(features);
    let width = feature_names.len();
    let place =
        |row: usize, column: usize| format!("row {}, column `{}`", row + 1, feature_names[column]);
    let bytes = features.as_bytes();
    let read = |(at, number): (usize, f64)| {
        to_feature(number).map_err(|found| Error::Malformed {
            path: path.to_path_buf(),
            place: place(at / width, at % width),
            found,
            expected: FEATURE_RANGE.to_owned(),
        })
    };
    // Bytes are never missing, and stay bytes.
    let mut floats = match bytes {
        Some(_) => Features { values: Vec::new(), width: 0 },
        None => Features {
            values: features.numbers().enumerate().map(read).collect::<Result<_>>()?,
            width,
        },
    };
    let target_numbers: Vec<f64> = targets.map_or_else(Vec::new, |t| t.numbers().collect());
    let usable = usable_rows(path, rows, targets_width, &target_numbers, options.missing)?;
    let kept = floats.settle(path, options.missing, &usable, |row, column| Error::Malformed {
        path: path.to_path_buf(),
        place: place(row, column),
        found: "a missing or infinite value".to_owned(),
        expected: MISSING_REMEDY.to_owned(),
    })?;
    let mut notes = Vec::new();
    note_left_out(rows, kept.len(), &mut notes);
    let values = match bytes {
        Some(bytes) if kept.len() == rows => Values::from(bytes.to_vec()),
        Some(bytes) => Values::from(bytes.to_vec()).select(&kept, width),
        None => floats.values.into(),
    };

    let classes = targets
        .map(|targets| network_arrays::labels(path, targets, &kept, options))
        .transpose()?
        .flatten();
    let (targets, task) = if targets.is_none() {
        (Targets::Features, Task::AutoEncoder)
    } else if let Some(classes) = classes {
        note_unlabeled(&classes.0, &mut notes);
        classes
    } else {
        let row = |&row: &usize| &target_numbers[row * targets_width..(row + 1) * targets_width];
        let numbers = kept.iter().flat_map(row).copied().collect();
        let names = match targets_width {
            1 => vec!["y".to_owned()],
            _ => (0..targets_width).map(|k| format!("y{k}")).collect(),
        };
        let task = network_arrays::task(&target_numbers, options);
        targets_from_numbers(TargetNumbers { path, names, numbers, rows: &kept }, task)?
    };
    let name = path.display().to_string();
    Ok((Dataset { name, feature_names, features: values, targets }, task, notes))
}

fn note_unlabeled(targets: &Targets, notes: &mut Vec<String>) {
    let Targets::Tokens { ids, .. } = targets else { return };
    let without = ids.iter().filter(|&&id| id == NO_CLASS).count();
    if without > 0 {
        notes.push(format!(
            "{without} of {} positions have a negative class: the loss is a mean over the others",
            ids.len()
        ));
    }
}

/// Numbers of one row of the targets; `output` are the axes of what a network answers, if known.
fn check_targets(
    path: &Path,
    rows: usize,
    targets: Option<&Array>,
    output: &[usize],
) -> Result<usize> {
    let Some(targets) = targets else { return Ok(0) };
    let elements = targets.row_elements();
    let usual = matches!(targets.shape.len(), 1 | 2);
    let behind = targets.shape.get(1..);
    let answers = output.len() > 1
        && (elements == output.iter().product::<usize>()
            || behind == Some(&output[..output.len() - 1])
            || behind == Some(&output[1..]));
    if (usual || answers) && targets.rows() == rows && elements > 0 {
        return Ok(elements);
    }
    Err(Error::Setting {
        place: format!("targets of {}", path.display()),
        found: format!("an array of shape {:?}", targets.shape),
        expected: format!("[{rows}] or [{rows}, columns], for the features have {rows} rows"),
    })
}

fn usable_rows(
    path: &Path,
    rows: usize,
    width: usize,
    targets: &[f64],
    missing: Missing,
) -> Result<Vec<bool>> {
    if width == 0 {
        return Ok(vec![true; rows]);
    }
    let usable: Vec<bool> =
        targets.chunks_exact(width).map(|row| row.iter().all(|n| n.is_finite())).collect();
    match usable.iter().position(|u| !u) {
        Some(row) if !matches!(missing, Missing::Drop | Missing::Keep) => Err(Error::Malformed {
            path: path.to_owned(),
            place: format!("row {} of the targets", row + 1),
            found: "a missing or infinite value".to_owned(),
            expected: "a target; --missing drop leaves such rows out".to_owned(),
        }),
        _ => Ok(usable),
    }
}

/// Names of the features: `pixel_0_0`, … for images, `x0`, … otherwise.
fn names(features: &Array) -> Vec<String> {
    match features.shape.as_slice() {
        [_, height, width] => (0..*height)
            .flat_map(|row| (0..*width).map(move |column| format!("pixel_{row}_{column}")))
            .collect(),
        _ => (0..features.row_elements()).map(|column| format!("x{column}")).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::{Element, Endian, Order};

    fn array(shape: &[usize], numbers: &[f32]) -> Array {
        Array {
            shape: shape.to_vec(),
            element: Element::F32,
            endian: Endian::Little,
            order: Order::Row,
            bytes: numbers.iter().flat_map(|n| n.to_le_bytes()).collect(),
        }
    }

    fn read(features: &Array, targets: &Array, missing: Missing) -> Result<(Dataset, Task)> {
        let pair = Pair { path: Path::new("a.npz"), features, targets: Some(targets) };
        let options = LoadOptions { missing, ..LoadOptions::default() };
        from_arrays(&pair, &options).map(|(data, task, _)| (data, task))
    }

    #[test]
    fn images_become_rows_of_pixels() {
        let images = array(&[2, 1, 2], &[1., 2., 3., 4.]);
        let (data, task) = read(&images, &array(&[2, 1], &[0.5, 1.5]), Missing::Error).unwrap();
        assert_eq!(data.feature_names, ["pixel_0_0", "pixel_0_1"]);
        assert_eq!((data.row(1), task), (&[3., 4.][..], Task::Regression));
    }

    #[test]
    fn array_without_rows_is_refused_whatever_its_other_axes_say() {
        let huge = array(&[0, usize::MAX, usize::MAX], &[]);
        let error = read(&huge, &array(&[0], &[]), Missing::Error).unwrap_err().to_string();
        assert!(error.ends_with("expected at least one row of at least one number"), "{error}");
    }

    #[test]
    fn rows_that_differ_and_missing_values_are_told() {
        let x = array(&[2, 2], &[1., f32::NAN, 3., 4.]);
        let error = read(&x, &array(&[3], &[0., 1., 0.]), Missing::Error).unwrap_err();
        let expected = "targets of a.npz: found an array of shape [3], \
                        expected [2] or [2, columns], for the features have 2 rows";
        assert_eq!(error.to_string(), expected);
        let error = read(&x, &array(&[2], &[0., 1.]), Missing::Error).unwrap_err();
        let expected = "a.npz: row 1, column `x1`: found a missing or infinite value, expected \
                        a finite number; --missing drop, mean or zero says what to do with \
                        missing values";
        assert_eq!(error.to_string(), expected);
        let (data, _) = read(&x, &array(&[2], &[0., 1.]), Missing::Drop).unwrap();
        assert_eq!(data.features, [3., 4.]);
    }

    #[test]
    fn arrays_are_found_by_usual_names_with_their_test_part() {
        let a = array(&[1, 1], &[1.]);
        let keys = ["x_train", "y_train", "x_test", "y_test"];
        let arrays: Vec<_> = keys.iter().map(|&key| (key.to_owned(), a.clone())).collect();
        let path = Path::new("a.npz");
        let (_, test) = choose(path, &arrays, &LoadOptions::default()).unwrap();
        assert!(test.is_some_and(|pair| pair.targets.is_some()));

        let error = choose(path, &arrays[..1], &LoadOptions::default()).err().unwrap();
        let expected = "targets of a.npz: found none named, and none called y, labels, targets, \
                        label, target, y_train, target_0, \
                        expected one of the arrays (--target): x_train";
        assert_eq!(error.to_string(), expected);
        let options = LoadOptions { features: Some("x_tran".to_owned()), ..Default::default() };
        let error = choose(path, &arrays, &options).err().unwrap().to_string();
        assert!(error.starts_with("unknown array `x_tran`; did you mean `x_train`?"), "{error}");
    }
}
