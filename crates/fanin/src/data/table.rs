//! From a table of numbers and words to features and targets.

use std::path::Path;

use super::classes::{TargetNumbers, targets_from_numbers, targets_from_words};
use super::missing::{FEATURE_RANGE, Features, MISSING_REMEDY, note_left_out, to_feature};
use super::network_arrays;
use super::{Dataset, LoadOptions, Missing, Targets, Task};
use crate::formats::{Cell, Column, Table};
use crate::{Error, Result};

/// Names by which a target column is known, without regard to case.
const TARGET_NAMES: [&str; 4] = ["target", "label", "class", "y"];

/// The most different words that become features without being asked to.
const MOST_WORDS: usize = 100;

/// The most different words of a column that is said to be categorical.
const MOST_CATEGORIES: usize = 10_000;

/// The most features in all: 16 GiB of them.
const MOST_FEATURES: usize = 1 << 32;

/// The features and targets of a table, what to learn, and notes on what was decided.
///
/// A column without any number is categorical: each of its different words becomes a feature
/// `column=word` of 0 and 1, in alphabetical order.
pub(super) fn from_table(
    path: &Path,
    table: &Table,
    options: &LoadOptions,
) -> Result<(Dataset, Task, Vec<String>)> {
    let mut notes = Vec::new();
    let (targets, features) = columns_by_role(path, table, options, &mut notes)?;
    let encoded = features
        .iter()
        .map(|column| Encoding::of(path, table, column, options))
        .collect::<Result<Vec<Encoding>>>()?;
    let feature_names: Vec<String> = encoded.iter().flat_map(Encoding::names).collect();
    let width = feature_names.len();
    if table.rows().saturating_mul(width) > MOST_FEATURES {
        return Err(Error::Setting {
            place: path.display().to_string(),
            found: format!("{} rows × {width} features", table.rows()),
            expected: format!("at most {MOST_FEATURES} numbers; leave columns out (--ignore)"),
        });
    }

    let mut read = Features { values: vec![0.0; table.rows() * width], width };
    let mut first = 0;
    for encoding in &encoded {
        encoding.fill(path, table, &mut read, first)?;
        first += encoding.width();
    }
    let usable = rows_with_targets(path, table, &targets, options.missing)?;
    let kept = read.settle(path, options.missing, &usable, |row, feature| {
        let mut owners = encoded.iter().flat_map(|e| std::iter::repeat_n(e.column, e.width()));
        let column = owners.nth(feature).expect("each feature comes from a column");
        cell_error(path, table, row, column, MISSING_REMEDY)
    })?;
    note_left_out(table.rows(), kept.len(), &mut notes);

    let (targets, task) = read_targets(path, table, &targets, &kept, options)?;
    let name = path.display().to_string();
    Ok((Dataset { name, feature_names, features: read.values.into(), targets }, task, notes))
}

/// How a column becomes features.
struct Encoding<'a> {
    column: &'a Column,
    /// The words that become a feature each, sorted; none for numbers.
    categories: Option<Vec<String>>,
}

impl<'a> Encoding<'a> {
    fn of(path: &Path, table: &Table, column: &'a Column, options: &LoadOptions) -> Result<Self> {
        let asked = options.categorical.contains(&column.name);
        if !asked && is_words(column) {
            refuse_decimal_commas(path, table, column)?;
        }
        if !asked && !is_words(column) {
            check_numbers(path, table, column)?;
            return Ok(Self { column, categories: None });
        }
        let mut categories: Vec<String> = if column.cells.iter().any(is_number) {
            let filled = column.cells.iter().filter(|c| **c != Cell::Missing);
            filled.map(|&cell| column.text(cell)).collect()
        } else {
            column.words.clone()
        };
        categories.sort_unstable();
        categories.dedup();
        let most = if asked { MOST_CATEGORIES } else { MOST_WORDS };
        if categories.len() > most {
            let name = &column.name;
            return Err(Error::Setting {
                place: format!("column `{name}` of {}", path.display()),
                found: format!("{} different words", categories.len()),
                expected: format!(
                    "at most {most}, each of which becomes a feature; leave the column out \
                     (--ignore {name}) or call it categorical (--categorical {name})"
                ),
            });
        }
        Ok(Self { column, categories: Some(categories) })
    }

    fn width(&self) -> usize {
        self.categories.as_ref().map_or(1, Vec::len)
    }

    fn names(&self) -> Vec<String> {
        let name = &self.column.name;
        match &self.categories {
            None => vec![name.clone()],
            Some(words) => words.iter().map(|word| format!("{name}={word}")).collect(),
        }
    }

    /// Writes the features of this column from feature `first` on; `read` begins as zeros.
    fn fill(&self, path: &Path, table: &Table, read: &mut Features, first: usize) -> Result<()> {
        for (row, &cell) in self.column.cells.iter().enumerate() {
            let start = row * read.width + first;
            let features = &mut read.values[start..start + self.width()];
            match (&self.categories, cell) {
                (None, Cell::Number(number)) => {
                    features[0] = to_feature(number)
                        .map_err(|_| cell_error(path, table, row, self.column, FEATURE_RANGE))?;
                }
                (None, _) | (Some(_), Cell::Missing) => features.fill(f32::NAN),
                (Some(words), cell) => {
                    let word = self.column.text(cell);
                    let which = words.binary_search(&word).expect("categories hold every word");
                    features[which] = 1.0;
                }
            }
        }
        Ok(())
    }
}

/// The target columns and the feature columns.
fn columns_by_role<'a>(
    path: &Path,
    table: &'a Table,
    options: &LoadOptions,
    notes: &mut Vec<String>,
) -> Result<(Vec<&'a Column>, Vec<&'a Column>)> {
    let names = table.names();
    for name in options.targets.iter().chain(&options.ignore).chain(&options.categorical) {
        if !names.contains(&name.as_str()) {
            return Err(Error::unknown("column", name, &names));
        }
    }
    let column = |name: &str| table.columns.iter().find(|c| c.name == name);
    let mut targets: Vec<&Column> = options.targets.iter().filter_map(|n| column(n)).collect();
    if targets.is_empty() {
        let usual = |name: &str| {
            table.columns.iter().find(|c| c.name.eq_ignore_ascii_case(name) && !ignored(c, options))
        };
        targets.extend(TARGET_NAMES.iter().find_map(|name| usual(name)));
    }
    if targets.is_empty() && options.task != Some(Task::AutoEncoder) {
        return Err(Error::Setting {
            place: format!("target column of {}", path.display()),
            found: "none named, and none called target, label, class or y".to_owned(),
            expected: format!("one of the columns (--target): {}", names.join(", ")),
        });
    }
    if options.task == Some(Task::AutoEncoder) {
        for target in targets.iter().filter(|_| options.targets.is_empty()) {
            notes.push(format!("left out the column `{}`: it is no feature", target.name));
        }
    }
    let is_target = |c: &Column| targets.iter().any(|t| t.name == c.name);
    let mut features: Vec<&Column> =
        table.columns.iter().filter(|c| !is_target(c) && !ignored(c, options)).collect();
    if let Some(first) = features.first().filter(|c| is_row_number(c)) {
        notes.push(format!("left out `{}`: it has no name and only counts the rows", first.name));
        features.remove(0);
    }
    if features.is_empty() {
        return Err(Error::Setting {
            place: path.display().to_string(),
            found: "no column left as a feature".to_owned(),
            expected: format!("at least one besides the target of: {}", names.join(", ")),
        });
    }
    Ok((targets, features))
}

fn ignored(column: &Column, options: &LoadOptions) -> bool {
    options.ignore.contains(&column.name)
}

/// Whether a column is the index that data frames write in front, without a name.
fn is_row_number(column: &Column) -> bool {
    let counts_from = |start: usize| {
        column.cells.iter().enumerate().all(|(i, c)| *c == Cell::Number((i + start) as f64))
    };
    column.name == "column 1" && column.cells.len() > 1 && (counts_from(0) || counts_from(1))
}

/// Which rows have all of their targets.
fn rows_with_targets(
    path: &Path,
    table: &Table,
    targets: &[&Column],
    missing: Missing,
) -> Result<Vec<bool>> {
    let mut usable = vec![true; table.rows()];
    for column in targets {
        for (row, cell) in column.cells.iter().enumerate() {
            if !matches!(cell, Cell::Missing | Cell::Infinite(_)) {
                continue;
            }
            if !matches!(missing, Missing::Drop | Missing::Keep) {
                let expected = "a target; --missing drop leaves such rows out";
                return Err(cell_error(path, table, row, column, expected));
            }
            usable[row] = false;
        }
    }
    Ok(usable)
}

fn read_targets(
    path: &Path,
    table: &Table,
    columns: &[&Column],
    rows: &[usize],
    options: &LoadOptions,
) -> Result<(Targets, Task)> {
    if options.task == Some(Task::AutoEncoder) {
        return Ok((Targets::Features, Task::AutoEncoder));
    }
    let classes = matches!(options.task, None | Some(Task::Classification));
    if let ([column], true) = (columns, classes)
        && (is_words(column) || options.categorical.contains(&column.name))
    {
        let words: Vec<String> = rows.iter().map(|&row| column.text(column.cells[row])).collect();
        return targets_from_words(path, &column.name, &words);
    }
    for column in columns {
        check_numbers(path, table, column)?;
    }
    let number = |column: &Column, row: usize| match column.cells[row] {
        Cell::Number(number) => number,
        _ => unreachable!("rows without a target are left out, and words refused"),
    };
    let numbers = rows.iter().flat_map(|&row| columns.iter().map(move |c| number(c, row)));
    let numbers: Vec<f64> = numbers.collect();
    let task = network_arrays::task(&numbers, options);
    let names = columns.iter().map(|c| c.name.clone()).collect();
    targets_from_numbers(TargetNumbers { path, names, numbers, rows }, task)
}

fn is_number(cell: &Cell) -> bool {
    matches!(cell, Cell::Number(_) | Cell::Infinite(_))
}

/// Whether a column holds words and no numbers.
fn is_words(column: &Column) -> bool {
    !column.words.is_empty() && !column.cells.iter().any(is_number)
}

/// Refuses a word among numbers, or in a column that has to hold numbers.
fn check_numbers(path: &Path, table: &Table, column: &Column) -> Result<()> {
    let Some(row) = column.cells.iter().position(|c| matches!(c, Cell::Word(_))) else {
        return Ok(());
    };
    let name = &column.name;
    let expected = match column.cells.iter().position(is_number) {
        Some(other) => format!(
            "a number, such as {} in row {}; --categorical {name} takes all of them as names",
            column.text(column.cells[other]),
            other + 1
        ),
        None => "a number".to_owned(),
    };
    Err(cell_error(path, table, row, column, &expected))
}

/// Refuses numbers such as `1,5`, which would each become a category.
fn refuse_decimal_commas(path: &Path, table: &Table, column: &Column) -> Result<()> {
    let has_comma =
        |word: &String| word.contains(',') && word.replace(',', ".").parse::<f64>().is_ok();
    if !column.words.iter().all(has_comma) {
        return Ok(());
    }
    let row = column.cells.iter().position(|c| matches!(c, Cell::Word(_))).unwrap_or(0);
    let expected = format!(
        "a point before the decimals and nothing between thousands; \
         --categorical {} takes such cells as names",
        column.name
    );
    Err(cell_error(path, table, row, column, &expected))
}

fn cell_error(path: &Path, table: &Table, row: usize, column: &Column, expected: &str) -> Error {
    let cell = column.cells[row];
    let found = match cell {
        Cell::Missing => "a missing value".to_owned(),
        _ => format!("`{}`", column.text(cell)),
    };
    Error::Malformed {
        path: path.to_owned(),
        place: format!("{}, column `{}`", table.place(row), column.name),
        found,
        expected: expected.to_owned(),
    }
}

#[cfg(test)]
mod tests;
