//! `fanin init` into a copy of an ONNX model.

use fanin::init::Outline;
use fanin::report::{Json, terminal};
use fanin::spec::Model;
use fanin::{Error, Result};

use super::file::FileArgs;
use crate::args::Common;
use crate::output::{self, Exit};

/// Writes a copy of the model that `outline` names, with new weights.
pub fn run(
    outline: &Outline,
    model: Option<&Model>,
    file: &FileArgs,
    common: &Common,
) -> Result<Exit> {
    let (spec, source) = match outline {
        Outline::Network(spec) => (Some(spec), spec.model.file()),
        Outline::Manifest(_) => (None, None),
    };
    let (Some(spec), Some(source), Some(model)) = (spec, source, model) else {
        return Err(Error::Setting {
            place: "--output".to_owned(),
            found: file.path().display().to_string(),
            expected: "an .onnx model to copy as first argument; or .safetensors or .npz"
                .to_owned(),
        });
    };
    fanin::formats::check_target(file.path(), file.existing())?;
    let weights = fanin::initialize(spec, model, common.seed.unwrap_or(0))?;
    fanin::write_model(model, &weights, file.path(), file.existing())?;
    if common.json {
        output::json(&Json::new("init", &file.path()));
    } else {
        output::text(&terminal::copied(source, file.path(), &weights));
    }
    Ok(Exit::Done)
}
