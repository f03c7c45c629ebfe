//! `fanin init --like`.

use fanin::Result;
use fanin::formats::write_weights;
use fanin::init::{Parameter, like};
use fanin::report::{Json, terminal};
use fanin::spec::{Model, from_framework};
use fanin::weights::Weights;

use super::file::FileArgs;
use crate::args::Common;
use crate::output::{self, Exit};

/// What another library would start with, to the bit.
pub struct Drawn {
    library: &'static dyn like::Library,
    parameters: Vec<Parameter>,
    weights: Weights,
    /// Whether the order is known in which a program makes the layers.
    is_in_order: bool,
}

/// Draws it for parameters in an order that is that of the program, or not.
pub fn draw(
    library: &str,
    (parameters, is_in_order): (Vec<Parameter>, bool),
    scheme: Option<&str>,
    common: &Common,
) -> Result<Drawn> {
    let library = like::find(library)?;
    let weights = library.initialize(&parameters, scheme, common.seed.unwrap_or(0))?;
    Ok(Drawn { library, parameters, weights, is_in_order })
}

impl Drawn {
    /// Writes it, into a copy of the file of `model` where that is asked for, and says so.
    pub fn write(&self, model: Option<&Model>, file: &FileArgs, common: &Common) -> Result<Exit> {
        let Self { library, parameters, weights, is_in_order } = self;
        match model.filter(|_| file.is_model()) {
            Some(model) => {
                let laid = library.laid_as(parameters, weights.clone())?;
                let own = from_framework(&model.parameters()?, laid)?;
                fanin::write_model(model, &own, file.path(), file.existing())?;
            }
            None => write_weights(file.path(), weights, file.existing())?,
        }
        if common.json {
            output::json(&Json::new("like", &library.facts()));
        } else {
            let told = terminal::drawn_like(*library, weights, file.path(), *is_in_order);
            output::text(&told);
        }
        Ok(Exit::Done)
    }
}
