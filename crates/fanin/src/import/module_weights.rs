//! Weights under the names and in the layout of the module that a file was exported from.

use std::path::Path;

use crate::error::Result;
use crate::formats;
use crate::spec::{self, Model};
use crate::weights::Weights;

/// `weights` of `model` under the names and in the layout of the module that its file was exported
/// from, as far as the file tells of it, for files that the framework loads. A table that is the last
/// matrix too is one tensor there, that of the last matrix.
///
/// # Errors
/// As [`Model::parameters`].
///
/// ```
/// let model = "4 -> 8 relu -> 2".parse()?;
/// let weights = fanin::init::for_model(&model, &fanin::init::Rules::new("he-normal"), 0)?;
/// assert_eq!(fanin::import::module_weights(&model, &weights)?, weights);
/// # Ok::<(), fanin::Error>(())
/// ```
pub fn module_weights(model: &Model, weights: &Weights) -> Result<Weights> {
    spec::to_framework(&model.parameters()?, weights)
}

/// The weights in the file at `path`, under the names of `model`'s parameters, or under those of the
/// module that its file was exported from, as [`module_weights`] gives them.
///
/// # Errors
/// As [`formats::read_weights`] and [`Model::parameters`].
///
/// ```no_run
/// let model = "4 -> 8 relu -> 2".parse()?;
/// let weights = fanin::import::read_weights(&model, "start.safetensors".as_ref())?;
/// println!("{} elements", weights.elements());
/// # Ok::<(), fanin::Error>(())
/// ```
pub fn read_weights(model: &Model, path: &Path) -> Result<Weights> {
    spec::from_framework(&model.parameters()?, formats::read_weights(path)?)
}
