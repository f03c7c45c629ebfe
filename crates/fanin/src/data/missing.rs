//! Rows with missing values: refused, left out or filled, as asked.

use std::path::Path;

use super::Missing;
use crate::{Error, Result};

/// Features read from a file, where NaN stands for a missing or infinite value.
pub(super) struct Features {
    /// Rows × `width`, row-major.
    pub values: Vec<f32>,
    /// Numbers of one row.
    pub width: usize,
}

impl Features {
    /// Applies `missing` to the rows that are `usable` and keeps those rows only.
    ///
    /// Returns the indices of the rows kept.
    ///
    /// # Errors
    /// `error(row, column)` for the first missing value under [`Missing::Error`];
    /// [`Error::Setting`] if no row is left.
    pub(super) fn settle(
        &mut self,
        path: &Path,
        missing: Missing,
        usable: &[bool],
        error: impl Fn(usize, usize) -> Error,
    ) -> Result<Vec<usize>> {
        let mut kept = Vec::with_capacity(usable.len());
        for (row, _) in usable.iter().enumerate().filter(|(_, usable)| **usable) {
            let values = &mut self.values[row * self.width..(row + 1) * self.width];
            let Some(first) = values.iter().position(|v| v.is_nan()) else {
                kept.push(row);
                continue;
            };
            match missing {
                Missing::Error => return Err(error(row, first)),
                Missing::Drop => continue,
                Missing::Zero => values.iter_mut().filter(|v| v.is_nan()).for_each(|v| *v = 0.0),
                Missing::Mean | Missing::Keep => {}
            }
            kept.push(row);
        }
        if kept.is_empty() {
            let found = match usable.len() {
                0 => "no rows".to_owned(),
                1 => "a missing value in the only row".to_owned(),
                rows => format!("a missing value in each of the {rows} rows"),
            };
            let expected = "at least one complete row";
            return Err(Error::Setting {
                place: path.display().to_string(),
                found,
                expected: expected.to_owned(),
            });
        }
        if kept.len() < usable.len() {
            for (place, &row) in kept.iter().enumerate() {
                let from = row * self.width;
                self.values.copy_within(from..from + self.width, place * self.width);
            }
            self.values.truncate(kept.len() * self.width);
        }
        Ok(kept)
    }
}

/// A number as a feature: NaN if missing or infinite.
///
/// # Errors
/// The text of the number, if it is finite but too large for 32 bits.
pub(super) fn to_feature(number: f64) -> std::result::Result<f32, String> {
    let feature = number as f32;
    match (number.is_finite(), feature.is_finite()) {
        (true, false) => Err(number.to_string()),
        (true, true) => Ok(feature),
        (false, _) => Ok(f32::NAN),
    }
}

/// What a number can be at most, for messages.
pub(super) const FEATURE_RANGE: &str = "a number that 32 bits can hold, up to 3.4e38";

/// What to do about a missing value, for messages.
pub(super) const MISSING_REMEDY: &str =
    "a finite number; --missing drop, mean or zero says what to do with missing values";

/// A note on rows left out, if there are any.
pub(super) fn note_left_out(before: usize, after: usize, notes: &mut Vec<String>) {
    if after < before {
        notes.push(format!("left out {} of {before} rows with missing values", before - after));
    }
}
