//! A network as a spec says it: layers, or a file that holds one.

use std::fmt::{self, Display, Formatter};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::layers::SequentialSpec;
use super::model::Model;
use super::sections::InitRule;
use crate::error::{Error, Result};

/// The ending of a file that holds a network.
pub const MODEL_ENDING: &str = "onnx";

/// A network whose sizes may be left to the data, or the file that it is read from.
///
/// ```
/// use std::path::Path;
/// use fanin::spec::ModelSpec;
///
/// let spec: ModelSpec = "features -> 2x64 relu -> outputs".parse()?;
/// assert_eq!(spec.resolve(64, 10)?.to_string(), "64 -> 2x64 relu -> 10");
/// let spec: ModelSpec = "models/resnet18.onnx".parse()?;
/// assert_eq!(spec.file(), Some(Path::new("models/resnet18.onnx")));
/// # Ok::<(), fanin::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum ModelSpec {
    /// Layers one after another.
    Layers(SequentialSpec),
    /// A file, which is read where the network is asked for.
    File(PathBuf),
}

impl Default for ModelSpec {
    /// `features -> 2x64 relu -> outputs`, the network that one meets first.
    fn default() -> Self {
        Self::Layers(SequentialSpec::default())
    }
}

impl ModelSpec {
    /// The file that holds the network, if one is named.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Layers(_) => None,
        }
    }

    /// Whether every size is written down, so that no data are needed to resolve it.
    pub fn is_complete(&self) -> bool {
        match self {
            Self::Layers(layers) => layers.is_complete(),
            Self::File(_) => true,
        }
    }

    /// The network as it stands, for which no data are needed.
    ///
    /// # Errors
    /// As [`SequentialSpec::resolve_alone`], and for a file.
    pub fn resolve_alone(&self) -> Result<Model> {
        self.layers()?.resolve_alone().map(Model::Layers)
    }

    /// The network for data with so many features and so many classes or targets.
    ///
    /// # Errors
    /// As [`SequentialSpec::resolve`], and for a file, which [`fanin::resolve`](crate::resolve)
    /// reads.
    pub fn resolve(&self, features: usize, outputs: usize) -> Result<Model> {
        self.layers()?.resolve(features, outputs).map(Model::Layers)
    }

    /// Whether the short text says all of it: no layer has a scheme of its own.
    pub fn fits_text(&self) -> bool {
        match self {
            Self::Layers(layers) => layers.fits_text(),
            Self::File(_) => true,
        }
    }

    /// The schemes of single layers as rules on the names of their weights.
    pub fn init_rules(&self) -> Vec<InitRule> {
        match self {
            Self::Layers(layers) => layers.init_rules(),
            Self::File(_) => Vec::new(),
        }
    }

    fn layers(&self) -> Result<&SequentialSpec> {
        match self {
            Self::Layers(layers) => Ok(layers),
            Self::File(path) => Err(Error::Setting {
                place: "model".to_owned(),
                found: format!("the file {}", path.display()),
                expected: "layers, as in `features -> 64 relu -> outputs`".to_owned(),
            }),
        }
    }
}

impl From<SequentialSpec> for ModelSpec {
    fn from(layers: SequentialSpec) -> Self {
        Self::Layers(layers)
    }
}

/// Whether a path ends as files of models do, in `.onnx`.
pub fn is_model_file(path: &Path) -> bool {
    path.extension().is_some_and(|end| end.eq_ignore_ascii_case(MODEL_ENDING))
}

impl FromStr for ModelSpec {
    type Err = Error;

    /// A path where the text ends in `.onnx`, layers otherwise.
    fn from_str(text: &str) -> Result<Self> {
        let path = Path::new(text.trim());
        if is_model_file(path) {
            Ok(Self::File(path.to_owned()))
        } else {
            let layers = text.parse().map(Self::Layers);
            layers.map_err(|mistake| if is_path(path) { no_model(path) } else { mistake })
        }
    }
}

/// Whether what is no network looks like a path: `model.pt`, and not `4 -> 8 rleu -> 2`.
fn is_path(path: &Path) -> bool {
    let text = path.to_string_lossy();
    let ending = path.extension().and_then(|ending| ending.to_str());
    let is_ending = ending.is_some_and(|ending| ending.starts_with(|c: char| c.is_alphabetic()));
    !text.contains("->") && is_ending
}

fn no_model(path: &Path) -> Error {
    Error::Setting {
        place: "model".to_owned(),
        found: format!("the path {}", path.display()),
        expected: "a network as short text, as in `784 -> 256 relu -> 10`, or the path of a .toml \
                   or an .onnx file"
            .to_owned(),
    }
}

impl Display for ModelSpec {
    /// The short text, which leaves out the schemes of single layers, or the path.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Layers(layers) => layers.fmt(f),
            Self::File(path) => path.display().fmt(f),
        }
    }
}
