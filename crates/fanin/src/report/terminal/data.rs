//! What is in a data set.

use std::fmt::Write;

use super::number::{compact, count, whole};
use super::table::aligned;
use super::wrap::wrapped;
use crate::data::{ColumnDescription, Description, Loaded};

/// Columns listed at most.
const COLUMNS: usize = 24;

/// What is in a data set: rows, columns, classes, remarks.
pub fn describe(loaded: &Loaded, description: &Description) -> String {
    let mut text = wrapped("", "", &loaded.source);
    if let Some(license) = &loaded.license {
        let _ = writeln!(text, "license: {license}");
    }
    let test = loaded.test.as_ref().map(|test| count(test.rows(), "test row", "test rows"));
    let _ = writeln!(
        text,
        "{}{}, {}, task {}",
        count(description.rows, "row", "rows"),
        test.map_or_else(String::new, |rows| format!(" and {rows}")),
        count(description.features, "feature", "features"),
        loaded.task,
    );
    text.push('\n');
    text.push_str(&columns(&description.columns));
    if !description.classes.is_empty() {
        text.push('\n');
        let head = ["class", "rows", "share"].map(str::to_owned);
        let row = |c: &crate::data::Balance| {
            vec![c.class.clone(), whole(c.rows), format!("{:.1} %", 100.0 * c.share)]
        };
        text.push_str(&aligned(&head, description.classes.iter().map(row).collect()));
    }
    if !description.target_columns.is_empty() {
        text.push_str("\ntargets\n");
        text.push_str(&columns(&description.target_columns));
    }
    let notes = description.remarks.iter().chain(&loaded.notes);
    for (index, note) in notes.enumerate() {
        text.push_str(if index == 0 { "\n" } else { "" });
        text.push_str(&wrapped("• ", "  ", note));
    }
    text
}

fn columns(columns: &[ColumnDescription]) -> String {
    let head = ["feature", "mean", "deviation", "minimum", "maximum"].map(str::to_owned);
    let row = |c: &ColumnDescription| {
        let numbers = [c.mean, c.deviation, c.minimum, c.maximum].map(compact);
        std::iter::once(c.name.clone()).chain(numbers).collect()
    };
    let mut text = aligned(&head, columns.iter().take(COLUMNS).map(row).collect());
    if columns.len() > COLUMNS {
        let _ = writeln!(text, " … and {} more; --json lists all", columns.len() - COLUMNS);
    }
    text
}
