//! `fanin model`.

use std::path::Path;

use clap::Args;
use fanin::Result;
use fanin::formats::onnx::OnnxFile;
use fanin::import::{Description, describe, describe_layers};
use fanin::report::{Json, terminal};

use crate::args::{Common, ModelArgs, spec_of};
use crate::output::{self, Exit};

/// Show what is in a model: inputs, operators, every parameter and what it is
///
/// The role of a parameter is told by the operators that take it. Operators that fanin cannot run
/// are told, and everything else all the same. How to export a model: fanin help export.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fanin model model.onnx
  fanin model \"64 -> 3x64 relu -> 10\"
  fanin model model.onnx --output-name features           # the part that this value needs
  fanin model model.onnx --freeze \"*.position_ids\" --role \"scale_*=residual-scale\"")]
pub struct Model {
    /// An .onnx file, a network as short text or a .toml file
    #[arg(value_name = "MODEL")]
    network: Option<String>,
    #[command(flatten)]
    reading: ModelArgs,
}

impl Model {
    /// Reads the model and tells what is in it.
    pub fn run(&self, common: &Common) -> Result<Exit> {
        let description = self.describe()?;
        if common.json {
            output::json(&Json::new("model", &description));
        } else {
            output::text(&terminal::model(&description));
        }
        Ok(Exit::Done)
    }

    fn describe(&self) -> Result<Description> {
        let path = self.network.as_deref().map(Path::new);
        let Some(path) = path.filter(|path| path.extension().is_some_and(|end| end == "onnx"))
        else {
            let model = fanin::resolve_alone(&spec_of(self.network.as_deref())?)?;
            return Ok(describe_layers(&fanin::init::parameters(&model)?));
        };
        let file = OnnxFile::read(path)?;
        describe(&file, &file.model()?, &self.reading.options())
    }
}
