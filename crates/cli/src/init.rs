//! `fanin init`.

use std::path::PathBuf;

use clap::Args;
use fanin::Result;
use fanin::formats::{Existing, write_weights};
use fanin::report::{Json, terminal};
use fanin::spec::{InitRule, Spec};

use crate::args::{Common, DataArgs, spec_of};
use crate::output::{self, Exit};

/// Write starting weights to a file
///
/// Names and shapes are those of PyTorch's nn.Sequential. Every value is a function of seed,
/// parameter name and index, so another layer or another machine changes none of the others.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fanin init \"784 -> 256 relu -> 10\" --scheme he-normal --output start.safetensors
  fanin init \"784 -> 4x256 tanh -> 10\" --scheme orthogonal:1 --rule \"8.weight=zeros\" --explain
  python: torch_model.load_state_dict(safetensors.torch.load_file(\"start.safetensors\"))")]
pub struct Init {
    /// Network as short text or a .toml file [default: features -> 2x64 relu -> outputs]
    model: Option<String>,
    /// Scheme for all weights [default: he-normal]
    #[arg(long, value_name = "SCHEME")]
    scheme: Option<String>,
    /// Scheme for all biases [default: what the scheme says of biases]
    #[arg(long, value_name = "SCHEME")]
    bias: Option<String>,
    /// Scheme for the parameters whose name fits a pattern; may be given several times
    #[arg(long = "rule", value_name = "PATTERN=SCHEME", value_parser = rule)]
    rules: Vec<InitRule>,
    /// File to write, .safetensors or .npz
    #[arg(long, short, value_name = "FILE", default_value = "weights.safetensors")]
    output: PathBuf,
    /// Replace the file if it exists
    #[arg(long)]
    force: bool,
    /// Only say for each parameter what it would get and why; write nothing
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    data: DataArgs,
}

fn rule(text: &str) -> std::result::Result<InitRule, String> {
    let (pattern, scheme) = text.split_once('=').ok_or("expected PATTERN=SCHEME")?;
    Ok(InitRule { pattern: pattern.to_owned(), scheme: scheme.to_owned() })
}

impl Init {
    /// Makes and writes the weights.
    pub fn run(&self, common: &Common) -> Result<Exit> {
        let spec = self.spec()?;
        let model = fanin::resolve_alone(&spec)?;
        let explanations = fanin::explain(&spec, &model)?;
        if self.explain {
            if common.json {
                output::json(&Json::new("init", &explanations));
            } else {
                output::text(&terminal::explain(&explanations));
            }
            return Ok(Exit::Done);
        }
        let weights = fanin::initialize(&spec, &model, common.seed.unwrap_or(0))?;
        let existing = if self.force { Existing::Replace } else { Existing::Keep };
        write_weights(&self.output, &weights, existing)?;
        if common.json {
            output::json(&Json::new("init", &explanations));
        } else {
            output::text(&terminal::written(&weights, &self.output));
        }
        Ok(Exit::Done)
    }

    fn spec(&self) -> Result<Spec> {
        let mut spec = spec_of(self.model.as_deref())?;
        self.data.apply(&mut spec)?;
        if let Some(scheme) = &self.scheme {
            spec.init.scheme.clone_from(scheme);
        }
        spec.init.bias = self.bias.clone().or(spec.init.bias.take());
        spec.init.rules.splice(0..0, self.rules.iter().cloned());
        spec.validate()?;
        Ok(spec)
    }
}
