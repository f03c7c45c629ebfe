//! One starting point, looked at before any training.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Serialize;

use super::case::Case;
use super::claims;
use super::estimate::Estimate;
use super::evidence::{Evidence, Horizon};
use super::forecast::{self, Forecast, Verdict};
use super::instruments::effort;
use super::instruments::pass::{FirstRows, first};
use super::instruments::underflow;
use super::instruments::updates::Step;
use super::measurement::Measurement;
use super::probe::{Batch, Gradients, Probe};
use super::readings::{Instruments, Readings, Seen, Update};
use super::rules::{self, Finding, Passed};
use super::severity::Severity;
use super::symmetry::{self, Options, Symmetry, Units};
use crate::data::Dataset;
use crate::error::Result;
use crate::init::Explanation;
use crate::spec::{Extent, Loss, Mode, Model, Network};
use crate::weights::Weights;

/// Rows measured on at most: the gradient of fewer is noise where the true one is small.
const ROWS: usize = 2048;

/// One row in so many is looked at first: where these leave no doubt, more would tell the same.
const FIRST_SHARE: usize = 16;

/// The same of small data, up to the most below.
const SMALL_SHARE: usize = 8;

/// Rows looked at first at least and, of small data, at most.
const FIRST_ROWS: [usize; 2] = [40, 128];

/// Where the first rows leave a doubt so many times more are looked at, then all.
const MORE: usize = 4;

/// Seeds at which instruments are read at most: each costs about as much as the pass itself, and a
/// standard error of five is known to a third.
pub const READ_SEEDS: usize = 5;

/// Numbers that a forward and a backward pass through a graph may hold: a gigabyte in f32.
const NUMBERS: usize = 1 << 28;

/// Rows measured on at least, however large a graph is.
const FEWEST_ROWS: usize = 8;

/// One starting point, looked at before any training.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Diagnosis {
    /// One forward and one backward pass, from the first seed.
    pub measurement: Measurement,
    /// The training that was forecast.
    pub horizon: Horizon,
    /// Seeds measured; 1 where the weights were given.
    pub seeds: usize,
    /// Hidden units.
    pub units: usize,
    /// Hidden units that can ever differ.
    pub effective_units: usize,
    /// Which of them, layer by layer, and how sure that is.
    pub symmetry: Symmetry,
    /// Factor on the signal per hidden layer.
    pub signal_factor: Option<f64>,
    /// Factor on the gradient per hidden layer, on its way back.
    pub gradient_factor: Option<f64>,
    /// About how many steps pass until the weights have grown out of their start.
    pub escape_steps: Option<f64>,
    /// What is wrong, or may be: causes first.
    pub findings: Vec<Finding>,
    /// What was looked for and is sound.
    pub passed: Vec<Passed>,
    /// One word on how training will go.
    pub forecast: Verdict,
    /// How likely that word is to be right.
    pub confidence: f64,
    /// What could not be looked at, and what stood in for it; empty where all could.
    pub skipped: Vec<String>,
    /// What instruments read at the first seed; none where they were not asked for, or numbers
    /// are not finite.
    pub readings: Option<Readings>,
    /// The numbers among the readings, and the loss, over seeds: of the loss all, of what
    /// instruments read [`READ_SEEDS`] at most.
    pub readings_over_seeds: BTreeMap<&'static str, Estimate>,
}

impl Diagnosis {
    /// Measures `weights` on rows of `data` and forecasts the training that `horizon` plans.
    ///
    /// # Errors
    /// If weights, data and model do not fit each other.
    pub fn new(
        model: &Model,
        loss: &Loss,
        weights: &Weights,
        data: &Dataset,
        horizon: Horizon,
    ) -> Result<Self> {
        let (rows, options) = (Rows::of(model, loss, data)?, options(horizon));
        let start = Look::new(model, loss, &rows, horizon, Gradients::OfLayers).at(weights)?;
        let symmetry = start.symmetry(model, loss, weights, rows.few(), options)?;
        Ok(Self { skipped: skipped(model), ..Self::of(&[start], symmetry, &[], horizon) })
    }

    /// As [`new`](Self::new), with what instruments of `extent` read that take more than one pass, and
    /// whether the weights are what `said` says of their schemes.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn claimed(
        model: &Model,
        loss: &Loss,
        weights: &Weights,
        said: &[Explanation],
        data: &Dataset,
        horizon: Horizon,
        extent: Extent,
    ) -> Result<Self> {
        let (rows, options) = (Rows::of(model, loss, data)?, options(horizon));
        let mut start = Look::new(model, loss, &rows, horizon, Gradients::OfAll).at(weights)?;
        start.measurement.claims = claims::claims(weights, said);
        let symmetry = start.symmetry(model, loss, weights, rows.few(), options)?;
        let readings =
            Reader::new(model, loss, &rows, (horizon, extent), &start).read(&start, weights)?;
        Ok(Self { skipped: skipped(model), ..Self::of(&[start], symmetry, &[readings], horizon) })
    }

    /// As [`claimed`](Self::claimed), over `seeds` draws of the weights: `weights` gives that of a number.
    ///
    /// The draws are measured side by side. Layers are shown and quoted as in draw 0; estimates
    /// are means over all.
    ///
    /// # Errors
    /// If weights cannot be made, or weights, data and model do not fit each other.
    pub fn over_seeds(
        model: &Model,
        loss: &Loss,
        seeds: usize,
        weights: impl Fn(usize) -> Result<Weights> + Sync,
        data: &Dataset,
        horizon: Horizon,
        extent: Extent,
    ) -> Result<Self> {
        let (rows, options) = (Rows::of(model, loss, data)?, options(horizon));
        let numbers: Vec<usize> = (0..seeds.max(1)).collect();
        let look = || Look::new(model, loss, &rows, horizon, Gradients::OfAll);
        let starts = fanin_kernels::threads::map_with(&numbers, look, |look, &number| {
            look.at(&weights(number)?)
        });
        let starts = starts.into_iter().collect::<Result<Vec<Start>>>()?;
        let few = &numbers[..numbers.len().min(READ_SEEDS)];
        let reader = || Reader::new(model, loss, &rows, (horizon, extent), &starts[0]);
        let readings = fanin_kernels::threads::map_with(few, reader, |reader, &number| {
            reader.read(&starts[number], &weights(number)?)
        });
        let readings = readings.into_iter().collect::<Result<Vec<_>>>()?;
        let symmetry = starts[0].symmetry(model, loss, &weights(0)?, rows.few(), options)?;
        Ok(Self { skipped: skipped(model), ..Self::of(&starts, symmetry, &readings, horizon) })
    }

    fn of(
        starts: &[Start],
        symmetry: Symmetry,
        readings: &[Option<Readings>],
        horizon: Horizon,
    ) -> Self {
        // Starts at which no instrument was read are taken for like the first.
        let of = |seed: usize| readings.get(seed).or(readings.first())?.as_ref();
        let evidence = starts.iter().enumerate();
        let evidence = evidence.map(|(seed, start)| start.evidence(horizon, of(seed)));
        let case = &Case { starts: evidence.collect() };
        let shown = case.shown();
        let (units, effective_units) = shown.unit_counts();
        let Forecast { verdict, confidence } = forecast::forecast(case);
        let (findings, passed) = rules::look(case);
        let findings = findings.into_iter().map(|finding| after(verdict, finding)).collect();
        let first_readings = readings.first().cloned().flatten();
        let first_readings = first_readings.map(|own| own.with_depth(shown.measurement));
        Self {
            measurement: shown.measurement.clone(),
            horizon: shown.horizon,
            seeds: case.starts.len(),
            units,
            effective_units,
            symmetry,
            signal_factor: shown.signal_factor(),
            gradient_factor: shown.gradient_factor(),
            escape_steps: forecast::escape_steps(shown),
            findings,
            passed,
            forecast: verdict,
            confidence,
            skipped: Vec::new(),
            readings: first_readings,
            readings_over_seeds: over_seeds(starts, readings),
        }
    }

    /// The codes of what fails before the forecast is heard, and that forecast.
    #[cfg(test)]
    pub(crate) fn alarms(
        model: &Model,
        loss: &Loss,
        weights: &Weights,
        data: &Dataset,
        horizon: Horizon,
    ) -> Result<(Verdict, Vec<&'static str>)> {
        let rows = Rows::of(model, loss, data)?;
        let start = Look::new(model, loss, &rows, horizon, Gradients::OfLayers).at(weights)?;
        let case = &Case { starts: vec![start.evidence(horizon, None)] };
        let (findings, _) = rules::look(case);
        let fails = findings.iter().filter(|finding| finding.severity == Severity::Fail);
        Ok((forecast::forecast(case).verdict, fails.map(|finding| finding.code).collect()))
    }

    /// The worst of the findings.
    pub fn severity(&self) -> Option<Severity> {
        self.findings.iter().map(|f| f.severity).max()
    }

    /// The first cause of what is wrong: the finding that none of the others explains.
    pub fn cause(&self) -> Option<&Finding> {
        let worst = self.severity()?;
        let own = |f: &&Finding| f.consequence_of.is_none();
        let mut findings = self.findings.iter().filter(own);
        findings.clone().find(|f| f.severity == worst).or_else(|| findings.next())
    }
}

/// A finding beside the forecast: what is forecast to learn does not fail.
fn after(verdict: Verdict, finding: Finding) -> Finding {
    let most = if verdict == Verdict::Learns { Severity::Warn } else { Severity::Fail };
    Finding { severity: finding.severity.min(most), ..finding }
}

/// The loss and the numbers among readings, each over the seeds that have it; of a single start
/// none, since nothing is known of others.
fn over_seeds(starts: &[Start], readings: &[Option<Readings>]) -> BTreeMap<&'static str, Estimate> {
    let mut values: BTreeMap<&'static str, Vec<f64>> = BTreeMap::new();
    values.insert("loss", starts.iter().map(|start| start.measurement.loss).collect());
    for (name, value) in readings.iter().flatten().flat_map(Readings::numbers) {
        values.entry(name).or_default().push(value);
    }
    values.retain(|_, values| values.len() > 1);
    values.into_iter().map(|(name, values)| (name, Estimate::of(&values))).collect()
}

/// What counts as equal units for the planned optimizer.
fn options(horizon: Horizon) -> Options {
    Options { partition: horizon.partition, ..Options::default() }
}

/// The rows that are measured on: [`ROWS`], or as many as keep a pass within [`NUMBERS`].
fn most_rows(model: &Model, loss: &Loss) -> Result<usize> {
    if model.layers().is_some() {
        return Ok(ROWS);
    }
    let mut network = Network::new(model, loss, 1, Mode::Probe)?;
    network.add_gradients()?;
    let nodes = network.graph.nodes().iter().flat_map(|node| &node.outputs);
    let numbers: usize = nodes.map(|&wire| network.graph.shape(wire).elements()).sum();
    let most = model.architecture().most_rows().unwrap_or(ROWS);
    Ok((NUMBERS / numbers.max(1)).clamp(FEWEST_ROWS, ROWS.min(most).max(FEWEST_ROWS)))
}

/// What is not known of a graph that is no list of layers, and what was left out of it.
fn skipped(model: &Model) -> Vec<String> {
    let sentence = "how units are wired is not known of a graph: units count as equal for ever \
                    where passes over a few rows and some steps find no difference, and opposite \
                    units are not looked for";
    if model.layers().is_some() {
        return Vec::new();
    }
    [vec![sentence.to_owned()], model.architecture().notes()].concat()
}

/// Rows of the data, gathered once for all starts, and no more than are asked for.
struct Rows<'d> {
    data: &'d Dataset,
    /// Rows that each look sees, fewest first.
    looks: Vec<usize>,
    /// The rows of the first look, or as many as instruments see at most.
    few: FirstRows,
    all: OnceLock<FirstRows>,
}

impl<'d> Rows<'d> {
    fn of(model: &Model, loss: &Loss, data: &'d Dataset) -> Result<Self> {
        let epoch = data.rows();
        let most = most_rows(model, loss)?.min(epoch);
        let first = (epoch / SMALL_SHARE).clamp(FIRST_ROWS[0], FIRST_ROWS[1]);
        let first = first.max(epoch / FIRST_SHARE).min(most);
        let mut looks = vec![first];
        if first * MORE < most / 2 {
            looks.push(first * MORE);
        }
        looks.extend((first < most).then_some(most));
        let few = FirstRows::of(data, first.max(effort::MOST_ROWS).min(most));
        Ok(Self { data, looks, few, all: OnceLock::new() })
    }

    /// At most so many rows.
    fn batch(&self, rows: usize) -> Batch<'_> {
        let few = self.few.batch();
        if rows <= few.rows {
            return first(few, rows);
        }
        let all = || FirstRows::of(self.data, *self.looks.last().expect("there is one look"));
        first(self.all.get_or_init(all).batch(), rows)
    }

    /// The rows that instruments and symmetry are seen on.
    fn few(&self) -> Batch<'_> {
        self.few.batch()
    }

    fn epoch(&self) -> usize {
        self.data.rows()
    }
}

/// One draw of the weights, measured.
struct Start {
    measurement: Measurement,
    units: Vec<Units>,
    /// None where the gradients of layers alone were kept.
    seen: Option<Seen>,
}

/// Passes on few rows and on all, each planned when it is first needed, for starts of any number.
struct Look<'a> {
    model: &'a Model,
    loss: &'a Loss,
    rows: &'a Rows<'a>,
    horizon: Horizon,
    /// Which the first look keeps.
    gradients: Gradients,
    /// One for each of the looks.
    probes: Vec<Option<Probe<'a>>>,
}

impl<'a> Look<'a> {
    fn new(
        model: &'a Model,
        loss: &'a Loss,
        rows: &'a Rows<'a>,
        horizon: Horizon,
        gradients: Gradients,
    ) -> Self {
        let probes = rows.looks.iter().map(|_| None).collect();
        Self { model, loss, rows, horizon, gradients, probes }
    }

    /// Measures on few rows, and on more where these leave a doubt.
    fn at(&mut self, weights: &Weights) -> Result<Start> {
        let (looks, model) = (&self.rows.looks, self.model);
        let all = *looks.last().expect("there is one look") as f64;
        let mut units = match model {
            Model::Layers(_) => Some(symmetry::units(model, weights, options(self.horizon))),
            Model::Graph(_) => None,
        };
        let mut seen = None;
        for (index, &rows) in looks.iter().enumerate() {
            let batch = self.rows.batch(rows);
            let measurement = self.probe(index, batch)?.measure(weights)?;
            if index == 0 && self.gradients == Gradients::OfAll {
                seen = Some(self.seen(batch, weights)?);
            }
            if let Some(seen) = &mut seen {
                seen.looked += rows;
            }
            let own = match units.take() {
                Some(units) => units,
                None => symmetry::observed(model, self.loss, weights, batch)?,
            };
            let mut start = Start { measurement, units: own, seen: None };
            let evidence = start.evidence(self.horizon, None);
            if index + 1 == looks.len() || forecast::is_settled(&evidence, all / rows as f64) {
                start.seen = seen;
                return Ok(start);
            }
            // How a list of layers is wired does not depend on rows.
            units = model.layers().map(|_| start.units);
        }
        unreachable!("the last look returns")
    }

    fn probe(&mut self, look: usize, batch: Batch<'a>) -> Result<&mut Probe<'a>> {
        let (model, loss) = (self.model, self.loss);
        let kept = if look == 0 { self.gradients } else { Gradients::OfLayers };
        Ok(match &mut self.probes[look] {
            Some(probe) => probe,
            none => none.insert(Probe::new(model, loss, batch, kept)?),
        })
    }

    /// What the first look's last pass shows beside layers.
    fn seen(&self, batch: Batch<'_>, weights: &Weights) -> Result<Seen> {
        let probe = self.probes[0].as_ref().expect("it has just run");
        let step = Step {
            learning_rate: self.horizon.effective_learning_rate,
            rule: self.horizon.step_rule,
            epsilon: self.horizon.epsilon,
        };
        let backward = match probe.backward() {
            Some(backward) => backward,
            None => {
                underflow::Planned::new(self.model, self.loss, weights, batch)?.measure_backward()
            }
        };
        let updates = probe.updates(&step).into_iter().map(Update::from).collect();
        let (work, weights, is_closed) = (probe.work(), weights.elements(), probe.is_closed());
        Ok(Seen { backward, updates, work, weights, looked: 0, is_closed })
    }
}

/// Instruments, planned when they are first needed, for starts of any number.
struct Reader<'a> {
    model: &'a Model,
    loss: &'a Loss,
    rows: &'a Rows<'a>,
    horizon: Horizon,
    extent: Extent,
    /// The first start.
    first: &'a Start,
    instruments: Option<Instruments<'a>>,
}

impl<'a> Reader<'a> {
    fn new(
        model: &'a Model,
        loss: &'a Loss,
        rows: &'a Rows<'a>,
        (horizon, extent): (Horizon, Extent),
        first: &'a Start,
    ) -> Self {
        Self { model, loss, rows, horizon, extent, first, instruments: None }
    }

    /// What the instruments read of a start whose numbers are finite.
    fn read(&mut self, start: &Start, weights: &Weights) -> Result<Option<Readings>> {
        let measurement = &start.measurement;
        let is_finite = measurement.first_non_finite().is_none() && measurement.loss.is_finite();
        let (Some(seen), Some(first)) = (&start.seen, &self.first.seen) else { return Ok(None) };
        if !is_finite {
            return Ok(None);
        }
        let Self { model, loss, rows, horizon, extent, .. } = *self;
        let paid = (rows.epoch(), extent);
        let planned = || Instruments::new(model, loss, rows.few(), first, horizon, paid);
        let instruments = self.instruments.get_or_insert_with(planned);
        instruments.read(weights, measurement, seen).map(Some)
    }
}

impl Start {
    fn evidence<'a>(&'a self, horizon: Horizon, readings: Option<&'a Readings>) -> Evidence<'a> {
        Evidence { measurement: &self.measurement, units: &self.units, horizon, readings }
    }

    fn symmetry(
        &self,
        model: &Model,
        loss: &Loss,
        weights: &Weights,
        batch: Batch<'_>,
        options: Options,
    ) -> Result<Symmetry> {
        let classes = Symmetry::new(model, weights, options, &self.units);
        classes.confirmed(model, loss, weights, batch, &self.units)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::evidence::StepRule;
    use crate::data::{LoadOptions, PrepareOptions, load, prepare};
    use crate::init::{Rules, for_model};

    #[test]
    fn instruments_are_read_over_seeds_five_at_most() {
        let model: Model = "64 -> 2x8 tanh -> 10".parse().unwrap();
        let raw = load("digits", &LoadOptions::default()).unwrap();
        let data = prepare(raw, &PrepareOptions::default()).unwrap().train;
        let draw = |number: usize| for_model(&model, &Rules::new("he-normal"), number as u64);
        let (loss, horizon) = (Loss::CrossEntropy, Horizon::SAMPLE);
        let all =
            Diagnosis::over_seeds(&model, &loss, 7, draw, &data, horizon, Extent::All).unwrap();
        let one = |number: usize| {
            let weights = draw(number).unwrap();
            Diagnosis::claimed(&model, &loss, &weights, &[], &data, horizon, Extent::All).unwrap()
        };
        let singles: Vec<Diagnosis> = (0..7).map(one).collect();
        let over = |values: &dyn Fn(&Diagnosis) -> f64, count: usize| {
            Estimate::of(&singles[..count].iter().map(values).collect::<Vec<f64>>())
        };
        let of = |d: &Diagnosis| d.readings.clone().unwrap();
        let read = &all.readings_over_seeds;
        assert_eq!(read["loss"], over(&|d| d.measurement.loss, 7));
        assert_eq!(read["sharpness"], over(&|d| of(d).sharpness.unwrap(), READ_SEEDS));
        assert_eq!(
            read["jacobian_condition"],
            over(&|d| of(d).jacobian_condition.unwrap(), READ_SEEDS)
        );
        assert!(read["sharpness"].standard_error > 0.0);
        assert_eq!(all.readings, singles[0].readings);
        assert!(singles[0].readings_over_seeds.is_empty(), "one start says nothing of others");
    }

    /// One plan takes the weights of all seeds: what it reads of the second is what a fresh one
    /// reads, statistics that are held, gains and Adam's own scale too.
    #[test]
    fn instruments_that_were_planned_for_one_start_read_another_alike() {
        let raw = load("digits", &LoadOptions::default()).unwrap();
        let data = prepare(raw, &PrepareOptions::default()).unwrap().train;
        let loss = Loss::CrossEntropy;
        let adam = Horizon { step_rule: StepRule::Normalized, epsilon: 1e-8, ..Horizon::SAMPLE };
        for (model, horizon) in [
            ("64 -> 2x8 batch_norm relu -> 10", Horizon::SAMPLE),
            ("64 -> 2x8 layer_norm tanh -> 10", adam),
            ("64 -> 5x8 tanh -> 10", Horizon { effective_learning_rate: 30.0, ..Horizon::SAMPLE }),
        ] {
            let model: Model = model.parse().unwrap();
            let rows = Rows::of(&model, &loss, &data).unwrap();
            let of_seed = |seed| {
                let weights = for_model(&model, &Rules::new("he-normal"), seed).unwrap();
                let mut look = Look::new(&model, &loss, &rows, horizon, Gradients::OfAll);
                (look.at(&weights).unwrap(), weights)
            };
            let (first, _) = of_seed(0);
            let reader = || Reader::new(&model, &loss, &rows, (horizon, Extent::All), &first);
            let mut planned = reader();
            for seed in 0..3 {
                let (start, weights) = of_seed(seed);
                let fresh = reader().read(&start, &weights).unwrap();
                assert!(fresh.is_some());
                assert_eq!(planned.read(&start, &weights).unwrap(), fresh, "{model}, {seed}");
            }
        }
    }
}
