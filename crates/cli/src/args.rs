//! Arguments that commands share, and how they change a spec.

use std::ffi::OsStr;
use std::num::NonZero;
use std::path::Path;

use clap::builder::{PossibleValue, PossibleValuesParser, StringValueParser, TypedValueParser};
use clap::{Arg, Args, Command, ValueEnum};
use fanin::Result;
use fanin::check::Severity;
use fanin::import::{Noise, Options};
use fanin::init::SCHEMES;
use fanin::spec::{
    BatchSize, InitRule, LossName, Missing, NormStatistics, ReadingSpec, Role, ScheduleName, Spec,
    Standardize, Task,
};
use fanin::train::optimizers;

/// Arguments of every command.
#[derive(Debug, Args)]
pub struct Common {
    /// Print JSON instead of tables
    #[arg(long, global = true)]
    pub json: bool,
    /// First seed of weights, order and dropout [default: 0]
    #[arg(long, global = true, allow_negative_numbers = true, value_name = "N")]
    pub seed: Option<u64>,
    /// Threads to use; results do not depend on it [default: one per core]
    #[arg(long, global = true, allow_negative_numbers = true, value_name = "N",
          value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
}

/// The schemes that make the starting weights.
#[derive(Debug, Args)]
pub struct StartArgs {
    /// Scheme to start from [default: he-normal]
    #[arg(long, value_name = "SCHEME", value_parser = SchemeParser, hide_possible_values = true)]
    scheme: Option<String>,
    /// Scheme for the parameters whose name fits a pattern, or whose role, as in role:head; may be
    /// given several times, the first that fits decides
    #[arg(long = "rule", value_name = "PATTERN=SCHEME", value_parser = rule)]
    rules: Vec<InitRule>,
}

/// Reads a scheme as it stands; its name alone is what a shell completes.
#[derive(Clone, Copy, Debug)]
pub struct SchemeParser;

impl TypedValueParser for SchemeParser {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> std::result::Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(SCHEMES.iter().map(|scheme| PossibleValue::new(scheme.facts().name))))
    }
}

/// Severity of findings that makes a command end with 1.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum FailOn {
    Warn,
    Fail,
}

impl FailOn {
    /// The option where it is not the usual severity.
    pub fn asked(self) -> Option<(&'static str, Option<String>)> {
        matches!(self, Self::Warn).then(|| ("fail-on", Some("warn".to_owned())))
    }

    /// The severity that is meant.
    pub fn severity(self) -> Severity {
        match self {
            Self::Warn => Severity::Warn,
            Self::Fail => Severity::Fail,
        }
    }
}

/// Reads a whole number that is not 0.
pub fn at_least_one<T: std::str::FromStr>(text: &str) -> std::result::Result<T, String> {
    text.parse().map_err(|_| "expected a whole number of at least 1".to_owned())
}

/// Reads `PATTERN=SCHEME`.
pub fn rule(text: &str) -> std::result::Result<InitRule, String> {
    let (pattern, scheme) = text.split_once('=').ok_or("expected PATTERN=SCHEME")?;
    Ok(InitRule { pattern: pattern.to_owned(), scheme: scheme.to_owned() })
}

impl StartArgs {
    /// Whether a scheme or a rule was given.
    pub fn is_given(&self) -> bool {
        self.scheme.is_some() || !self.rules.is_empty()
    }

    /// Writes the arguments given into `spec`.
    pub fn apply(&self, spec: &mut Spec) {
        set(&mut spec.init.scheme, self.scheme.as_ref());
        spec.init.rules.splice(0..0, self.rules.iter().cloned());
    }
}

/// How the file of a network is read.
#[derive(Debug, Args)]
#[command(next_help_heading = "Model file")]
pub struct ReadingArgs {
    /// Value to compute instead of the .onnx file's output. Nodes that it does not need are not read
    #[arg(long, value_name = "NAME")]
    output_name: Option<String>,
    /// Dropout of an .onnx file that was exported for training, while it is trained: on, drawn from
    /// --seed, or off [default: on]
    #[arg(long, value_name = "WHETHER")]
    dropout: Option<Switch>,
    #[command(flatten)]
    file: ModelFileArgs,
}

/// How the file of a model is read that is run or looked at, with several outputs perhaps.
#[derive(Debug, Args)]
#[command(next_help_heading = "Model file")]
pub struct ModelArgs {
    /// Value to compute instead of the .onnx file's outputs; may be given several times. Nodes that
    /// it does not need are not read
    #[arg(long = "output-name", value_name = "NAME")]
    outputs: Vec<String>,
    #[command(flatten)]
    file: ModelFileArgs,
}

/// What every command can be told of a model's file.
#[derive(Debug, Args)]
#[command(next_help_heading = "Model file")]
struct ModelFileArgs {
    /// Shape of an input that an .onnx file leaves open, or another than the file's; may be given
    /// several times
    #[arg(long = "input", value_name = "NAME=1x3x224x224", value_parser = shape)]
    inputs: Vec<(String, Vec<usize>)>,
    /// Rows where an .onnx file leaves the first axis open; of no effect on a network of any
    /// number of rows, but for one that cannot be read for a single row [default: 1]
    #[arg(long, allow_negative_numbers = true, value_name = "N", value_parser = at_least_one::<NonZero<usize>>)]
    batch: Option<NonZero<usize>>,
    /// What batch normalization of an .onnx file divides by: the batch's own statistics, which is
    /// right for starting weights, or the running ones [default: for `run`, what the file says; else
    /// the batch's, and the running ones for scores of a trained network]
    #[arg(long, value_name = "STATISTICS")]
    batch_norm: Option<Statistics>,
    /// Random nodes of an .onnx file: off, which is their mean, or drawn once from a seed
    /// [default: off]
    #[arg(long, value_name = "off|SEED", value_parser = noise)]
    noise: Option<Noise>,
    /// Numbers that all values of an .onnx file may hold together for its own rows, before it is
    /// refused [default: 268435456]
    #[arg(long, allow_negative_numbers = true, value_name = "N", value_parser = at_least_one::<NonZero<usize>>)]
    max_elements: Option<NonZero<usize>>,
    #[command(flatten)]
    roles: RoleArgs,
}

/// Whether something is on.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Switch {
    On,
    Off,
}

/// What the initializers of a file are, where a user knows better.
#[derive(Debug, Args)]
#[command(next_help_heading = "Model file")]
struct RoleArgs {
    /// Role of the initializers of an .onnx file whose name fits a pattern; may be given several
    /// times, the last that fits decides
    #[arg(long = "role", value_name = "PATTERN=ROLE", value_parser = role)]
    roles: Vec<(String, Role)>,
    /// Initializers that are parameters, whatever they look like
    #[arg(long, value_name = "PATTERN")]
    params: Vec<String>,
    /// Initializers that are none
    #[arg(long, value_name = "PATTERN")]
    freeze: Vec<String>,
}

impl ReadingArgs {
    /// Writes the arguments given into `spec`.
    pub fn apply(&self, spec: &mut Spec) {
        let reading = &mut spec.reading;
        reading.output = self.output_name.clone().or(reading.output.take());
        if let Some(dropout) = self.dropout {
            reading.dropout = matches!(dropout, Switch::On);
        }
        self.file.apply(reading);
    }

    /// The options that were given.
    pub fn given(&self) -> Vec<&'static str> {
        let own =
            [("output-name", self.output_name.is_some()), ("dropout", self.dropout.is_some())];
        let own = own.into_iter().filter(|(_, is_given)| *is_given).map(|(name, _)| name);
        own.chain(self.file.given()).collect()
    }
}

impl ModelArgs {
    /// The options given.
    pub fn options(&self) -> Options {
        let mut reading = ReadingSpec::default();
        self.file.apply(&mut reading);
        Options { outputs: self.outputs.clone(), ..Options::from(&reading) }
    }
}

impl ModelFileArgs {
    fn given(&self) -> impl Iterator<Item = &'static str> {
        let all = [
            ("input", !self.inputs.is_empty()),
            ("batch", self.batch.is_some()),
            ("batch-norm", self.batch_norm.is_some()),
            ("noise", self.noise.is_some()),
            ("max-elements", self.max_elements.is_some()),
            ("role", !self.roles.roles.is_empty()),
            ("params", !self.roles.params.is_empty()),
            ("freeze", !self.roles.freeze.is_empty()),
        ];
        all.into_iter().filter(|(_, is_given)| *is_given).map(|(name, _)| name)
    }

    fn apply(&self, reading: &mut ReadingSpec) {
        reading.inputs.extend(self.inputs.iter().cloned());
        reading.batch = self.batch.or(reading.batch);
        reading.max_elements = self.max_elements.or(reading.max_elements);
        match self.batch_norm {
            Some(Statistics::File) => reading.batch_norm = None,
            Some(Statistics::Batch) => reading.batch_norm = Some(NormStatistics::Batch),
            Some(Statistics::Running) => reading.batch_norm = Some(NormStatistics::Running),
            None => {}
        }
        match self.noise {
            Some(Noise::Off) => reading.noise = None,
            Some(Noise::Seed(seed)) => reading.noise = Some(seed),
            None => {}
        }
        reading.roles.extend(self.roles.roles.iter().cloned());
        reading.parameters.extend(self.roles.params.iter().cloned());
        reading.frozen.extend(self.roles.freeze.iter().cloned());
    }
}

/// Reads `off` or a seed.
fn noise(text: &str) -> std::result::Result<Noise, String> {
    match text {
        "off" => Ok(Noise::Off),
        seed => seed.parse().map(Noise::Seed).map_err(|_| "expected off or a seed".to_owned()),
    }
}

fn role(text: &str) -> std::result::Result<(String, Role), String> {
    let (pattern, name) = text.split_once('=').ok_or("expected PATTERN=ROLE")?;
    let role = Role::ALL.iter().find(|role| role.label() == name);
    let known = || Role::ALL.iter().map(|role| role.label()).collect::<Vec<_>>().join(", ");
    let role = role.ok_or_else(|| format!("no role `{name}`; there are {}", known()))?;
    Ok((pattern.to_owned(), *role))
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Statistics {
    File,
    Batch,
    Running,
}

/// Reads `NAME=1x3x224x224`.
fn shape(text: &str) -> std::result::Result<(String, Vec<usize>), String> {
    const EXPECTED: &str = "expected NAME=SIZES, as in x=1x3x224x224";
    let (name, sizes) = text.rsplit_once('=').ok_or(EXPECTED)?;
    let sizes: std::result::Result<Vec<usize>, _> = sizes.split('x').map(str::parse).collect();
    Ok((name.to_owned(), sizes.map_err(|_| EXPECTED)?))
}

/// Where the rows come from and how they are prepared.
#[derive(Debug, Args)]
#[command(next_help_heading = "Data")]
pub struct DataArgs {
    /// Data: digits, xor, spirals, fashion-mnist, normal (as wide as the model, to check without
    /// data), teacher (the same with answers that can be learned), a .csv, .parquet, .npy, .npz or
    /// IDX file, a folder of IDX files, or one of pictures with a folder for each class
    /// [default: digits]
    #[arg(long, value_name = "SOURCE")]
    pub data: Option<String>,
    /// Column or array to learn; several with commas
    #[arg(long, value_name = "NAME")]
    target: Option<String>,
    /// A second file that holds the targets, for files of a single array
    #[arg(long, value_name = "FILE")]
    targets_file: Option<String>,
    /// Array of a .npz file that holds the features [default: by its usual names]
    #[arg(long, value_name = "NAME")]
    features: Option<String>,
    /// Columns to leave out
    #[arg(long, value_delimiter = ',', value_name = "NAME,…")]
    ignore: Vec<String>,
    /// Columns whose cells are names even where they are numbers
    #[arg(long, value_delimiter = ',', value_name = "NAME,…")]
    categorical: Vec<String>,
    /// What to learn [default: by the targets]
    #[arg(long, value_parser = PossibleValuesParser::new(Task::NAMES))]
    task: Option<String>,
    /// What to do with missing values [default: error; `fanin data` describes them as they are]
    #[arg(long, value_parser = missing_values())]
    missing: Option<String>,
    /// How features are scaled, and numbers to learn alike, by the training rows: your own training must
    /// scale them, too [default: standard]
    #[arg(long, value_parser = PossibleValuesParser::new(Standardize::NAMES))]
    standardize: Option<String>,
    /// The first line of a CSV file is a row, not names
    #[arg(long)]
    no_header: bool,
    /// Share of rows kept for testing [default: 0.2]
    #[arg(long, allow_negative_numbers = true, value_name = "SHARE")]
    test_fraction: Option<f64>,
}

/// Every word for missing values; one that only `fanin data` takes, unasked, is not shown.
fn missing_values() -> PossibleValuesParser {
    let value = |name: &&'static str| PossibleValue::new(*name).hide(*name == Missing::Keep.name());
    PossibleValuesParser::new(Missing::NAMES.iter().map(value))
}

/// How to train.
#[derive(Debug, Args)]
#[command(next_help_heading = "Training")]
pub struct TrainArgs {
    /// Passes over the training rows [default: 15]
    #[arg(long, allow_negative_numbers = true, value_name = "N")]
    epochs: Option<usize>,
    /// Rows in a step, or `full`, which gradient-descent and lbfgs always take [default: 64]
    #[arg(long, allow_negative_numbers = true, value_name = "ROWS")]
    batch_size: Option<String>,
    /// Optimizer [default: sgd]
    #[arg(long, value_parser = PossibleValuesParser::new(optimizers::names()))]
    optimizer: Option<String>,
    /// Learning rate [default: 0.02 for sgd; 1e-3 for adam and adamw, 1e-2 for most others]
    #[arg(long, allow_negative_numbers = true, value_name = "RATE")]
    learning_rate: Option<f64>,
    /// Momentum of sgd [default: 0.9]
    #[arg(long, allow_negative_numbers = true, value_name = "SHARE")]
    momentum: Option<f64>,
    /// Weight decay λ, on weights and not on biases [default: 0]
    #[arg(long, allow_negative_numbers = true, value_name = "λ")]
    weight_decay: Option<f64>,
    /// Shorten gradients whose norm is larger
    #[arg(long, allow_negative_numbers = true, value_name = "NORM")]
    clip_norm: Option<f64>,
    /// Course of the learning rate [default: constant]
    #[arg(long, value_parser = PossibleValuesParser::new(ScheduleName::NAMES))]
    schedule: Option<String>,
    /// Steps in which the learning rate rises from 0 [default: 0]
    #[arg(long, allow_negative_numbers = true, value_name = "STEPS")]
    warmup_steps: Option<usize>,
    /// Loss [default: by the task]
    #[arg(long, value_parser = PossibleValuesParser::new(LossName::NAMES))]
    loss: Option<String>,
    /// Share of a label's weight spread over all classes [default: 0]
    #[arg(long, allow_negative_numbers = true, value_name = "SHARE")]
    label_smoothing: Option<f64>,
    /// Score that counts as learned; a higher one does where guessing comes to it [default: 0.9]
    #[arg(long, allow_negative_numbers = true, value_name = "SCORE")]
    target_accuracy: Option<f64>,
}

impl Common {
    /// The seeds from the first one on.
    pub fn seeds(&self, count: u64) -> Vec<u64> {
        let first = self.seed.unwrap_or(0);
        (first..first.saturating_add(count)).collect()
    }
}

/// Whether a model argument names a spec's file, by its ending.
pub fn is_spec(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "toml")
}

/// The spec that a model argument names: a TOML file by its ending, else a short text.
pub fn spec_of(model: Option<&str>) -> Result<Spec> {
    spec_naming_data(model).map(|(spec, _)| spec)
}

/// As [`spec_of`], and whether a file says where the rows come from.
pub fn spec_naming_data(model: Option<&str>) -> Result<(Spec, bool)> {
    match model {
        None => Ok((Spec::default(), false)),
        Some(path) if is_spec(Path::new(path)) => {
            let (spec, text) = Spec::read_with_text(Path::new(path))?;
            Ok((spec, Spec::names_data(&text)))
        }
        Some(text) => Ok((Spec { model: text.parse()?, ..Spec::default() }, false)),
    }
}

impl DataArgs {
    /// The options that were given of those that only files and folders can follow.
    pub fn given_of_tables(&self) -> Vec<&'static str> {
        let all = [
            ("target", self.target.is_some()),
            ("targets-file", self.targets_file.is_some()),
            ("features", self.features.is_some()),
            ("ignore", !self.ignore.is_empty()),
            ("categorical", !self.categorical.is_empty()),
            ("missing", self.missing.is_some()),
            ("no-header", self.no_header),
        ];
        all.into_iter().filter(|(_, is_given)| *is_given).map(|(name, _)| name).collect()
    }

    /// Writes the arguments given into `spec`.
    pub fn apply(&self, spec: &mut Spec) -> Result<()> {
        set(&mut spec.data.source, self.data.as_ref());
        spec.data.target = self.target.clone().or(spec.data.target.take());
        spec.data.targets_file = self.targets_file.clone().or(spec.data.targets_file.take());
        spec.data.features = self.features.clone().or(spec.data.features.take());
        spec.data.ignore.extend(self.ignore.iter().cloned());
        spec.data.categorical.extend(self.categorical.iter().cloned());
        spec.task = parse(self.task.as_ref())?.or(spec.task);
        set(&mut spec.data.missing, parse(self.missing.as_ref())?.as_ref());
        set(&mut spec.data.standardize, parse(self.standardize.as_ref())?.as_ref());
        spec.data.header &= !self.no_header;
        set(&mut spec.train.test_fraction, self.test_fraction.as_ref());
        Ok(())
    }
}

impl TrainArgs {
    /// Writes the arguments given into `spec`, and checks the whole.
    pub fn apply(&self, spec: &mut Spec) -> Result<()> {
        if let Some(name) = &self.optimizer {
            spec.set_optimizer(name);
        }
        let optimizer = &mut spec.optimizer;
        optimizer.learning_rate = self.learning_rate.or(optimizer.learning_rate);
        optimizer.momentum = self.momentum.or(optimizer.momentum);
        optimizer.weight_decay = self.weight_decay.or(optimizer.weight_decay);
        optimizer.clip_norm = self.clip_norm.or(optimizer.clip_norm);
        set(&mut spec.schedule.name, parse(self.schedule.as_ref())?.as_ref());
        set(&mut spec.schedule.warmup_steps, self.warmup_steps.as_ref());
        spec.loss.name = parse(self.loss.as_ref())?.or(spec.loss.name);
        set(&mut spec.loss.label_smoothing, self.label_smoothing.as_ref());
        set(&mut spec.train.epochs, self.epochs.as_ref());
        set(&mut spec.train.batch_size, parse::<BatchSize>(self.batch_size.as_ref())?.as_ref());
        set(&mut spec.train.target_accuracy, self.target_accuracy.as_ref());
        spec.validate()?;
        self.check_batch_size(spec)
    }

    /// Refuses rows in a step where the optimizer takes all.
    fn check_batch_size(&self, spec: &Spec) -> Result<()> {
        if self.batch_size.is_none() {
            return Ok(());
        }
        optimizers::find(&spec.optimizer.name)?.check_rows("--batch-size", spec.train.batch_size)
    }
}

fn set<T: Clone>(place: &mut T, given: Option<&T>) {
    if let Some(given) = given {
        place.clone_from(given);
    }
}

fn parse<T: std::str::FromStr<Err = fanin::Error>>(text: Option<&String>) -> Result<Option<T>> {
    text.map(|text| text.parse()).transpose()
}
