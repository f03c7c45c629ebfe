//! `fanin fix`.

mod file;
mod pages;

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use fanin::Result;
use fanin::compare::proof::{DEFAULT_SECONDS, ProofOptions, Proven};
use fanin::data::Prepared;
use fanin::recommend::{self, Options, Recommendation, Repair, Search};
use fanin::report::{Asked, Fixed, Json, terminal};
use fanin::spec::{Model, Spec};
use fanin::train::Interrupt;
use fanin::weights::Weights;

use self::file::FileArgs;
use crate::args::{Common, DataArgs, FailOn, ReadingArgs, StartArgs, TrainArgs, spec_naming_data};
use crate::asked::asked;
use crate::output::{self, Exit};
use crate::progress::{ProofBar, SearchBar, interrupt, interrupt_saying};
use crate::report_args::ReportArgs;

/// Find starting weights from which a network learns, say why, and prove it by training
///
/// Judges the start as `fanin check` does, asks methods for a better one, cheapest first, until one
/// passes, and trains from both with the same seeds, order and learning rates to choose from. Without
/// --method a start that is sound is left alone. Ends with 1 if the start that is advised has findings at or
/// above --fail-on or a forecast of failure.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fanin fix \"features -> 30x64 relu -> outputs\" --scheme torch-default
  fanin fix spec.toml --output start.safetensors
  fanin fix model.onnx --data images.npz --output mended.onnx --report mended.html
  fanin fix \"784 -> 20x256 tanh -> 10\" --scheme normal:0.01 --no-proof --code torch
  fanin fix \"64 -> 2x64 relu -> 10\" --weights weights.safetensors --method auto --output new.npz")]
pub struct Fix {
    /// Network as short text, a .toml or an .onnx file [default: features -> 2x64 relu -> outputs]
    model: Option<String>,
    #[command(flatten)]
    scheme: StartArgs,
    /// File of weights to mend, .safetensors or .npz
    #[arg(long, value_name = "FILE", conflicts_with = "StartArgs")]
    weights: Option<PathBuf>,
    /// Method to take, whatever the start [default: all, cheapest first, until one passes]
    #[arg(long, value_name = "METHOD", value_parser = PossibleValuesParser::new(recommend::names()))]
    method: Option<String>,
    /// Severity of findings that a start may not have
    #[arg(long, value_name = "SEVERITY", default_value = "fail")]
    fail_on: FailOn,
    #[command(flatten)]
    proof: ProofArgs,
    #[command(flatten)]
    file: FileArgs,
    #[command(flatten)]
    reading: ReadingArgs,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    training: TrainArgs,
    #[command(flatten)]
    report: ReportArgs,
}

/// How much is trained to prove it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Proof")]
struct ProofArgs {
    /// Train nothing
    #[arg(long)]
    no_proof: bool,
    /// Seeds that both starts are trained with, from --seed on [default: 5]
    #[arg(long, allow_negative_numbers = true, value_name = "N", conflicts_with = "no_proof",
          value_parser = pairs)]
    seeds: Option<u64>,
    /// Seconds of training at most, by leaving out steps, and as many for methods that learn a start;
    /// 0 for all of both [default: 20; of a method asked for by name: 0]
    #[arg(long, allow_negative_numbers = true, value_name = "SECONDS", value_parser = seconds)]
    seconds: Option<f64>,
}

/// Reads the number of seeds of a proof.
fn pairs(text: &str) -> std::result::Result<u64, String> {
    match text.parse() {
        Ok(seeds @ 2..) => Ok(seeds),
        Ok(_) => Err("one seed does not tell a difference from chance: a proof takes 2 seeds or \
                      more, and --no-proof takes none"
            .to_owned()),
        Err(_) => Err("expected a number of seeds, 2 or more".to_owned()),
    }
}

/// Reads seconds.
fn seconds(text: &str) -> std::result::Result<f64, String> {
    let seconds = text.parse().ok().filter(|seconds: &f64| seconds.is_finite() && *seconds >= 0.0);
    seconds.ok_or_else(|| "expected a number of seconds, 0 for the whole training".to_owned())
}

/// A start and all that judges it.
struct Case {
    spec: Spec,
    asked: Asked,
    data: Prepared,
    model: Model,
    /// Weights that are there; none where a scheme draws them.
    given: Option<Weights>,
    weights: Weights,
    start: String,
    is_stand_in: bool,
}

impl Fix {
    /// Judges, mends, proves and writes.
    pub fn run(&self, common: &Common) -> Result<Exit> {
        self.report.check()?;
        let case = self.case(common)?;
        let Case { data, model, weights, .. } = &case;
        let options = Options { method: self.method.clone(), limit: self.fail_on.severity() };
        let (repair, is_stopped) = self.search(&case, &options, common)?;
        let width = output::width();
        let show = |text: String| {
            if !common.json {
                output::text(&text);
            }
        };
        show(terminal::fix(&case.fixed(&repair, None, &[]), width));
        let code = self.file.code(model, &repair)?;
        let is_proven = !self.proof.no_proof && !is_stopped;
        let found = repair.recommendation.as_ref().filter(|_| is_proven);
        // Before the proof, which may take long: whatever ends it, the start is there.
        let to_prove = found.map(|found| (found, interrupt()));
        let mut files = self.file.write(model, weights, &repair)?;
        let notes = self.file.notes(model, &repair)?;
        let shown = self.file.write_code(code.as_deref(), &mut files)?;
        let proof = to_prove.map(|(found, stop)| self.prove(&case, found, common, &stop));
        let proof = proof.transpose()?;
        if let Some(proof) = &proof {
            show(terminal::proven(proof, data.task, width));
        }
        let fixed = case.fixed(&repair, proof.as_ref(), &files);
        let fixed = Fixed { code: shown, notes: &notes, ..fixed };
        self.write_report(&case, &fixed)?;
        if common.json {
            output::json(&Json::new("fix", &fixed));
        }
        show(terminal::fixed(&fixed, width));
        if is_stopped || matches!(proof, Some(Proven::Interrupted { .. })) {
            return Ok(Exit::Interrupted);
        }
        Ok(if fixed.is_healthy() { Exit::Done } else { Exit::Findings })
    }

    fn case(&self, common: &Common) -> Result<Case> {
        let (read, says_data) = spec_naming_data(self.model.as_deref())?;
        self.file.check(&read)?;
        let mut spec = read.clone();
        self.scheme.apply(&mut spec);
        if let Some(seed) = common.seed {
            spec.train.seeds = vec![seed];
        }
        self.reading.apply(&mut spec);
        self.data.apply(&mut spec)?;
        self.training.apply(&mut spec)?;
        let is_named = self.data.data.is_some() || says_data || spec.data != Spec::default().data;
        let opened = if is_named { fanin::open(&spec) } else { fanin::open_or_stand_in(&mut spec) };
        let (data, model) = opened?;
        let own = model.weights().filter(|_| !self.scheme.is_given());
        let (given, start) = match (&self.weights, own) {
            (Some(path), _) => {
                (Some(fanin::import::read_weights(&model, path)?), path.display().to_string())
            }
            (None, Some(own)) => (Some(own.clone()), "the weights in the file".to_owned()),
            (None, None) => (None, spec.init.scheme.clone()),
        };
        let weights = match &given {
            Some(given) => given.clone(),
            None => fanin::initialize(&spec, &model, spec.train.seeds[0])?,
        };
        let asked = self.asked(read, common);
        Ok(Case { spec, asked, data, model, given, weights, start, is_stand_in: !is_named })
    }

    /// What was asked for beside the spec, for the command that goes on.
    fn asked(&self, read: Spec, common: &Common) -> Asked {
        let weights = self.weights.as_ref().map(|path| path.display().to_string());
        let own = weights.map(|path| ("weights", Some(path))).into_iter();
        let method = self.method.clone().map(|method| ("method", Some(method)));
        let own = own.chain(method).chain(self.fail_on.asked());
        asked(self.model.as_deref(), read, common, own.collect())
    }

    /// What is recommended, and whether somebody ended the search for it.
    fn search(&self, case: &Case, options: &Options, common: &Common) -> Result<(Repair, bool)> {
        let usual = options.method.is_none().then_some(DEFAULT_SECONDS);
        let seconds = self.proof.seconds.or(usual).filter(|seconds| *seconds > 0.0);
        let stop = interrupt_saying(
            "taking the best start found so far; press Ctrl-C again to stop at once",
        );
        let bar = SearchBar::new(common.json, &stop);
        let search = Search { seconds, observer: &bar, ..Search::default() };
        let Case { spec, data, model, weights, .. } = case;
        let found = fanin::recommend_within(spec, model, weights, data, options, &search);
        bar.clear();
        Ok((found?, stop.requested()))
    }

    fn prove(
        &self,
        case: &Case,
        found: &Recommendation,
        common: &Common,
        stop: &Interrupt,
    ) -> Result<Proven> {
        let first = case.spec.train.seeds[0];
        let usual = ProofOptions::default();
        let seeds = self.proof.seeds.unwrap_or(usual.seeds.len() as u64);
        let options = ProofOptions {
            seeds: (0..seeds).map(|n| first.wrapping_add(n)).collect(),
            seconds: match self.proof.seconds {
                Some(0.0) => None,
                given => given.or(usual.seconds),
            },
            patience: self.proof.seconds.map_or(usual.patience, |_| ProofOptions::PATIENCE),
            ..usual
        };
        let bar = ProofBar::new(common.json);
        let Case { spec, data, model, given, .. } = case;
        let given = given.as_ref();
        let proof = fanin::prove(spec, model, given, found, data, &options, &bar, stop);
        bar.clear();
        proof
    }
}

impl Case {
    fn fixed<'a>(
        &'a self,
        repair: &'a Repair,
        proof: Option<&'a Proven>,
        files: &'a [PathBuf],
    ) -> Fixed<'a> {
        Fixed {
            model: self.model.to_string(),
            named: self.spec.model.to_string(),
            start: self.start.clone(),
            data: named_once(&self.data.train.name, &self.data.source),
            is_stand_in: self.is_stand_in,
            spec: &self.spec,
            asked: &self.asked,
            repair,
            proof,
            files,
            notes: &[],
            code: None,
        }
    }
}

/// The name of rows and where they come from, which may be the same.
fn named_once(name: &str, source: &str) -> String {
    if name == source { name.to_owned() } else { format!("{name}, {source}") }
}

#[cfg(test)]
mod tests {
    use super::named_once;

    #[test]
    fn a_file_of_rows_is_named_once() {
        assert_eq!(named_once("d/tanh.npz", "d/tanh.npz"), "d/tanh.npz");
        assert_eq!(named_once("digits", "UCI"), "digits, UCI");
    }
}
