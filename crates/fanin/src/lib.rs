//! fanin gives neural networks starting weights from which they can learn.
//!
//! ```text
//! spec ─► data ─► model ─► init ─► check ─► train ─► report
//! ```
//!
//! Each arrow is one call below; the command line makes the same calls with the same nouns.
//! A call reads what the one before it gave and changes nothing behind anybody's back.
//!
//! | call | room | gives |
//! |---|---|---|
//! | [`Spec::from_toml`](spec::Spec::from_toml), or a model as short text | [`spec`] | what is wished |
//! | [`load`] | [`formats`], [`data`] | rows, split and scaled |
//! | [`resolve`] | [`spec`], [`import`] | the network: its layers, as wide as the data ask for, or its file |
//! | [`open`] | the same | both of these, by reading a file once |
//! | [`initialize`], [`explain()`] | [`init`] | starting weights, and why these |
//! | [`theory::describe`] | [`theory`] | what theory expects of an activation, depth and width |
//! | [`check()`], [`check_partly`], [`check_scheme`], [`check_upstream`] | [`mod@check`] | measurements, findings, a forecast |
//! | [`verify()`] | [`mod@verify`] | which scheme made a file's weights, and their ills |
//! | [`recommend()`] | [`mod@recommend`] | starting weights from which it learns, what changes, and why |
//! | [`train()`] | [`mod@train`] | a run that can be stopped and resumed |
//! | [`Comparison::new`](compare::Comparison::new) | [`compare`] | many starts, the same training |
//! | [`explain::find`] | [`mod@explain`] | a newcomer's question, answered by training on the spot |
//! | [`prove`] | [`compare`] | whether a recommended start trains better, and by how much |
//! | [`Json::new`](report::Json::new), [`report::terminal`] | [`report`] | what people and programs read |
//!
//! Starting weights for the digits that fanin carries, and whether they will learn:
//!
//! ```
//! use fanin::spec::Spec;
//!
//! let spec = Spec { model: "features -> 16 relu -> outputs".parse()?, ..Spec::default() };
//! let data = fanin::load(&spec)?;
//! let model = fanin::resolve(&spec, &data)?;
//! let weights = fanin::initialize(&spec, &model, 0)?;
//! let diagnosis = fanin::check(&spec, &model, &weights, &data)?;
//! assert_eq!(diagnosis.forecast, fanin::check::Verdict::Learns);
//! # Ok::<(), fanin::Error>(())
//! ```
#![forbid(unsafe_code)]

pub mod error;
pub mod weights;
pub mod spec;
pub mod formats;
pub mod data;
pub mod init;
pub mod theory;
pub mod import;
pub mod check;
pub mod verify;
pub mod recommend;
pub mod train;
pub mod compare;
pub mod explain;
pub mod report;

use std::path::Path;

use check::Diagnosis;
use compare::CompareOptions;
use compare::proof::{Contest, ProofObserver, ProofOptions, Proven, Training};
use data::Prepared;
use formats::has_header;
use init::Outline;
use init::manifest::Listed;
use recommend::{Recommendation, Repair};
use spec::{Model, Spec};
use train::{Course, Interrupt, Run};
use verify::Verification;
use weights::Weights;

pub use error::{Error, Result};
pub use fanin_engine as engine;
pub use import::{model_file, write_model};

/// The data that `spec` names, split and scaled by the training rows.
///
/// # Errors
/// If the source cannot be found or read, or its rows cannot be trained on.
pub fn load(spec: &Spec) -> Result<Prepared> {
    match spec.model.file() {
        Some(path) => {
            let model = import::model(path, &(&spec.reading).into())?;
            data::for_network(spec, model.architecture())
        }
        None => data::for_spec(spec),
    }
}

/// Data and network, as by [`load`] and [`resolve`]; a network's file is read but once.
///
/// # Errors
/// As [`load`] and [`resolve`].
pub fn open(spec: &Spec) -> Result<(Prepared, Model)> {
    let Some(path) = spec.model.file() else {
        let data = data::for_spec(spec)?;
        let model = resolve(spec, &data)?;
        return Ok((data, model));
    };
    let model = import::model(path, &(&spec.reading).into())?;
    let data = data::for_network(spec, model.architecture())?;
    import::require_fit(path, &model, data.train.columns(), data.train.target_columns())?;
    Ok((data, model))
}

/// As [`open`], with all networks that `options` compare.
///
/// # Errors
/// As [`open`] and [`CompareOptions::networks`].
pub fn open_compared(options: &CompareOptions) -> Result<(Prepared, Vec<Model>)> {
    if options.own_model {
        let (data, model) = open(&options.spec)?;
        return Ok((data, vec![model]));
    }
    let data = load(&options.spec)?;
    let networks = options.networks(&data)?;
    Ok((data, networks))
}

/// As [`open`] where the data fit the network; else with what stands in for them, told as the source
/// of the rows: `spec` then names the computed set `teacher`, which is as wide as the network.
///
/// # Errors
/// As [`open`] with the set `teacher`.
pub fn open_or_stand_in(spec: &mut Spec) -> Result<(Prepared, Model)> {
    open(spec).or_else(|_| {
        "teacher".clone_into(&mut spec.data.source);
        open(spec)
    })
}

/// The network that `spec` describes, with as many inputs and outputs as the data ask for.
///
/// # Errors
/// If a width does not fit the data, or layers do not fit each other.
pub fn resolve(spec: &Spec, data: &Prepared) -> Result<Model> {
    import::resolve(spec, data.train.columns(), data.train.target_columns())
}

/// The network that `spec` describes; the data are loaded only if some size is left to them.
///
/// # Errors
/// As [`load`] and [`resolve`].
pub fn resolve_alone(spec: &Spec) -> Result<Model> {
    if let Some(path) = spec.model.file() {
        return import::model(path, &(&spec.reading).into());
    }
    if spec.model.is_complete() {
        return spec.model.resolve_alone();
    }
    resolve(spec, &load(spec)?)
}

/// The parameters that `outline` names, as schemes see them, and what was guessed of them.
///
/// # Errors
/// As [`resolve_alone`], or [`Manifest::parameters`](init::manifest::Manifest::parameters).
pub fn parameters(outline: &Outline) -> Result<Listed> {
    outlined(outline).map(|(_, listed)| listed)
}

/// As [`parameters`], with the network that they belong to, unless `outline` is a list.
///
/// # Errors
/// As [`parameters`].
pub fn outlined(outline: &Outline) -> Result<(Option<Model>, Listed)> {
    match outline {
        Outline::Network(spec) => {
            let model = resolve_alone(spec)?;
            let parameters = init::parameters(&model)?;
            Ok((Some(model), Listed { parameters, guesses: Vec::new() }))
        }
        Outline::Manifest(manifest) => Ok((None, manifest.parameters()?)),
    }
}

/// For each parameter of `model`: its scheme, fans, standard deviation, and why.
///
/// # Errors
/// As [`initialize`].
pub fn explain(spec: &Spec, model: &Model) -> Result<Vec<init::Explanation>> {
    init::explain(&init::parameters(model)?, &(&spec.init_rules()).into())
}

/// Starting weights for `model` by the schemes and rules of `spec`.
///
/// # Errors
/// If a rule names an unknown scheme, or one that does not fit a parameter.
pub fn initialize(spec: &Spec, model: &Model, seed: u64) -> Result<Weights> {
    init::for_model(model, &(&spec.init_rules()).into(), seed)
}

/// Which scheme made the weights in `file`, and what is wrong with them.
///
/// Roles and fans come from `outline`, or, without one, from the names in a .safetensors file or its
/// shards; a file of another format is then judged by shapes alone. `seed` is tried first where
/// fanin itself may have drawn.
///
/// # Errors
/// As [`verify::file`] and [`parameters`].
pub fn verify(file: &Path, outline: Option<&Outline>, seed: Option<u64>) -> Result<Verification> {
    let listed = match outline {
        Some(outline) => parameters(outline)?,
        None if has_header(file) => init::manifest::Manifest::from_header(file)?.parameters()?,
        None => Listed::default(),
    };
    verify::file(file, &listed.parameters, seed)
}

/// What is known of `weights` before the first step, with a forecast of the training that `spec`
/// plans.
///
/// # Errors
/// If weights, model and data do not fit each other.
pub fn check(spec: &Spec, model: &Model, weights: &Weights, data: &Prepared) -> Result<Diagnosis> {
    check_against(spec, model, weights, data, &[])
}

/// As [`check()`], of weights that are said to be made by these schemes.
fn check_against(
    spec: &Spec,
    model: &Model,
    weights: &Weights,
    data: &Prepared,
    said: &[init::Explanation],
) -> Result<Diagnosis> {
    let course = Course::new(spec, data.task, 0)?;
    let rows = train::Rows::new(spec, data)?;
    let horizon = course.horizon(rows.train.rows())?;
    let (loss, train, extent) = (&course.loss, &rows.train, spec.check.extent);
    let found = Diagnosis::claimed(model, loss, weights, said, train, horizon, extent)?;
    Ok(Diagnosis { remarks: data.remarks(), ..found })
}

/// As [`check()`], of weights that may fit the model only in part, such as those of a file.
///
/// A tensor that is missing or has another shape gets values by the schemes of `spec`; findings
/// about it are left out, and [`skipped`](Diagnosis::skipped) says so, as it does of tensors that
/// the model does not have.
///
/// # Errors
/// As [`initialize`] and [`check()`], and if no tensor fits.
pub fn check_partly(
    spec: &Spec,
    model: &Model,
    weights: &Weights,
    data: &Prepared,
) -> Result<Diagnosis> {
    check_repaired(spec, model, weights, data, &[])
}

/// As [`check_partly`], and whether `weights` are what the schemes of `spec` make.
///
/// # Errors
/// As [`explain()`] and [`check_partly`].
pub fn check_claim(
    spec: &Spec,
    model: &Model,
    weights: &Weights,
    data: &Prepared,
) -> Result<Diagnosis> {
    check_repaired(spec, model, weights, data, &explain(spec, model)?)
}

fn check_repaired(
    spec: &Spec,
    model: &Model,
    weights: &Weights,
    data: &Prepared,
    said: &[init::Explanation],
) -> Result<Diagnosis> {
    let seed = spec.train.seeds.first().copied().unwrap_or(0);
    let drawn = initialize(spec, model, seed)?;
    let repaired = check::stand_in::repair(weights, &drawn, &spec.init.scheme)?;
    let found = check_against(spec, model, &repaired.weights, data, said)?;
    Ok(repaired.judged(found))
}

/// As [`check()`], over several draws of the weights by the schemes of `spec`, one per seed: how a
/// scheme starts a network, with standard errors.
///
/// # Errors
/// As [`initialize`] and [`check()`].
pub fn check_scheme(
    spec: &Spec,
    model: &Model,
    data: &Prepared,
    seeds: &[u64],
) -> Result<Diagnosis> {
    let course = Course::new(spec, data.task, 0)?;
    let rows = train::Rows::new(spec, data)?;
    let horizon = course.horizon(rows.train.rows())?;
    let rules = (&spec.init_rules()).into();
    let draw = |number: usize| init::for_model(model, &rules, seeds[number]);
    let (loss, train, extent) = (&course.loss, &rows.train, spec.check.extent);
    let found = Diagnosis::over_seeds(model, loss, seeds.len(), draw, train, horizon, extent)?;
    Ok(Diagnosis { remarks: data.remarks(), ..found })
}

/// As [`check_scheme`], of what can be computed of a file; without seeds of the file's own weights.
///
/// # Errors
/// As [`verify::partly`].
pub fn check_upstream(spec: &Spec, part: &import::Upstream, seeds: &[u64]) -> Result<Diagnosis> {
    let horizon = |task, rows| Course::new(spec, task, 0)?.horizon(rows);
    verify::partly(spec, part, seeds, &horizon)
}

/// What pictures show of `weights` beyond a [`check()`].
///
/// # Errors
/// As [`check()`].
pub fn trace(
    spec: &Spec,
    model: &Model,
    weights: &Weights,
    data: &Prepared,
) -> Result<check::Trace> {
    let course = Course::new(spec, data.task, 0)?;
    let rows = train::Rows::new(spec, data)?;
    check::Trace::new(model, &course.loss, weights, &rows.train)
}

/// The numbers of every layer with `weights`, as histograms are made of.
///
/// # Errors
/// As [`check()`].
pub fn layer_values(
    spec: &Spec,
    model: &Model,
    weights: &Weights,
    data: &Prepared,
) -> Result<Vec<check::LayerValues>> {
    let course = Course::new(spec, data.task, 0)?;
    let rows = train::Rows::new(spec, data)?;
    check::LayerValues::all(model, &course.loss, weights, &rows.train)
}

/// The start that the first cause of a bad diagnosis advises, by its scheme, and what is found
/// there, with what pictures show of it; none where no cause names a scheme.
///
/// # Errors
/// As [`check_scheme`].
pub fn mend(
    checked: &report::Checked<'_>,
    model: &Model,
    data: &Prepared,
) -> Result<Option<(String, Diagnosis, check::Trace)>> {
    let Some(scheme) = checked.other_scheme() else { return Ok(None) };
    let mut spec = checked.spec.clone();
    spec.init.scheme.clone_from(&scheme);
    let first = spec.train.seeds.first().copied().unwrap_or(0);
    let seeds: Vec<u64> = (0..checked.diagnosis.seeds as u64).map(|n| first + n).collect();
    let diagnosis = check_scheme(&spec, model, data, &seeds)?;
    let trace = trace(&spec, model, &initialize(&spec, model, first)?, data)?;
    Ok(Some((scheme, diagnosis, trace)))
}

/// Starting weights from which `model` learns in place of `weights`, with what changes and why.
///
/// Both are judged on the rows to train on by the training that `spec` plans. Methods are asked in
/// their order, cheapest first, and only if `weights` do not pass; or the one that `options` name.
///
/// ```
/// use fanin::spec::Spec;
/// let spec = Spec { model: "features -> 2x16 relu -> outputs".parse()?, ..Spec::default() };
/// let data = fanin::load(&spec)?;
/// let model = fanin::resolve(&spec, &data)?;
/// let weights = fanin::initialize(&spec, &model, 0)?;
/// let repair = fanin::recommend(&spec, &model, &weights, &data, &Default::default())?;
/// assert!(repair.is_healthy() && repair.recommendation.is_none(), "nothing was to be mended");
/// # Ok::<(), fanin::Error>(())
/// ```
///
/// # Errors
/// As [`check()`], and as [`recommend::repair`].
pub fn recommend(
    spec: &Spec,
    model: &Model,
    weights: &Weights,
    data: &Prepared,
    options: &recommend::Options,
) -> Result<Repair> {
    recommend_within(spec, model, weights, data, options, &recommend::Search::default())
}

/// The same within the time of `search`: methods that do not fit are left out, and said.
///
/// # Errors
/// As [`check()`], and as [`recommend::repair_within`].
pub fn recommend_within(
    spec: &Spec,
    model: &Model,
    weights: &Weights,
    data: &Prepared,
    options: &recommend::Options,
    search: &recommend::Search<'_>,
) -> Result<Repair> {
    let course = Course::new(spec, data.task, 0)?;
    let rows = train::Rows::new(spec, data)?;
    let problem = recommend::Problem {
        model,
        loss: &course.loss,
        weights,
        data: Some(&rows.train),
        horizon: course.horizon(rows.train.rows())?,
        seed: spec.train.seeds.first().copied().unwrap_or(0),
    };
    let mut repair = recommend::repair_within(&problem, &rows.train, options, search)?;
    for diagnosis in [Some(&mut repair.before), repair.after.as_mut()].into_iter().flatten() {
        diagnosis.remarks = data.remarks();
    }
    Ok(repair)
}

/// Whether `model` trains better from what was recommended than from its start: that of the
/// schemes of `spec`, or `given` weights, which are then the same under every seed.
///
/// # Errors
/// As [`initialize`] and [`compare::proof::prove`].
#[allow(clippy::too_many_arguments, reason = "the steps before it made each of them")]
pub fn prove(
    spec: &Spec,
    model: &Model,
    given: Option<&Weights>,
    found: &Recommendation,
    data: &Prepared,
    options: &ProofOptions,
    observer: &dyn ProofObserver,
    interrupt: &Interrupt,
) -> Result<Proven> {
    let first = spec.train.seeds.first().copied().unwrap_or(0);
    let before = |seed| match given {
        Some(weights) => Ok(weights.clone()),
        None => initialize(spec, model, seed),
    };
    let after = |seed| match given {
        None if seed != first => found.drawn(model, &initialize(spec, model, seed)?, seed),
        _ => Ok(found.weights.clone()),
    };
    let training = Training { model, spec, data };
    let contest = Contest { training, before: &before, after: &after };
    compare::proof::prove(&contest, options, observer, interrupt)
}

/// A training run of `weights` as `spec` says, checked and ready to start.
///
/// # Errors
/// If model, weights and data do not fit each other, or a setting is unknown.
pub fn train<'d>(
    spec: &Spec,
    model: &Model,
    weights: &Weights,
    data: &'d Prepared,
) -> Result<Run<'d>> {
    Run::new(spec, model, weights, data)
}

/// The report of a run by its folder alone, without rows; `finish` says how it ended, where known.
///
/// # Errors
/// If files of the run cannot be read.
pub fn report_run(
    folder: &train::RunFolder,
    finish: Option<&train::Finish>,
    command: &str,
) -> Result<report::Report> {
    report::of_run(folder, finish, command)
}

/// Runs `work` on `threads` threads, one per core for `None`; results do not depend on it.
///
/// # Errors
/// If the operating system refuses to start a thread.
pub fn with_threads<R: Send>(threads: Option<usize>, work: impl FnOnce() -> R + Send) -> Result<R> {
    fanin_kernels::threads::run_on(threads.unwrap_or(0), work).map_err(|error| Error::Setting {
        place: "threads".to_owned(),
        found: format!("{} ({error})", threads.unwrap_or(0)),
        expected: "a number of threads that the system can start".to_owned(),
    })
}
