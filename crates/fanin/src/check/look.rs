//! Starts as passes through a network see them: on few rows first, and on more where these leave a doubt.

use std::sync::OnceLock;

use super::evidence::{Evidence, Horizon};
use super::features::DataScales;
use super::first_rows::FirstRows;
use super::forecast;
use super::instruments::effort;
use super::instruments::pass::first;
use super::instruments::underflow;
use super::instruments::updates::Step;
use super::measurement::Measurement;
use super::probe::{Batch, Gradients, Probe};
use super::readings::{Instruments, Readings, Seen, Update};
use super::symmetry::{self, Options, Symmetry, Units};
use crate::data::Dataset;
use crate::error::Result;
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

/// Numbers that a forward and a backward pass through a graph may hold: a gigabyte in f32.
const NUMBERS: usize = 1 << 28;

/// Rows measured on at least, however large a graph is.
const FEWEST_ROWS: usize = 8;

/// What counts as equal units for the planned optimizer.
pub(super) fn options(horizon: Horizon) -> Options {
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

/// Rows of the data, gathered once for all starts, and no more than are asked for.
pub(super) struct Rows<'d> {
    data: &'d Dataset,
    /// Rows that each look sees, fewest first.
    looks: Vec<usize>,
    /// The rows of the first look, or as many as instruments see at most.
    few: FirstRows,
    all: OnceLock<FirstRows>,
    scales: DataScales,
}

impl<'d> Rows<'d> {
    pub fn of(model: &Model, loss: &Loss, data: &'d Dataset) -> Result<Self> {
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
        let scales = DataScales::of(model, loss, data);
        Ok(Self { data, looks, few, all: OnceLock::new(), scales })
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
    pub fn few(&self) -> Batch<'_> {
        self.few.batch()
    }

    pub fn epoch(&self) -> usize {
        self.data.rows()
    }
}

/// One draw of the weights, measured.
pub(super) struct Start {
    pub measurement: Measurement,
    units: Vec<Units>,
    /// None where the gradients of layers alone were kept.
    seen: Option<Seen>,
}

/// Passes on few rows and on all, each planned when it is first needed, for starts of any number.
pub(super) struct Look<'a> {
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
    pub fn new(
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
    pub fn at(&mut self, weights: &Weights) -> Result<Start> {
        let (looks, model) = (&self.rows.looks, self.model);
        let all = *looks.last().expect("there is one look") as f64;
        let (mut units, mut seen) = (None, None);
        for (index, &rows) in looks.iter().enumerate() {
            let batch = self.rows.batch(rows);
            let mut measurement = self.probe(index, batch)?.measure(weights)?;
            self.rows.scales.tell(&mut measurement);
            if index == 0 && self.gradients == Gradients::OfAll {
                seen = Some(self.seen(batch, weights)?);
            }
            if let Some(seen) = &mut seen {
                seen.looked += rows;
            }
            let own = match (units.take(), model) {
                (Some(units), _) => units,
                (None, Model::Layers(_)) => symmetry::units(model, weights, options(self.horizon)),
                (None, Model::Graph(_)) => symmetry::observed(model, self.loss, weights, batch)?,
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
pub(super) struct Reader<'a> {
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
    pub fn new(
        model: &'a Model,
        loss: &'a Loss,
        rows: &'a Rows<'a>,
        (horizon, extent): (Horizon, Extent),
        first: &'a Start,
    ) -> Self {
        Self { model, loss, rows, horizon, extent, first, instruments: None }
    }

    /// What the instruments read of a start whose numbers are finite.
    pub fn read(&mut self, start: &Start, weights: &Weights) -> Result<Option<Readings>> {
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
    pub fn evidence<'a>(
        &'a self,
        horizon: Horizon,
        readings: Option<&'a Readings>,
    ) -> Evidence<'a> {
        Evidence { measurement: &self.measurement, units: &self.units, horizon, readings }
    }

    pub fn symmetry(
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
