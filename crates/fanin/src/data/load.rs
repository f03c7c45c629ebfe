//! From a source (a name, a file or a folder) to a data set.

use std::fs;
use std::path::{MAIN_SEPARATOR, Path};

use super::arrays::{Pair, choose, from_arrays};
use super::network_arrays;
use super::tokens;
use super::{Dataset, LoadOptions, Loaded, Targets, Task, folder, pictures, sets, table};
use crate::formats::{Array, Contents, ReadOptions, data_format, read_data};
use crate::{Error, Result};

/// Loads the data set that `source` names: one of [`sets::DATA_SETS`], a file or a folder.
///
/// Files: see [`DATA_FORMATS`](crate::formats::DATA_FORMATS). A folder holds the files of MNIST
/// or a data set in the same form, or pictures in a folder for each class.
///
/// Which numbers are classes: integers of which some repeat, if at most 20 are different or if at
/// most 1,000 are numbered without a gap from 0 or 1. Words are classes. `options.task` decides
/// otherwise.
///
/// ```
/// let digits = fanin::data::load("digits", &Default::default())?;
/// assert_eq!((digits.train.rows(), digits.train.columns()), (1797, 64));
/// # Ok::<(), fanin::Error>(())
/// ```
///
/// # Errors
/// [`Error::Unknown`] for a name of nothing, with the nearest known one; [`Error::Io`] and
/// [`Error::Malformed`] for files, naming the place; [`Error::Setting`] for options that do not
/// fit the source.
pub fn load(source: &str, options: &LoadOptions) -> Result<Loaded> {
    if let Some(set) = sets::DATA_SETS.iter().find(|set| set.name() == source) {
        return set.load(options);
    }
    let path = Path::new(source);
    if path.is_dir() {
        return match pictures::load(path, options)? {
            Some(loaded) => Ok(loaded),
            None => folder::load(path, options),
        };
    }
    let looks_like_path =
        source.contains(['/', '\\', MAIN_SEPARATOR]) || data_format(path).is_ok() || path.exists();
    if !looks_like_path {
        return Err(match data_format(path) {
            Err(no_format) if path.extension().is_some() => no_format,
            _ => Error::unknown("data set", source, &sets::names()),
        });
    }
    fs::metadata(path).map_err(Error::io("read", path))?;
    load_file(path, options)
}

fn load_file(path: &Path, options: &LoadOptions) -> Result<Loaded> {
    match read_data(path, &options.read)? {
        Contents::Table(read) => {
            let (train, task, notes) = table::from_table(path, &read, options)?;
            Ok(Loaded {
                train,
                test: None,
                task,
                missing: options.missing,
                source: path.display().to_string(),
                license: None,
                notes,
            })
        }
        Contents::Arrays(arrays) => match arrays.as_slice() {
            [(name, features)] if name.is_empty() => load_single(path, features, options),
            _ => load_archive(path, arrays, options),
        },
    }
}

/// A file of named arrays; features are joined where it has one for each of a network's inputs.
fn load_archive(
    path: &Path,
    mut arrays: Vec<(String, Array)>,
    options: &LoadOptions,
) -> Result<Loaded> {
    let mut options = options.clone();
    if options.features.is_none()
        && let Some(joined) = network_arrays::features(path, &arrays, &options.feeds)?
    {
        const JOINED: &str = "all inputs";
        network_arrays::part_answers(&mut arrays, joined.rows(), &options.output);
        arrays.push((JOINED.to_owned(), joined));
        options.features = Some(JOINED.to_owned());
    }
    let (train, test) = choose(path, &arrays, &options)?;
    load_pairs(&train, test.as_ref(), &options)
}

/// A file of one array, with its targets from a second file.
fn load_single(path: &Path, features: &Array, options: &LoadOptions) -> Result<Loaded> {
    if let Some(loaded) = tokens::load(path, features, options)? {
        return Ok(loaded);
    }
    let targets_path = options.targets_file.clone().or_else(|| folder::labels_beside(path));
    let targets = match targets_path {
        _ if options.task == Some(Task::AutoEncoder) => None,
        Some(targets) => Some(read_single(&targets)?),
        None => {
            return Err(Error::Setting {
                place: format!("targets of {}", path.display()),
                found: "a file that holds the features only".to_owned(),
                expected: "a second file with the targets (--targets-file), \
                           or the task auto-encoder"
                    .to_owned(),
            });
        }
    };
    load_pairs(&Pair { path, features, targets: targets.as_ref() }, None, options)
}

/// The array of a file that holds a single one.
pub(super) fn read_single(path: &Path) -> Result<Array> {
    if let Contents::Arrays(mut arrays) = read_data(path, &ReadOptions::default())?
        && arrays.len() == 1
    {
        return Ok(arrays.remove(0).1);
    }
    Err(Error::Setting {
        place: path.display().to_string(),
        found: "a table or several arrays".to_owned(),
        expected: "a file of a single array: .npy or IDX".to_owned(),
    })
}

/// Arrays for training and, if there are any, for testing.
pub(super) fn load_pairs(
    train: &Pair,
    test: Option<&Pair>,
    options: &LoadOptions,
) -> Result<Loaded> {
    let (data, task, mut notes) = from_arrays(train, options)?;
    let options = LoadOptions { task: Some(task), ..options.clone() };
    let test = match test {
        Some(pair) => {
            let (mut test, _, test_notes) = from_arrays(pair, &options)?;
            notes.extend(test_notes.into_iter().map(|note| format!("test: {note}")));
            align(pair.path, &data, &mut test)?;
            Some(test)
        }
        None => None,
    };
    Ok(Loaded {
        train: data,
        test,
        task,
        missing: options.missing,
        source: train.path.display().to_string(),
        license: None,
        notes,
    })
}

/// Gives the test rows the classes and columns of the training rows.
fn align(path: &Path, train: &Dataset, test: &mut Dataset) -> Result<()> {
    if test.columns() != train.columns() || test.target_columns() > train.target_columns() {
        return Err(Error::Setting {
            place: format!("test part of {}", path.display()),
            found: format!("{} features, {} targets", test.columns(), test.target_columns()),
            expected: format!(
                "{} and {}, as in the training part",
                train.columns(),
                train.target_columns()
            ),
        });
    }
    let (Targets::Classes { names, .. }, Targets::Classes { labels, names: test_names }) =
        (&train.targets, &mut test.targets)
    else {
        return Ok(());
    };
    let codes = test_names
        .iter()
        .map(|name| {
            let code = names.iter().position(|n| n == name);
            code.map(|c| c as u32)
                .ok_or_else(|| Error::unknown("class in the test part", name, names))
        })
        .collect::<Result<Vec<u32>>>()?;
    for label in labels.iter_mut() {
        *label = codes[*label as usize];
    }
    test_names.clone_from(names);
    Ok(())
}

#[cfg(test)]
mod tests;
