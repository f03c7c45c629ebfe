//! One starting point, looked at before any training.

use std::collections::BTreeMap;

use serde::Serialize;

use super::case::Case;
use super::claims;
use super::estimate::Estimate;
use super::evidence::Horizon;
use super::forecast::{self, Forecast, Verdict};
use super::look::{Look, Reader, Rows, Start, options};
use super::measurement::Measurement;
use super::probe::Gradients;
use super::readings::Readings;
use super::rules::{self, Finding, Passed};
use super::severity::Severity;
use super::symmetry::Symmetry;
use crate::data::Dataset;
use crate::error::Result;
use crate::init::Explanation;
use crate::spec::{Extent, Loss, Model};
use crate::weights::Weights;

/// Seeds at which instruments are read at most: each costs about as much as the pass itself, and a
/// standard error of five is known to a third.
pub const READ_SEEDS: usize = 5;

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
    /// What everybody has to know of the data: how numbers to learn were scaled, or that nearly all rows are
    /// of one class, as by [`Prepared::remarks`](crate::data::Prepared::remarks); empty for most.
    pub remarks: Vec<String>,
    /// What could not be looked at, and what stood in for it; empty where all could.
    pub skipped: Vec<String>,
    /// Whether part of the network was left out, so that the loss, gradients and steps are not known.
    #[serde(rename = "partial")]
    pub is_partial: bool,
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
        let few = &case.starts[..case.starts.len().min(READ_SEEDS)];
        let measurements: Vec<&Measurement> = few.iter().map(|start| start.measurement).collect();
        let first_readings = first_readings.map(|own| own.with_depth(&measurements));
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
            remarks: Vec::new(),
            skipped: Vec::new(),
            is_partial: false,
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

/// What is not known of a graph that is no list of layers, and what was left out of it.
fn skipped(model: &Model) -> Vec<String> {
    let sentence = "how units are wired is not known of a graph: units count as equal or opposite \
                    for ever where passes over a few rows and some steps find no other difference";
    if model.layers().is_some() {
        return Vec::new();
    }
    [vec![sentence.to_owned()], model.architecture().notes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
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
        let depths: Vec<_> = singles[..READ_SEEDS]
            .iter()
            .map(|d| of(d).trainable_depth.unwrap().trainable)
            .collect();
        let mut first = of(&singles[0]);
        let depth = first.trainable_depth.as_mut().unwrap();
        assert_eq!((depth.least, depth.most, depth.seeds), (depths[0], depths[0], 1));
        let layers = |depth: &&Option<usize>| depth.unwrap_or(usize::MAX);
        depth.least = *depths.iter().min_by_key(layers).unwrap();
        depth.most = *depths.iter().max_by_key(layers).unwrap();
        depth.seeds = READ_SEEDS;
        assert_eq!(all.readings, Some(first));
        assert!(singles[0].readings_over_seeds.is_empty(), "one start says nothing of others");
    }
}
