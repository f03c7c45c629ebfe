//! `fanin init`.

mod file;
mod onnx;
mod part;
mod module;
mod like;
mod verify;

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use fanin::init::{Chosen, Outline, Rules, Start};
use fanin::report::{Json, terminal};
use fanin::spec::{InitRule, Spec};
use fanin::{Result, import};

use crate::args::{Common, DataArgs, ReadingArgs, SchemeParser, rule};
use crate::output::{self, Exit};
use file::FileArgs;
use module::Module;
use part::PartArgs;

/// Write starting weights to a file, whatever their size
///
/// Names and shapes are those of PyTorch's nn.Sequential; --like jax and tensorflow write weights as
/// (in, out) under these names, flax and keras under their own. Every value is a function of seed,
/// parameter name and index, so another layer, another machine or a share of the whole changes none
/// of the others. Values are made while others are written: memory does not grow with the model.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fanin init \"784 -> 256 relu -> 10\" --scheme he-normal --output start.safetensors
  fanin init \"784 -> 4x256 tanh -> 10\" --scheme orthogonal:1 --rule \"8.weight=zeros\" --explain
  fanin init spec.toml --rule \"role:head=zeros\" --dtype bf16 --max-shard-size 5GB
  fanin init spec.toml --shard 3/64 --output rank-2.safetensors
  fanin init checkpoint.safetensors --scheme normal:0.02 --output new.safetensors
  fanin init \"784 -> 256 relu -> 10\" --like torch --seed 42
  fanin init --verify checkpoint.safetensors
  fanin init model.onnx --scheme orthogonal --output new.onnx
  fanin init model.onnx --rule \"role:head=zeros\" --output new.safetensors
  python: torch_model.load_state_dict(safetensors.torch.load_file(\"start.safetensors\"))")]
pub struct Init {
    /// Network as short text, a .toml or an .onnx file; or names and shapes, as a .toml or .json list or the
    /// header of a .safetensors checkpoint [default: features -> 2x64 relu -> outputs]
    model: Option<String>,
    /// Scheme for all weights [default: he-normal]
    #[arg(long, value_name = "SCHEME", value_parser = SchemeParser, hide_possible_values = true)]
    scheme: Option<String>,
    /// Scheme for all biases [default: what the scheme says of biases]
    #[arg(long, value_name = "SCHEME", value_parser = SchemeParser, hide_possible_values = true)]
    bias: Option<String>,
    /// Scheme for the parameters whose name fits a pattern, or whose role, as in role:head; may be
    /// given several times, the first that fits decides
    #[arg(long = "rule", value_name = "PATTERN=SCHEME", value_parser = rule)]
    rules: Vec<InitRule>,
    /// Library by whose convention fans are computed [default: the exact fans]
    #[arg(long, value_name = "LIBRARY")]
    fans: Option<String>,
    /// Give the bits of another library: its layers' defaults, or its function for --scheme
    #[arg(long, value_name = "LIBRARY", value_parser = PossibleValuesParser::new(fanin::init::like::names()),
          conflicts_with_all = ["rules", "bias", "fans", "explain", "dtype", "max_shard_size", "shard",
                                "ranges", "only"])]
    like: Option<String>,
    /// Write nothing; say which scheme made the weights in this file, and what is wrong with them
    #[arg(long, value_name = "FILE",
          conflicts_with_all = ["like", "scheme", "rules", "bias", "explain", "output"])]
    verify: Option<PathBuf>,
    /// Only say for each parameter what it would get and why; write nothing
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    file: FileArgs,
    #[command(flatten)]
    part: PartArgs,
    #[command(flatten)]
    reading: ReadingArgs,
    #[command(flatten)]
    data: DataArgs,
}

impl Init {
    /// Makes and writes the weights.
    pub fn run(&self, common: &Common) -> Result<Exit> {
        if let Some(file) = &self.verify {
            return verify::run(file, self.model.as_deref(), common);
        }
        let (outline, rules) = self.outline()?;
        let (model, listed) = fanin::outlined(&outline)?;
        let model = model.as_ref();
        if let Some(library) = &self.like {
            let told = outline.is_in_order();
            let order = import::in_module_order(model, listed.parameters, told)?;
            let drawn = like::draw(library, order, self.scheme.as_deref(), common)?;
            return drawn.write(model, &self.file, common);
        }
        if self.file.is_model() && !self.explain {
            return onnx::run(&outline, model, &self.file, common);
        }
        let chosen = Chosen::new(&listed.parameters, &rules)?;
        let seed = common.seed.unwrap_or(0);
        let module = model.filter(|_| !self.file.is_model()).map(Module::of).transpose()?.flatten();
        let shaped = module.as_ref().map_or(&listed.parameters, |module| &module.parameters);
        let asked = self.file.dtype()?;
        let dtype = |index| outline.dtype(index, asked);
        let mut pieces = fanin::init::pieces(shaped, &self.part.selection()?, dtype)?;
        if let Some(module) = &module {
            pieces = module.own(pieces);
        }
        let mut start = Start { guesses: listed.guesses, ..Start::new(&chosen, &pieces)? };
        let named = model.zip(module.as_ref());
        if let Some((model, module)) = named {
            module.tell(&mut start);
            start.notes = Module::notes(model)?;
        }
        if !self.explain {
            let drawn =
                named.map(|(model, module)| module.draw(model, &rules, seed)).transpose()?;
            start.files = self.file.write(common.json, |path, options, progress| match &drawn {
                Some(drawn) => drawn.write(&pieces, path, options, progress),
                None => fanin::init::write(&chosen, &pieces, seed, path, options, progress),
            })?;
        }
        if common.json {
            output::json(&Json::new("init", &start));
        } else if self.explain {
            output::text(&terminal::explain(&start));
        } else {
            output::text(&terminal::written(&start));
        }
        Ok(Exit::Done)
    }

    fn outline(&self) -> Result<(Outline, Rules)> {
        let mut outline = match &self.model {
            Some(model) => Outline::read(model)?,
            None => Outline::Network(Box::default()),
        };
        let mut of_list = Spec::default();
        let spec = match &mut outline {
            Outline::Network(spec) => &mut **spec,
            Outline::Manifest(_) => &mut of_list,
        };
        self.reading.apply(spec);
        self.data.apply(spec)?;
        if let Some(scheme) = &self.scheme {
            spec.init.scheme.clone_from(scheme);
        }
        spec.init.bias = self.bias.clone().or(spec.init.bias.take());
        spec.init.fans = self.fans.clone().or(spec.init.fans.take());
        spec.init.rules.splice(0..0, self.rules.iter().cloned());
        spec.validate()?;
        let rules = (&spec.init_rules()).into();
        Ok((outline, rules))
    }
}
