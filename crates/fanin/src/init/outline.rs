//! What names the parameters to initialize: a network, a list, or a checkpoint's header.

use std::fs;
use std::path::Path;

use super::manifest::Manifest;
use crate::error::{Error, Result};
use crate::formats::Dtype;
use crate::spec::Spec;

/// What names the parameters to initialize.
#[derive(Clone, Debug)]
pub enum Outline {
    /// A network described layer by layer.
    Network(Box<Spec>),
    /// Names and shapes.
    Manifest(Box<Manifest>),
}

impl Outline {
    /// What `model` names: a `.safetensors` file or its `.index.json`, of which only the header is
    /// read; a `.json` or `.toml` list; a `.toml` spec; else a network as short text.
    ///
    /// # Errors
    /// As for [`Manifest::read`] and [`Spec::read`], and for a text that is no network.
    ///
    /// ```
    /// use fanin::init::Outline;
    /// assert!(matches!(Outline::read("4 -> 8 relu -> 2")?, Outline::Network(_)));
    /// assert!(Outline::read("no-such-file.safetensors").is_err());
    /// # Ok::<(), fanin::Error>(())
    /// ```
    pub fn read(model: &str) -> Result<Self> {
        let path = Path::new(model);
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        match ending.as_deref() {
            Some("safetensors" | "json") => Ok(Self::Manifest(Box::new(Manifest::read(path)?))),
            Some("toml") if is_list(path) => Ok(Self::Manifest(Box::new(Manifest::read(path)?))),
            Some("toml") => Ok(Self::Network(Box::new(Spec::read(path)?))),
            _ => Ok(Self::Network(Box::new(Spec { model: model.parse()?, ..Spec::default() }))),
        }
    }

    /// Whether it says in which order a program makes the parameters; a checkpoint's header is
    /// sorted.
    pub fn is_in_order(&self) -> bool {
        match self {
            Self::Network(_) => true,
            Self::Manifest(manifest) => manifest.is_in_order(),
        }
    }

    /// The type of elements in which tensor `index` is written: `asked`, or else the tensor's own,
    /// or else `f32`. Whole numbers stay whole numbers.
    ///
    /// # Errors
    /// [`Error::Setting`] if it has a type of its own in which no starting weights are written, and
    /// none is asked for.
    pub fn dtype(&self, index: usize, asked: Option<Dtype>) -> Result<Dtype> {
        let Self::Manifest(manifest) = self else { return Ok(asked.unwrap_or_default()) };
        let Some(entry) = manifest.entries.get(index) else { return Ok(asked.unwrap_or_default()) };
        let own = entry.dtype.as_ref().map(|name| name.parse::<Dtype>());
        match (own, asked) {
            (Some(Ok(Dtype::I64)), _) => Ok(Dtype::I64),
            (_, Some(asked)) => Ok(asked),
            (Some(Err(_)), None) => Err(Error::Setting {
                place: format!("tensor `{}`", entry.name),
                found: format!("elements of type {}", entry.dtype.as_deref().unwrap_or_default()),
                expected: format!("one of {}, or --dtype to choose", Dtype::FLOATING.join(", ")),
            }),
            (Some(Ok(own)), None) => Ok(own),
            (None, None) => Ok(Dtype::default()),
        }
    }
}

/// Whether a TOML file lists tensors; what cannot be read is left to the reader of specs to tell.
fn is_list(path: &Path) -> bool {
    let Some(table) =
        fs::read_to_string(path).ok().and_then(|text| text.parse::<toml::Table>().ok())
    else {
        return false;
    };
    let are_sizes = |value: &toml::Value| {
        value.as_array().is_some_and(|sizes| sizes.iter().all(toml::Value::is_integer))
    };
    table.contains_key("parameters") || (!table.is_empty() && table.values().all(are_sizes))
}
