//! An answer with the numbers that were just measured.

use serde::Serialize;

use super::figure::Figure;

/// What was asked, the answer, and all that was measured for it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Lesson {
    /// Name of the topic.
    pub topic: &'static str,
    /// The question.
    pub question: &'static str,
    /// The answer in one sentence.
    pub answer: String,
    /// Why, in a few short paragraphs.
    pub reasons: Vec<String>,
    /// What was trained to find out.
    pub setting: String,
    /// The main numbers.
    pub table: Table,
    /// The picture, for every setting of its sliders.
    pub figure: Figure,
    /// What to try next.
    pub next: Vec<Next>,
}

/// A small table, whose rows may end in a bar.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Table {
    /// Names of the columns.
    pub head: Vec<String>,
    /// One text for each column; the first one names the row.
    pub rows: Vec<Vec<String>>,
    /// The last column of each row as a bar, of a length in [0, 1]; none for a row without one.
    pub bars: Vec<Option<f64>>,
    /// How to read it.
    pub note: String,
}

/// A command and what it shows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Next {
    /// The command.
    pub command: String,
    /// What it shows.
    pub shows: String,
}

impl Next {
    /// A command and what it shows.
    pub fn new(command: &str, shows: &str) -> Self {
        Self { command: command.to_owned(), shows: shows.to_owned() }
    }
}
