//! `fanin init --like`.

use fanin::Result;
use fanin::formats::write_weights;
use fanin::init::{Outline, Parameter, like};
use fanin::report::{Json, terminal};

use super::file::FileArgs;
use crate::args::Common;
use crate::output::{self, Exit};

/// Writes what another library would start with, to the bit.
pub fn run(
    library: &str,
    outline: &Outline,
    parameters: &[Parameter],
    scheme: Option<&str>,
    file: &FileArgs,
    common: &Common,
) -> Result<Exit> {
    let library = like::find(library)?;
    let weights = library.initialize(parameters, scheme, common.seed.unwrap_or(0))?;
    match outline {
        Outline::Network(spec) if file.is_model() => {
            fanin::write_model(spec, &weights, file.path(), file.existing())?;
        }
        _ => write_weights(file.path(), &weights, file.existing())?,
    }
    if common.json {
        output::json(&Json::new("like", &library.facts()));
    } else {
        let is_in_order = outline.is_in_order();
        output::text(&terminal::drawn_like(library, &weights, file.path(), is_in_order));
    }
    Ok(Exit::Done)
}
