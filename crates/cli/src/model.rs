//! `fanin model`.

use std::path::Path;

use clap::Args;
use fanin::Result;
use fanin::formats::onnx::OnnxFile;
use fanin::import::roles::Overrides;
use fanin::import::{Description, describe, describe_layers};
use fanin::report::{Json, terminal};
use fanin::spec::Role;

use crate::args::{Common, spec_of};
use crate::output::{self, Exit};

/// Show what is in a model: inputs, operators, every parameter and what it is
///
/// The role of a parameter is told by the operators that take it. Operators that fanin cannot run
/// are told, and everything else all the same. How to export a model: fanin help export.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fanin model model.onnx
  fanin model \"64 -> 3x64 relu -> 10\"
  fanin model model.onnx --freeze \"*.position_ids\" --role \"scale_*=residual-scale\"")]
pub struct Model {
    /// An .onnx file, a network as short text or a .toml file
    #[arg(value_name = "MODEL")]
    network: Option<String>,
    /// Role of the initializers whose name fits a pattern; may be given several times, the last
    /// that fits decides
    #[arg(long = "role", value_name = "PATTERN=ROLE", value_parser = role)]
    roles: Vec<(String, Role)>,
    /// Initializers that are parameters, whatever they look like
    #[arg(long, value_name = "PATTERN")]
    params: Vec<String>,
    /// Initializers that are none
    #[arg(long, value_name = "PATTERN")]
    freeze: Vec<String>,
}

fn role(text: &str) -> std::result::Result<(String, Role), String> {
    let (pattern, name) = text.split_once('=').ok_or("expected PATTERN=ROLE")?;
    let role = Role::ALL.iter().find(|role| role.label() == name);
    let known = || Role::ALL.iter().map(|role| role.label()).collect::<Vec<_>>().join(", ");
    let role = role.ok_or_else(|| format!("no role `{name}`; there are {}", known()))?;
    Ok((pattern.to_owned(), *role))
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
        let overrides = Overrides {
            roles: self.roles.clone(),
            parameters: self.params.clone(),
            frozen: self.freeze.clone(),
        };
        describe(&file, &file.model()?, &overrides)
    }
}
