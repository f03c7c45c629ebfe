//! Models of files as networks that every room can work with.

use std::path::Path;

use crate::error::{Error, Result};
use crate::spec::{Model, ModelSpec};

use super::Options;

/// The network in a file.
///
/// # Errors
/// [`Error::Setting`]: no form of such files is known yet.
pub fn model(path: &Path, _: &Options) -> Result<Model> {
    Err(Error::Setting {
        place: "model".to_owned(),
        found: format!("the file {}", path.display()),
        expected: "layers, as in `features -> 64 relu -> outputs`; files cannot be read yet"
            .to_owned(),
    })
}

/// The network that `spec` says: its layers, as wide as the data ask for, or its file's.
///
/// # Errors
/// As [`ModelSpec::resolve`] and [`model`].
pub fn resolve(spec: &ModelSpec, features: usize, outputs: usize) -> Result<Model> {
    match spec.file() {
        Some(path) => model(path, &Options::default()),
        None => spec.resolve(features, outputs),
    }
}
