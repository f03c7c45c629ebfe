//! `fanin check`.

mod start;
mod unused;
mod pages;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use fanin::Result;
use fanin::check::gate;
use fanin::report::{self, Asked, Checked, Json, terminal};
use fanin::spec::Spec;

use self::start::Judged;
use crate::args::{
    Common, DataArgs, FailOn, ReadingArgs, StartArgs, TrainArgs, at_least_one, spec_of,
};
use crate::asked::asked;
use crate::output::{self, Exit};
use crate::report_args::ReportArgs;
use crate::tensorboard::TensorBoardArgs;

/// Draws of the weights that are measured unasked.
const USUAL_SEEDS: &str = "5";
/// Folder of all runs, unasked.
const USUAL_RUNS: &str = "runs";

/// Judge a network's starting weights before the first step
///
/// Shows every layer's activations and gradients, what is wrong and why, and a forecast with its
/// confidence. Ends with 1 if there are findings at or above --fail-on or the forecast is stuck or
/// unstable; what is inconclusive never fails.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fanin check                                           # the default network on digits
  fanin check \"features -> 10x64 relu -> outputs\" --scheme torch-default
  fanin check \"64 -> 2x64 relu -> 10\" --weights weights.safetensors
  fanin check \"512 -> 30x512 tanh -> 10\" --data normal   # without data: standard normal inputs
  fanin check --weights weights.safetensors --scheme he-normal     # did that scheme make them?
  fanin check model.onnx --data normal                  # the weights in the file
  fanin check model.onnx --data tokens.npy --scheme torch-default
  fanin check --full --json                             # with all that can be measured
  fanin check --run first                               # the checkpoint of a run, by its own spec
  fanin check --report start.html --open                # the same as a page with pictures
  fanin check spec.toml --format sarif --fail-on warn   # for continuous integration")]
pub struct Check {
    /// Network as short text, a .toml or an .onnx file [default: features -> 2x64 relu -> outputs]
    model: Option<String>,
    #[command(flatten)]
    scheme: StartArgs,
    /// Weights to judge: a .safetensors or .npz file, or a run's folder with its spec. Tensors
    /// that do not fit are replaced, and said. With --scheme: whether that scheme made them
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// Run whose checkpoint to judge, by its own spec
    #[arg(long, value_name = "NAME", conflicts_with_all = ["model", "StartArgs", "weights"])]
    run: Option<String>,
    /// Folder of all runs
    #[arg(long, value_name = "DIR", default_value = USUAL_RUNS)]
    runs: PathBuf,
    /// Draws of the weights to measure, from --seed on
    #[arg(long, allow_negative_numbers = true, value_name = "N", default_value = USUAL_SEEDS,
          value_parser = at_least_one::<std::num::NonZero<u64>>, conflicts_with_all = ["weights", "run"])]
    seeds: std::num::NonZero<u64>,
    /// Measure also what takes longer than an epoch of the network: without it a small one is told
    /// its word and causes, and what was left out
    #[arg(long)]
    full: bool,
    /// Severity of findings that makes the command end with 1
    #[arg(long, value_name = "SEVERITY", default_value = "fail")]
    fail_on: FailOn,
    /// Form of the report; json is also --json, its schema docs/schema/check.json
    #[arg(long, value_name = "FORM", default_value = "table", conflicts_with = "json")]
    format: Format,
    #[command(flatten)]
    reading: ReadingArgs,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    training: TrainArgs,
    #[command(flatten)]
    report: ReportArgs,
    #[command(flatten)]
    tensorboard: TensorBoardArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A screen for people
    Table,
    /// One object, as docs/schema/check.json says
    Json,
    /// SARIF 2.1.0, for code hosts and editors
    Sarif,
    /// JUnit XML, for continuous integration
    Junit,
}

impl Check {
    /// Measures and judges.
    pub fn run(&self, common: &Common) -> Result<Exit> {
        self.report.check()?;
        self.tensorboard.folder()?;
        let read = spec_of(self.model.as_deref())?;
        let judged = self.judge(&read, common)?;
        self.unused(common, &judged.spec).iter().for_each(|note| output::note(note));
        let asked = self.asked(read, common, judged.fits);
        self.write_report(&judged, &asked)?;
        self.write_events(&judged)?;
        let Judged { spec, model, start, diagnosis, .. } = judged;
        let limit = self.fail_on.severity();
        let exit = if gate::fails(&diagnosis, limit) { Exit::Findings } else { Exit::Done };
        let model = model.clone();
        let checked = Checked { model, start, spec: &spec, asked: &asked, diagnosis: &diagnosis };
        let format = if common.json { Format::Json } else { self.format };
        match format {
            Format::Table => output::text(&terminal::check(&checked, output::width())),
            Format::Json => output::json(&Json::new("check", &checked)),
            Format::Sarif => output::json(&report::sarif(&checked, exit.code())),
            Format::Junit => output::text(&report::junit(&checked, limit)),
        }
        Ok(exit)
    }

    /// What was asked for beside the spec, for the commands that findings suggest; `fits` says whether
    /// they can take the file of weights as it is.
    fn asked(&self, read: Spec, common: &Common, fits: bool) -> Asked {
        let seeds = Some(self.seeds.to_string()).filter(|seeds| seeds != USUAL_SEEDS);
        let own = seeds.map(|seeds| ("seeds", Some(seeds))).into_iter();
        let weights = self.weights.iter().filter(|path| fits && !path.is_dir());
        let weights = weights.map(|path| ("weights", Some(path.display().to_string())));
        let own = own.chain(weights);
        let own = own.chain(self.full.then_some(("full", None))).chain(self.fail_on.asked());
        asked(self.model.as_deref(), read, common, own.collect())
    }
}
