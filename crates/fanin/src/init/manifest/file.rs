//! The forms in which a list of parameters is written.

use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Entry, Layout, Settings};
use crate::init::Stack;

/// The key of the entries; a text without it is a map from names to shapes.
const PARAMETERS: &str = "parameters";

/// A list with its settings.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whole {
    layout: Option<Layout>,
    layers: Option<usize>,
    width: Option<usize>,
    heads: Option<usize>,
    stack: Option<Stack>,
    activation: Option<String>,
    parameters: Entries,
}

impl Whole {
    fn split(self) -> (Settings, Vec<Entry>) {
        let Self { layout, layers, width, heads, stack, activation, parameters } = self;
        let mut entries = parameters.0;
        for entry in &mut entries {
            entry.key = entry.key.take().map(|key| format!("{PARAMETERS}.{key}"));
        }
        (Settings { layout, layers, width, heads, stack, activation }, entries)
    }
}

/// What a text in TOML says.
pub(super) fn from_toml(text: &str) -> Result<(Settings, Vec<Entry>), toml::de::Error> {
    let Keys(keys) = toml::from_str(text)?;
    if keys.iter().any(|key| key == PARAMETERS) {
        let mut whole: Whole = toml::from_str(text)?;
        sort_as_written(&mut whole.parameters.0, text, Some(PARAMETERS));
        return Ok(whole.split());
    }
    let mut entries: Entries = toml::from_str(text)?;
    sort_as_written(&mut entries.0, text, None);
    Ok((Settings::default(), entries.0))
}

/// The reader gives the keys of a table in alphabetical order; this is the order of the text.
fn sort_as_written(entries: &mut [Entry], text: &str, table: Option<&str>) {
    let Ok(root) = DeTable::parse(text) else { return };
    let inner = table.and_then(|name| root.get_ref().get(name)).map(Spanned::get_ref);
    let keys = match inner {
        None => root.get_ref(),
        Some(DeValue::Table(keys)) => keys,
        Some(_) => return,
    };
    let starts: HashMap<&str, usize> =
        keys.keys().map(|key| (key.get_ref().as_ref(), key.span().start)).collect();
    entries.sort_by_key(|entry| starts.get(entry.name.as_str()).copied());
}

/// What a text in JSON says.
pub(super) fn from_json(text: &str) -> Result<(Settings, Vec<Entry>), serde_json::Error> {
    if text.trim_start().starts_with('{') {
        let Keys(keys) = serde_json::from_str(text)?;
        if keys.iter().any(|key| key == PARAMETERS) {
            return serde_json::from_str::<Whole>(text).map(Whole::split);
        }
    }
    serde_json::from_str::<Entries>(text).map(|entries| (Settings::default(), entries.0))
}

/// The keys of a map, in order.
struct Keys(Vec<String>);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(KeysVisitor)
    }
}

struct KeysVisitor;

impl<'de> Visitor<'de> for KeysVisitor {
    type Value = Keys;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`parameters`, or names with shapes")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
        let mut keys = Vec::new();
        while let Some((key, _)) = map.next_entry::<String, IgnoredAny>()? {
            keys.push(key);
        }
        Ok(Keys(keys))
    }
}

/// Entries as an array of tables or as a map from names to shapes.
struct Entries(Vec<Entry>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of parameters, or names with shapes")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Entries, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = sequence.next_element()? {
            entries.push(entry);
        }
        Ok(Entries(entries))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
        let mut entries = Vec::new();
        while let Some((name, shape)) = map.next_entry::<String, Vec<usize>>()? {
            entries.push(Entry { key: Some(name.clone()), ..Entry::new(&name, shape) });
        }
        Ok(Entries(entries))
    }
}
