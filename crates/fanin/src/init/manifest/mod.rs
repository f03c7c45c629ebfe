//! Parameters of any model, from a list of names and shapes or from a checkpoint's header.
//!
//! ```text
//! list (TOML, JSON) ─┐
//!                    ├─► Manifest ─► parameters, and what was guessed of them
//! header ────────────┘
//! ```
//!
//! What an entry does not say is read from its name, by the conventions of [`NAMINGS`], then from
//! its rank; whatever came from the rank alone is told as a [`Guess`].

mod entry;
mod file;
mod names;
mod blocks;
mod roles;
mod axes;
mod packing;
mod parameters;

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use fanin_engine::Shape;

use super::Parameter;
use crate::error::{Error, Result};
use crate::formats::read_header;
use crate::spec::{json_errors, toml_errors};

pub use entry::{Entry, Settings};
pub use names::{Kind, Layout, Line, Meaning, NAMINGS, Naming, Packed, Reading, read};

/// The tensors of a model by name and shape, with whatever else is known of them.
///
/// ```
/// use std::path::Path;
/// use fanin::init::{Role, manifest::Manifest};
/// let text = r#"{"fc.weight": [10, 64], "fc.bias": [10], "scale": [64]}"#;
/// let listed = Manifest::from_json(text, Path::new("model.json"))?.parameters()?;
/// assert_eq!(listed.parameters[1].role, Role::Bias);
/// assert_eq!(listed.parameters[1].fan_in, 64);
/// # Ok::<(), fanin::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Manifest {
    /// What holds for the whole model.
    pub settings: Settings,
    /// The tensors, in order.
    pub entries: Vec<Entry>,
    source: Source,
}

/// Where a manifest comes from, for messages.
#[derive(Clone, Debug, Default, PartialEq)]
enum Source {
    #[default]
    Memory,
    Toml(PathBuf, String),
    Json(PathBuf, String),
    Header(PathBuf),
}

/// The parameters of a model, and what had to be guessed of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listed {
    /// The parameters, in the order of the entries.
    pub parameters: Vec<Parameter>,
    /// What neither the entries nor their names say.
    pub guesses: Vec<Guess>,
}

/// Something that neither an entry nor its name says.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Guess {
    /// The tensor.
    pub name: String,
    /// As what it was taken, why, and how to say otherwise.
    pub taken_as: String,
}

impl Manifest {
    /// A manifest of these entries.
    ///
    /// # Errors
    /// [`Error::Setting`] with the entry and its key for names that are empty or occur twice,
    /// sizes of 0, more than 8 axes, and more elements than any machine holds.
    pub fn new(settings: Settings, entries: Vec<Entry>) -> Result<Self> {
        Self { settings, entries, source: Source::Memory }.checked()
    }

    /// Reads a .toml or .json list, or the header of a .safetensors file or of its shards.
    ///
    /// # Errors
    /// As for [`Self::from_toml`], [`Self::from_json`] and [`Self::from_header`]; [`Error::Setting`]
    /// if the file's ending is none of these.
    pub fn read(path: &Path) -> Result<Self> {
        let name = path.file_name().map(|n| n.to_string_lossy().to_lowercase()).unwrap_or_default();
        let text = || fs::read_to_string(path).map_err(Error::io("read", path));
        match name.rsplit_once('.').map(|(_, ending)| ending) {
            _ if name.ends_with(".safetensors.index.json") => Self::from_header(path),
            Some("safetensors") => Self::from_header(path),
            Some("toml") => Self::from_toml(&text()?, path),
            Some("json") => Self::from_json(&text()?, path),
            _ => Err(Error::Setting {
                place: path.display().to_string(),
                found: "a file name whose ending tells no list of parameters".to_owned(),
                expected: ".toml, .json, .safetensors or .safetensors.index.json".to_owned(),
            }),
        }
    }

    /// Reads a list in TOML; `path` is only named in errors.
    ///
    /// Either `[[parameters]]` tables, each with `name`, `shape` and any other key of [`Entry`],
    /// after the keys of [`Settings`]; or `"name" = [shape]` lines, alone or under `[parameters]`.
    ///
    /// # Errors
    /// [`Error::Malformed`] with line and key for what is no such list, [`Error::Within`] with the
    /// line and what [`Self::new`] says.
    pub fn from_toml(text: &str, path: &Path) -> Result<Self> {
        let explain = |error: &toml::de::Error| toml_errors::explain(error, text, path);
        let (settings, entries) = file::from_toml(text).map_err(|error| explain(&error))?;
        Self { settings, entries, source: Source::Toml(path.to_owned(), text.to_owned()) }.checked()
    }

    /// Reads a list in JSON: the same keys as in TOML, or an array of entries.
    ///
    /// # Errors
    /// As for [`Self::from_toml`].
    pub fn from_json(text: &str, path: &Path) -> Result<Self> {
        let explain = |error: &serde_json::Error| json_errors::explain(error, text, path);
        let (settings, entries) = file::from_json(text).map_err(|error| explain(&error))?;
        Self { settings, entries, source: Source::Json(path.to_owned(), text.to_owned()) }.checked()
    }

    /// The tensors of a checkpoint, by its header alone; no tensor is read.
    ///
    /// # Errors
    /// As for [`read_header`] and [`Self::new`].
    pub fn from_header(path: &Path) -> Result<Self> {
        let entry = |entry: crate::formats::HeaderEntry| Entry {
            dtype: Some(entry.element),
            ..Entry::new(&entry.name, entry.shape)
        };
        let entries = read_header(path)?.into_iter().map(entry).collect();
        let source = Source::Header(path.to_owned());
        Self { settings: Settings::default(), entries, source }.checked()
    }

    /// What the entries are: roles, axes, fans, packing and place of each.
    ///
    /// # Errors
    /// [`Error::Setting`] with the entry and its key if what it says does not fit its shape.
    pub fn parameters(&self) -> Result<Listed> {
        parameters::list(self).map_err(|mistake| self.locate(mistake))
    }

    /// Whether the order of the entries says in which order the signal passes them.
    pub(super) fn is_in_order(&self) -> bool {
        !matches!(self.source, Source::Header(_))
    }

    fn checked(self) -> Result<Self> {
        match self.check() {
            Ok(()) => Ok(self),
            Err(mistake) => Err(self.locate(mistake)),
        }
    }

    fn check(&self) -> Result<()> {
        if let Some(text) = self.settings.activation.as_deref().filter(|text| !is_known(text)) {
            let (place, found) = ("activation".to_owned(), format!("`{text}`"));
            return Err(Error::Setting { place, found, expected: ACTIVATION.to_owned() });
        }
        let Settings { layers, width, heads, .. } = self.settings;
        for (key, size) in [("layers", layers), ("width", width), ("heads", heads)] {
            if let Some(size) = size.filter(|size| !(1..=LARGEST_SETTING).contains(size)) {
                let expected = format!("1 to {LARGEST_SETTING}");
                return Err(Error::Setting {
                    place: key.to_owned(),
                    found: size.to_string(),
                    expected,
                });
            }
        }
        let mut seen = HashSet::new();
        for (index, entry) in self.entries.iter().enumerate() {
            let name = &entry.name;
            if name.trim().is_empty() {
                return Err(self.unfit(index, "name", "no text", "a name"));
            }
            if !seen.insert(name) {
                let found = format!("a second tensor called `{name}`");
                return Err(self.unfit(index, "name", found, "each name once"));
            }
            if let Some(text) = entry.activation.as_deref().filter(|text| !is_known(text)) {
                let found = format!("`{text}` for `{name}`");
                return Err(self.unfit(index, "activation", found, ACTIVATION));
            }
            let shape = Shape::new(entry.shape.clone());
            if shape.checked_elements(name).is_err() {
                let found = format!("shape {shape} of `{name}`");
                let expected = "at most 8 axes and 2^40 elements";
                return Err(self.unfit(index, "shape", found, expected));
            }
            if entry.shape.contains(&0) {
                let found = format!("shape {shape} of `{name}`");
                return Err(self.unfit(index, "shape", found, "at least 1 along every axis"));
            }
        }
        Ok(())
    }

    /// An error at a key of an entry.
    fn unfit(
        &self,
        index: usize,
        key: &str,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> Error {
        let place = match &self.source {
            Source::Header(_) => format!("tensor `{}`", self.entries[index].name),
            _ => format!("{}.{key}", self.entries[index].place(index)),
        };
        Error::Setting { place, found: found.into(), expected: expected.into() }
    }

    fn locate(&self, mistake: Error) -> Error {
        match &self.source {
            Source::Memory => mistake,
            Source::Toml(path, text) => toml_errors::locate(mistake, text, path),
            Source::Json(path, text) => json_errors::locate(mistake, text, path),
            Source::Header(path) => {
                let place = path.display().to_string();
                Error::Within { place, mistake: Box::new(mistake) }
            }
        }
    }
}

/// More blocks, heads or channels than any network has, and far below overflow.
const LARGEST_SETTING: usize = 1 << 24;

const ACTIVATION: &str = "an activation, as `relu` or `leaky_relu:0.2`";

fn is_known(activation: &str) -> bool {
    fanin_engine::activations::find(activation).is_some()
}
