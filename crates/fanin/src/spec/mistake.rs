//! A mistake in a network, before it is known whether a text or a table is to blame.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::error::{Error, nearest};

/// What was found and what was expected.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Mistake {
    pub found: String,
    pub expected: String,
}

impl Mistake {
    pub fn new(found: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { found: found.into(), expected: expected.into() }
    }
}

/// A mistake at one key of one layer; an empty path stands for the network itself.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Misfit {
    /// Position of the layer, then that of the layer in its group, and so on.
    pub path: Vec<usize>,
    /// The key of the table, which in the text is a word or number.
    pub key: &'static str,
    pub mistake: Mistake,
}

impl Misfit {
    pub fn new(path: &[usize], key: &'static str, mistake: Mistake) -> Self {
        Self { path: path.to_vec(), key, mistake }
    }

    /// The error for a network written as tables.
    pub fn in_tables(self) -> Error {
        let mut steps: Vec<String> = self.path.iter().map(|i| format!("layers[{i}]")).collect();
        match self.key {
            "" if steps.is_empty() => steps.push("layers".to_owned()),
            "" => {}
            key => steps.push(key.to_owned()),
        }
        let place = steps.join(".");
        let Mistake { found, expected } = self.mistake;
        Error::Setting { place, found, expected }
    }

    /// The error for a network written as text, with a caret under the place.
    pub fn in_text(self, text: &str, spans: &Spans) -> Error {
        let span = spans.of(&self.path, self.key);
        grammar(text, span, &self.mistake)
    }
}

/// Where in a text the keys of its layers stand.
#[derive(Clone, Debug, Default)]
pub(super) struct Spans(BTreeMap<(Vec<usize>, &'static str), Range<usize>>);

impl Spans {
    /// Notes where `key` of the layer at `path` stands; the key `""` is the layer as a whole.
    pub fn note(&mut self, path: &[usize], key: &'static str, span: Range<usize>) {
        self.0.insert((path.to_vec(), key), span);
    }

    fn of(&self, path: &[usize], key: &'static str) -> Range<usize> {
        let place = |key| self.0.get(&(path.to_vec(), key));
        place(key).or_else(|| place("")).cloned().unwrap_or(0..0)
    }
}

/// A grammar error of a model's text.
pub(super) fn grammar(text: &str, span: Range<usize>, mistake: &Mistake) -> Error {
    Error::Grammar {
        what: "model",
        text: text.to_owned(),
        start: span.start,
        end: span.end,
        expected: format!("found {}, expected {}", mistake.found, mistake.expected),
    }
}

/// `; did you mean `x`?` if a known name is near, otherwise nothing.
pub(super) fn suggestion(name: &str, known: &[impl AsRef<str>]) -> String {
    let known: Vec<String> = known.iter().map(|k| k.as_ref().to_owned()).collect();
    nearest(name, &known).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
}
