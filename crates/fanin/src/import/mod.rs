//! Models of other frameworks as graphs of the engine: the reading of ONNX.
//!
//! ```text
//! bytes ─► formats::onnx ─► needed nodes ─► one rule per operator ─► Imported
//! ```
//!
//! Every operator of ONNX has its file in `ops`, with the rule by which engine operators express
//! it. A rule whose inputs are all known is computed at once, so constants fold by themselves;
//! shapes are always known, because inputs have theirs. Floating initializers become parameters.
//!
//! ```no_run
//! use fanin::import::{Options, import};
//! let model = import("model.onnx".as_ref(), &Options::default())?;
//! println!("{} parameters, {} steps", model.parameters.len(), model.graph.nodes().len());
//! # Ok::<(), fanin::Error>(())
//! ```

mod options;
mod value;
mod batch;
mod call;
mod lowering;
mod inputs;
mod imported;
mod ops;
mod sharing;
mod joined;
mod identities;
mod needs;
mod walk;
mod feeds;
mod run;
mod residual;
mod layers;
mod indices;
mod integers;
mod bodies;
pub mod roles;
mod describe;
mod copies;
mod network;
mod write_back;
mod module_weights;
mod upstream;

use std::path::Path;

pub use call::Call;
pub use describe::{Description, Line, Socket, Used, describe, describe_layers};
pub use feeds::Arrays;
pub use imported::{Imported, Named, Output, Parameter, Place, Port};
pub use integers::Integers;
pub use lowering::Lowering;
pub use module_weights::{module_weights, read_weights};
pub use network::{
    FileNetwork, file_network, fitting_data, in_module_order, model, require_fit, resolve,
};
pub use ops::{Binds, IMPORTS, Import, Move, Part, Rule, find};
pub use options::{BatchNorm, LIMIT, Noise, Options};
pub use run::{Feeds, Loss, Pass, Run, run};
pub use upstream::{Upstream, upstream};
pub use value::{Content, Value};
pub use walk::Walk;
pub use write_back::{model_file, write_back, write_model};

use crate::Result;
use crate::formats::onnx::{Model, OnnxFile};

/// The model in the file at `path`.
///
/// # Errors
/// As [`OnnxFile::read`], [`OnnxFile::model`] and [`import_model`].
pub fn import(path: &Path, options: &Options) -> Result<Imported> {
    let file = OnnxFile::read(path)?;
    let model = file.model()?;
    import_model(&file, &model, options)
}

/// A model that has been decoded.
///
/// # Errors
/// If an operator is not supported, the length of an axis is open, shapes do not fit, a value is
/// needed that depends on the inputs, or there are more elements than the limit; the message names
/// node, operator and module.
pub fn import_model(file: &OnnxFile, model: &Model<'_>, options: &Options) -> Result<Imported> {
    let restored = identities::restored(model);
    let model = restored.as_ref().unwrap_or(model);
    options.overrides.check(model)?;
    Ok(walk::lower(file, model, options, walk::Begin::Inputs)?.imported)
}
