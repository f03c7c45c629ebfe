//! `fanin check`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use fanin::Result;
use fanin::check::Severity;
use fanin::report::{Json, terminal};

use crate::args::{Common, DataArgs, TrainArgs, spec_of};
use crate::output::{self, Exit};

/// Judge a network's starting weights before the first step
///
/// Shows every layer's activations and gradients, the units that can ever differ, what is wrong,
/// and a forecast. Ends with 1 if there are findings at or above --fail-on.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fanin check                                           the default network on digits
  fanin check \"features -> 10x64 relu -> outputs\" --scheme torch-default
  fanin check \"64 -> 2x64 relu -> 10\" --weights weights.safetensors")]
pub struct Check {
    /// Network as short text or a .toml file [default: features -> 2x64 relu -> outputs]
    model: Option<String>,
    /// Scheme to start from [default: he-normal]
    #[arg(long, value_name = "SCHEME")]
    scheme: Option<String>,
    /// File of weights to judge, .safetensors or .npz
    #[arg(long, value_name = "FILE", conflicts_with = "scheme")]
    weights: Option<PathBuf>,
    /// Draws of the weights to measure, from --seed on
    #[arg(long, value_name = "N", default_value = "5", conflicts_with = "weights")]
    seeds: std::num::NonZero<u64>,
    /// Severity of findings that makes the command end with 1
    #[arg(long, value_name = "SEVERITY", default_value = "fail")]
    fail_on: FailOn,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    training: TrainArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FailOn {
    Warn,
    Fail,
}

impl Check {
    /// Measures and judges.
    pub fn run(&self, common: &Common) -> Result<Exit> {
        let mut spec = spec_of(self.model.as_deref())?;
        if let Some(scheme) = &self.scheme {
            spec.init.scheme.clone_from(scheme);
        }
        self.data.apply(&mut spec)?;
        self.training.apply(&mut spec)?;
        let data = fanin::load(&spec)?;
        let model = fanin::resolve(&spec, &data)?;
        let (start, diagnosis) = if let Some(path) = &self.weights {
            let weights = fanin::formats::read_weights(path)?;
            (path.display().to_string(), fanin::check(&spec, &model, &weights, &data)?)
        } else {
            let first = common.seed.unwrap_or(0);
            let seeds: Vec<u64> = (0..self.seeds.get()).map(|n| first.wrapping_add(n)).collect();
            (spec.init.scheme.clone(), fanin::check_scheme(&spec, &model, &data, &seeds)?)
        };
        if common.json {
            output::json(&Json::new("check", &diagnosis));
        } else {
            output::text(&terminal::check(&model.to_string(), &start, &diagnosis));
        }
        let limit = match self.fail_on {
            FailOn::Warn => Severity::Warn,
            FailOn::Fail => Severity::Fail,
        };
        let fails = diagnosis.severity().is_some_and(|severity| severity >= limit);
        Ok(if fails { Exit::Findings } else { Exit::Done })
    }
}
