//! Mistakes in a TOML file, with the line, the key, what was found and what was expected.

use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::mistake::{Mistake, suggestion};
use crate::error::Error;

/// The error for a text that is not TOML, or not of the shape that was asked for.
pub(crate) fn explain(error: &toml::de::Error, text: &str, path: &Path) -> Error {
    let span = error.span().unwrap_or(0..0);
    let key = entries(text).into_iter().filter(|entry| entry.covers(span.start));
    let key = key.max_by_key(|entry| entry.path.len()).map(|entry| entry.path);
    let mut place = format!("line {}", line(text, span.start));
    if let Some(key) = key {
        place = format!("{place}, key `{key}`");
    }
    let Mistake { found, expected } = translate(error.message(), &text[span]);
    Error::Malformed { path: path.to_owned(), place, found, expected }
}

/// The same mistake with the file and, as far as its key stands there, the line.
pub(crate) fn locate(mistake: Error, text: &str, path: &Path) -> Error {
    let key = match &mistake {
        Error::Grammar { what, .. } => (*what).to_owned(),
        Error::Setting { place, .. } => place.clone(),
        _ => String::new(),
    };
    let entries = entries(text);
    let mut prefix = Some(key.as_str());
    let mut found = None;
    while let (Some(path), None) = (prefix, &found) {
        found = entries.iter().find(|entry| entry.path == path);
        prefix = path.rfind(['.', '[']).map(|end| &path[..end]);
    }
    let file = path.display();
    let place = match found {
        Some(entry) => format!("{file}: line {}", line(text, entry.key.start)),
        None => file.to_string(),
    };
    Error::Within { place, mistake: Box::new(mistake) }
}

pub(super) fn line(text: &str, byte: usize) -> usize {
    1 + text.bytes().take(byte).filter(|&byte| byte == b'\n').count()
}

/// A key of the file, written as `init.rules[0].pattern`, and where it and its value stand.
struct Entry {
    path: String,
    key: Range<usize>,
    value: Range<usize>,
}

impl Entry {
    fn covers(&self, byte: usize) -> bool {
        self.key.contains(&byte) || self.value.contains(&byte)
    }
}

/// All keys of a text; none if it is not TOML.
fn entries(text: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    if let Ok(table) = DeTable::parse(text) {
        list_table(table.get_ref(), "", &mut entries);
    }
    entries
}

fn list_table(table: &DeTable, prefix: &str, entries: &mut Vec<Entry>) {
    for (key, value) in table {
        list_value(value, format!("{prefix}{}", key.get_ref()), key.span(), entries);
    }
}

fn list_value(value: &Spanned<DeValue>, path: String, key: Range<usize>, entries: &mut Vec<Entry>) {
    match value.get_ref() {
        DeValue::Table(table) => list_table(table, &format!("{path}."), entries),
        DeValue::Array(array) => {
            for (index, item) in array.iter().enumerate() {
                list_value(item, format!("{path}[{index}]"), item.span(), entries);
            }
        }
        _ => {}
    }
    entries.push(Entry { path, key, value: value.span() });
}

/// The reader's message in the project's words.
pub(super) fn translate(message: &str, at: &str) -> Mistake {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let (name, known) = quoted.split_first().unwrap_or((&"", &[]));
    let one_of = || format!("one of {}{}", known.join(", "), suggestion(name, known));
    if message.starts_with("unknown field") {
        return Mistake::new("an unknown key", one_of());
    }
    if message.starts_with("unknown variant") {
        return Mistake::new(format!("`{name}`"), one_of());
    }
    if message.starts_with("missing field") {
        return Mistake::new(format!("no key `{name}`"), "it among the keys of this table");
    }
    if message == "duplicate key" {
        return Mistake::new(format!("the key `{}` again", at.trim()), "each key once");
    }
    let message = message.strip_prefix("invalid type: ").unwrap_or(message);
    let message = message.strip_prefix("invalid value: ").unwrap_or(message);
    let (found, expected) = message.split_once(", expected ").unwrap_or((message, "TOML"));
    let found = found.strip_suffix(" as i128").unwrap_or(found);
    let expected = match expected {
        "f64" => "a number",
        "usize" | "u64" => "a whole number of at least 0",
        "a boolean" => "true or false",
        "a string" => "a text in quotes",
        "a sequence" => "a list",
        struct_name if struct_name.starts_with("struct ") => "a table",
        other => other,
    };
    Mistake::new(found, expected)
}
