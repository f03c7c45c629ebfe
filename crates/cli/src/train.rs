//! `fanin train`.

use std::num::NonZero;
use std::path::PathBuf;

use clap::Args;
use fanin::Result;
use fanin::check::LayerValues;
use fanin::data::Prepared;
use fanin::report::{Json, terminal};
use fanin::spec::{Model, Spec};
use fanin::train::{Finish, IfExists, Run, RunFolder, Summary};

use crate::args::{Common, DataArgs, ReadingArgs, StartArgs, TrainArgs, at_least_one, spec_of};
use crate::output::{self, Exit};
use crate::progress::{TrainBar, interrupt};
use crate::report_args::{ReportArgs, command_line};
use crate::tensorboard::{Names, TensorBoardArgs, board};

/// Train one network by backpropagation
///
/// Everything is kept in runs/NAME: spec, metrics as JSON lines, weights, state. Ctrl-C finishes
/// the step and saves; --resume goes on to the same bits as a run that was never stopped.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fanin train                                      # the default network on digits
  fanin train \"features -> 256 relu -> outputs\" --data fashion-mnist --optimizer adam
  fanin train spec.toml --name first               # everything from a file
  fanin train --scheme normal:0.01 --watch 50      # what becomes of findings and forecast
  fanin train model.onnx --data images.npz --scheme he-normal
  fanin train --resume first                       # go on after Ctrl-C
  fanin train runs/first/spec.toml --weights runs/first/weights.safetensors  # go on longer")]
pub struct Train {
    /// Network as short text, a .toml or an .onnx file [default: features -> 2x64 relu -> outputs]
    model: Option<String>,
    #[command(flatten)]
    scheme: StartArgs,
    /// File of weights to start from, .safetensors or .npz
    #[arg(long, value_name = "FILE", conflicts_with = "StartArgs")]
    weights: Option<PathBuf>,
    /// Name of the run [default: made from the model and a number]
    #[arg(long)]
    name: Option<String>,
    /// Folder of all runs
    #[arg(long, value_name = "DIR", default_value = "runs")]
    runs: PathBuf,
    /// Replace the run if it exists
    #[arg(long)]
    force: bool,
    /// Go on with a run that was stopped, by its own spec. To train a finished one longer, start
    /// another from its runs/NAME/spec.toml with --weights runs/NAME/weights.safetensors
    #[arg(long, value_name = "NAME", conflicts_with_all = ["model", "StartArgs", "weights", "name", "force", "seed", "DataArgs", "TrainArgs"])]
    resume: Option<String>,
    /// Check the weights every N steps, from step 0 on: changes are told on the error stream, all
    /// are kept in checks.jsonl. A check costs about as much as one step on 2048 rows and the
    /// search for equal units, and changes no bit of the run
    #[arg(long, allow_negative_numbers = true, value_name = "N", value_parser = at_least_one::<NonZero<u64>>)]
    watch: Option<NonZero<u64>>,
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

impl Train {
    /// Trains, or goes on.
    pub fn run(&self, common: &Common) -> Result<Exit> {
        self.report.check()?;
        self.tensorboard.folder()?;
        let (name, summary) = match &self.resume {
            Some(name) => (name.clone(), self.go_on(name, common)?),
            None => self.start(common)?,
        };
        if common.json {
            output::json(&Json::new("train", &summary));
        } else {
            output::text(&terminal::finished(&summary, &name));
        }
        self.report.write(|| {
            fanin::report_run(
                &RunFolder::open(&self.runs, &name)?,
                Some(&summary.finish),
                &command_line(),
            )
        })?;
        Ok(match summary.finish {
            Finish::Interrupted => Exit::Interrupted,
            Finish::Diverged(_) => Exit::Findings,
            _ => Exit::Done,
        })
    }

    fn start(&self, common: &Common) -> Result<(String, Summary)> {
        let spec = self.spec(common)?;
        let (data, model) = fanin::open(&spec)?;
        if spec.model.file().is_some() {
            data.notes.iter().for_each(|note| output::note(note));
        }
        data.remarks().iter().for_each(|remark| output::note(remark));
        let weights = match &self.weights {
            Some(path) => fanin::import::read_weights(&model, path)?,
            None => match model.weights().filter(|_| !self.scheme.is_given()) {
                Some(own) => own.clone(),
                None => fanin::initialize(&spec, &model, spec.train.seeds[0])?,
            },
        };
        let name = match &self.name {
            Some(name) => name.clone(),
            None => RunFolder::free_name(&self.runs, &model.to_string()),
        };
        let if_exists = if self.force { IfExists::Replace } else { IfExists::Refuse };
        let run = fanin::train(&spec, &model, &weights, &data)?;
        let folder = RunFolder::create(&self.runs, &name, &spec.to_toml(), if_exists)?;
        let first = match self.tensorboard.folder()? {
            Some(_) => fanin::layer_values(&spec, &model, &weights, &data)?,
            None => Vec::new(),
        };
        let mut bar = TrainBar::new(spec.train.epochs, data.task, common.json);
        let summary = self.watched(run).train(&folder, &mut bar, &interrupt())?;
        self.write_events(&folder, &first, (&spec, &model, &data), &summary)?;
        Ok((name, summary))
    }

    fn go_on(&self, name: &str, common: &Common) -> Result<Summary> {
        let folder = RunFolder::open(&self.runs, name)?;
        let spec = Spec::from_toml(&folder.spec()?, &folder.path().join("spec.toml"))?;
        let (data, model) = fanin::open(&spec)?;
        let mut bar = TrainBar::new(spec.train.epochs, data.task, common.json);
        let run = Run::resume(&spec, &model, &data, &folder)?;
        let summary = self.watched(run).train(&folder, &mut bar, &interrupt())?;
        self.write_events(&folder, &[], (&spec, &model, &data), &summary)?;
        Ok(summary)
    }

    /// Writes event files, if they were asked for: every epoch, and the layers at the start, where
    /// it is known, and at the end.
    fn write_events(
        &self,
        folder: &RunFolder,
        first: &[LayerValues],
        (spec, model, data): (&Spec, &Model, &Prepared),
        summary: &Summary,
    ) -> Result<()> {
        let Some(target) = self.tensorboard.folder()? else { return Ok(()) };
        let mut board = board().with_values(0, first).with_epochs(&summary.epochs, data.task);
        if folder.has_checkpoint() {
            let last = folder.load_for(model)?;
            let values = fanin::layer_values(spec, model, &last.weights, data)?;
            board = board.with_values(last.progress.step, &values);
        }
        let name = folder.path().file_name().unwrap_or_default().to_string_lossy();
        board.write(&target.join(Names::default().free(&name)))?;
        Ok(())
    }

    fn watched<'d>(&self, run: Run<'d>) -> Run<'d> {
        match self.watch {
            Some(every) => run.watched(every),
            None => run,
        }
    }

    fn spec(&self, common: &Common) -> Result<Spec> {
        let mut spec = spec_of(self.model.as_deref())?;
        self.scheme.apply(&mut spec);
        if let Some(seed) = common.seed {
            spec.train.seeds = vec![seed];
        }
        self.reading.apply(&mut spec);
        self.data.apply(&mut spec)?;
        self.training.apply(&mut spec)?;
        Ok(spec)
    }
}
