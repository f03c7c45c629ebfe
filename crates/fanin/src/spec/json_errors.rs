//! Mistakes in a JSON file, with the line, the key, what was found and what was expected.

use std::path::Path;

use super::mistake::Mistake;
use super::toml_errors::{line, translate};
use crate::error::Error;

/// The error for a text that is not JSON, or not of the shape that was asked for.
pub(crate) fn explain(error: &serde_json::Error, text: &str, path: &Path) -> Error {
    let before = text.split_inclusive('\n').take(error.line().saturating_sub(1));
    let byte = before.map(str::len).sum::<usize>() + error.column().saturating_sub(1);
    let entries = entries(text);
    let key = entries.iter().take_while(|entry| entry.start <= byte).last();
    let mut place = format!("line {}", error.line());
    if let Some(key) = key.filter(|key| !key.path.is_empty()) {
        place = format!("{place}, key `{}`", key.path);
    }
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or(&message);
    let Mistake { found, expected } = translate(message, "");
    let expected = if expected == "TOML" { "JSON".to_owned() } else { expected };
    Error::malformed(path, place, found, expected)
}

/// The same mistake with the file and, as far as its key stands there, the line.
pub(crate) fn locate(mistake: Error, text: &str, path: &Path) -> Error {
    let key = match &mistake {
        Error::Setting { place, .. } => place.clone(),
        _ => String::new(),
    };
    let entries = entries(text);
    let mut prefix = Some(key.as_str()).filter(|key| !key.is_empty());
    let mut found = None;
    while let (Some(path), None) = (prefix, &found) {
        found = entries.iter().find(|entry| entry.path == path);
        prefix = path.rfind(['.', '[']).map(|end| &path[..end]);
    }
    let file = path.display();
    let place = match found {
        Some(entry) => format!("{file}: line {}", line(text, entry.start)),
        None => file.to_string(),
    };
    Error::Within { place, mistake: Box::new(mistake) }
}

/// A value of the file, its key written as `parameters[0].shape`, and where it begins.
struct Entry {
    path: String,
    start: usize,
}

/// What stands open around a byte.
enum Open {
    Object { key: String, awaits_key: bool },
    Array { index: usize },
}

/// All values of a text that is JSON, or is so up to a mistake.
fn entries(text: &str) -> Vec<Entry> {
    let bytes = text.as_bytes();
    let mut entries = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    let mut next = 0;
    while let Some(&byte) = bytes.get(next) {
        let start = next;
        next += 1;
        match (byte, open.last_mut()) {
            (b'"', top) => {
                next = end_of_string(bytes, next);
                match top {
                    Some(Open::Object { key, awaits_key: true }) => {
                        let inside = start + 1..next.saturating_sub(1).max(start + 1);
                        text.get(inside).unwrap_or_default().clone_into(key);
                    }
                    _ => entries.push(Entry { path: path(&open), start }),
                }
            }
            (b'{' | b'[', _) => {
                entries.push(Entry { path: path(&open), start });
                open.push(match byte {
                    b'{' => Open::Object { key: String::new(), awaits_key: true },
                    _ => Open::Array { index: 0 },
                });
            }
            (b'}' | b']', _) => {
                open.pop();
            }
            (b',', Some(Open::Array { index })) => *index += 1,
            (b',', Some(Open::Object { awaits_key, .. })) => *awaits_key = true,
            (b':', Some(Open::Object { awaits_key, .. })) => *awaits_key = false,
            (byte, _) if byte.is_ascii_whitespace() => {}
            _ => {
                let is_end = |byte: &u8| b",]} \t\r\n".contains(byte);
                let length = bytes[next..].iter().position(is_end).unwrap_or(bytes.len() - next);
                next += length;
                entries.push(Entry { path: path(&open), start });
            }
        }
    }
    entries
}

fn end_of_string(bytes: &[u8], mut next: usize) -> usize {
    while let Some(&byte) = bytes.get(next) {
        next += if byte == b'\\' { 2 } else { 1 };
        if byte == b'"' {
            break;
        }
    }
    next.min(bytes.len())
}

fn path(open: &[Open]) -> String {
    let mut path = String::new();
    for step in open {
        match step {
            Open::Object { key, .. } if path.is_empty() => path.push_str(key),
            Open::Object { key, .. } => path.extend([".", key]),
            Open::Array { index } => path.extend(["[", &index.to_string(), "]"]),
        }
    }
    path
}
