//! What a text-like file holds: named columns of numbers and words, before anything is decided.

use std::collections::HashMap;

/// Named columns of equal length, as read from a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Columns in the order of the file; names are unique.
    pub columns: Vec<Column>,
    /// What a person finds at row i of the file: `line 7` for CSV, `row 5` otherwise.
    pub places: RowPlaces,
}

/// How a row of a table is found in its file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RowPlaces {
    /// By its number, counted from 1.
    #[default]
    Numbers,
    /// By the line on which each row begins, counted from 1.
    Lines(Vec<u64>),
}

/// One column of a [`Table`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Column {
    /// Name, from the header.
    pub name: String,
    /// One cell per row.
    pub cells: Vec<Cell>,
    /// The different words of this column, in the order met.
    pub words: Vec<String>,
}

/// One cell of a [`Column`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell {
    /// A finite number.
    Number(f64),
    /// Infinity, with its sign.
    Infinite(f64),
    /// A word, as an index into the column's `words`.
    Word(u32),
    /// Nothing, or a marker of nothing (see [`MISSING`]).
    Missing,
}

/// Texts that mean a missing value, compared without regard to case; so does an empty cell.
pub const MISSING: &[&str] = &["", "na", "n/a", "nan", "?", "null", "none"];

impl Table {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |c| c.cells.len())
    }

    /// The names of all columns.
    pub fn names(&self) -> Vec<&str> {
        self.columns.iter().map(|c| c.name.as_str()).collect()
    }

    /// Where a person finds row `row` (counted from 0) in the file.
    pub fn place(&self, row: usize) -> String {
        match &self.places {
            RowPlaces::Numbers => format!("row {}", row + 1),
            RowPlaces::Lines(lines) => format!("row {} (line {})", row + 1, lines[row]),
        }
    }
}

impl Column {
    /// The text of a cell as a person would write it.
    pub fn text(&self, cell: Cell) -> String {
        match cell {
            Cell::Number(number) | Cell::Infinite(number) => number.to_string(),
            Cell::Word(word) => self.words[word as usize].clone(),
            Cell::Missing => "nothing".to_owned(),
        }
    }
}

/// Fills one column cell by cell.
#[derive(Debug, Default)]
pub(super) struct ColumnBuilder {
    column: Column,
    codes: HashMap<String, u32>,
}

impl ColumnBuilder {
    pub(super) fn new(name: String) -> Self {
        Self { column: Column { name, ..Column::default() }, codes: HashMap::new() }
    }

    pub(super) fn finish(self) -> Column {
        self.column
    }

    /// Adds a cell of a text file: a number, a marker of a missing value, or else a word.
    pub(super) fn push_text(&mut self, text: &str) {
        let text = text.trim();
        if MISSING.iter().any(|missing| text.eq_ignore_ascii_case(missing)) {
            return self.push_missing();
        }
        match text.parse::<f64>() {
            Ok(number) => self.push_number(number),
            Err(_) => self.push_word(text),
        }
    }

    pub(super) fn push_number(&mut self, number: f64) {
        self.column.cells.push(if number.is_nan() {
            Cell::Missing
        } else if number.is_infinite() {
            Cell::Infinite(number)
        } else {
            Cell::Number(number)
        });
    }

    pub(super) fn push_word(&mut self, word: &str) {
        let code = if let Some(&code) = self.codes.get(word) {
            code
        } else {
            let code = self.column.words.len() as u32;
            self.codes.insert(word.to_owned(), code);
            self.column.words.push(word.to_owned());
            code
        };
        self.column.cells.push(Cell::Word(code));
    }

    pub(super) fn push_missing(&mut self) {
        self.column.cells.push(Cell::Missing);
    }
}
