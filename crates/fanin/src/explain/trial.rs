//! One small network from one start, trained a while and watched.

use super::figure::Zone;
use super::start::{Start, StartPass};
use super::words::percent;
use crate::check::symmetry;
use crate::data::Prepared;
use crate::error::{Error, Result};
use crate::init::{Rules, for_model};
use crate::spec::{Loss, Model, Task};
use crate::train::Interrupt;
use crate::train::evaluation::Evaluator;
use crate::train::hyperparameters::Settings;
use crate::train::optimizers;
use crate::train::sampler::permutation_into;
use crate::train::step::TrainingPass;
use crate::weights::Weights;

/// Rows of a training step.
pub const BATCH: usize = 32;

/// Step size of gradient descent.
pub const LEARNING_RATE: f64 = 0.1;

/// The share of test rows answered rightly from which a network counts as having learned.
pub const LEARNED: f64 = 0.8;

/// Above this many times the loss of an output of 0 a start answers wrongly with certainty.
const TOO_LARGE: f64 = 3.0;

/// The largest loss that a chart tells from larger ones.
pub const LARGEST_LOSS: f64 = 1e4;

/// By how much the steps grow at which a run is looked at.
const STRIDE: f64 = 1.2;

/// A network, its start and how long it is trained.
#[derive(Clone, Debug)]
pub struct Trial<'d> {
    /// Rows to learn from and to be judged by.
    pub data: &'d Prepared,
    /// The network.
    pub model: Model,
    /// The scheme of its starting weights; biases start at 0.
    pub scheme: String,
    /// Steps of gradient descent, of 32 rows each, after which the run is looked at, in
    /// order; 0 is before the first.
    pub stops: Vec<u64>,
    /// Seed of weights and order.
    pub seed: u64,
}

/// What was seen of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The start, measured by one pass forward and one backward.
    pub start: Start,
    /// Hidden units that can ever differ, of all.
    pub units: (usize, usize),
    /// Loss and accuracy on the test rows at growing steps, from 0 on.
    pub moments: Vec<Moment>,
    /// The step after which numbers had left the range of floating point, if they did.
    pub diverged: Option<u64>,
}

/// How good a network is after some steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// Steps done.
    pub step: u64,
    /// Mean loss on the test rows.
    pub loss: f64,
    /// Share of test rows answered rightly.
    pub accuracy: f64,
}

impl Record {
    /// Share of test rows answered rightly in the end; NaN for a run that diverged.
    pub fn accuracy(&self) -> f64 {
        let end = self.moments.last().filter(|_| self.diverged.is_none());
        end.map_or(f64::NAN, |moment| moment.accuracy)
    }

    /// What training came to: `98 %`, or that numbers left the range of floating point.
    pub fn ending(&self) -> String {
        match self.diverged {
            Some(_) => "numbers too large for floating point".to_owned(),
            None => percent(self.accuracy()),
        }
    }

    /// How the training went.
    pub fn zone(&self) -> Zone {
        let layers = self.start.gradient_norms.len().saturating_sub(1);
        let lost = self.start.loss / self.start.loss_of_zero_output;
        if self.diverged.is_some() {
            Zone::Diverges
        } else if self.learned().is_some() {
            Zone::Learns
        } else if self.units.0 <= layers {
            Zone::Stuck
        } else if lost > TOO_LARGE {
            Zone::TooLarge
        } else {
            Zone::Slow
        }
    }

    /// The first step looked at from which the network counts as having learned.
    pub fn learned(&self) -> Option<u64> {
        self.moments.iter().find(|moment| moment.accuracy >= LEARNED).map(|moment| moment.step)
    }

    /// (step, loss) for a chart; larger losses stand at the largest shown.
    pub fn losses(&self) -> Vec<[f64; 2]> {
        let finite = self.moments.iter().filter(|moment| moment.loss.is_finite());
        finite.map(|moment| [moment.step as f64, moment.loss.min(LARGEST_LOSS)]).collect()
    }
}

impl Trial<'_> {
    /// Trains and looks; `look` sees the weights whenever the run is looked at.
    ///
    /// # Errors
    /// If network and data do not fit each other, or [`Error::Interrupted`].
    pub(super) fn run(
        &self,
        bench: &mut Bench,
        interrupt: &Interrupt,
        look: &mut dyn FnMut(u64, &Weights),
    ) -> Result<Record> {
        let weights = self.weights()?;
        let start = bench.start.measure(&weights, &self.data.train)?;
        let units = distinct(&self.model, &weights);
        let mut run = Run::new(self, bench, &weights)?;
        let (mut moments, mut done, mut diverged) = (Vec::new(), 0, None);
        for &stop in &self.stops {
            while done < stop && diverged.is_none() {
                if interrupt.requested() {
                    return Err(Error::Interrupted);
                }
                let is_finite = run.step(done);
                done += 1;
                diverged = (!is_finite).then_some(done);
            }
            if diverged.is_some() {
                break;
            }
            let moment = run.moment(stop)?;
            diverged = (!moment.loss.is_finite()).then_some(stop);
            moments.push(moment);
            look(stop, &run.weights(&weights));
        }
        Ok(Record { start, units, moments, diverged })
    }

    /// The starting weights, measured by one pass forward and one backward.
    ///
    /// # Errors
    /// If network and data do not fit each other.
    pub(super) fn start(&self, pass: &mut StartPass) -> Result<Start> {
        pass.measure(&self.weights()?, &self.data.train)
    }

    fn weights(&self) -> Result<Weights> {
        let rules = Rules { bias: Some("zeros".to_owned()), ..Rules::new(&self.scheme) };
        for_model(&self.model, &rules, self.seed)
    }
}

/// The planned passes that a run needs, of use to every run of the same network.
pub(super) struct Bench {
    start: StartPass,
    pass: TrainingPass,
    evaluator: Evaluator,
}

impl Bench {
    /// Plans the passes of `model` over such data.
    ///
    /// # Errors
    /// If network and data do not fit each other.
    pub fn new(model: &Model, data: &Prepared) -> Result<Self> {
        let loss = Loss::CrossEntropy;
        Ok(Self {
            start: StartPass::new(model, &data.train)?,
            pass: TrainingPass::new(model, &loss, BATCH)?,
            evaluator: Evaluator::new(model, &loss, Task::Classification),
        })
    }
}

/// Hidden units that can ever differ, and all of them.
fn distinct(model: &Model, weights: &Weights) -> (usize, usize) {
    let units = symmetry::units(model, weights, symmetry::Options::default());
    let distinct = units.iter().map(symmetry::Units::effective_width).sum();
    (distinct, units.iter().map(symmetry::Units::width).sum())
}

/// Steps to look at a run: every one at first, then fewer and fewer, and the last.
pub fn stops(last: u64) -> Vec<u64> {
    let mut stops = vec![0];
    let mut next = 1;
    while next < last {
        stops.push(next);
        next = (next + 1).max((next as f64 * STRIDE) as u64);
    }
    stops.push(last);
    stops
}

/// A run under way.
struct Run<'t> {
    trial: &'t Trial<'t>,
    bench: &'t mut Bench,
    optimizer: Box<dyn optimizers::Optimizer<f32>>,
    parameters: Vec<Vec<f32>>,
    order: Vec<usize>,
}

impl<'t> Run<'t> {
    fn new(trial: &'t Trial<'t>, bench: &'t mut Bench, weights: &Weights) -> Result<Self> {
        let network = bench.pass.network();
        let parameters = network.arrange(weights)?;
        let shapes = network.graph.parameters().iter().map(|&w| network.graph.shape(w).clone());
        let layout: Vec<_> = network.names.iter().cloned().zip(shapes).collect();
        let settings = Settings::from([("momentum".to_owned(), 0.0)]);
        let optimizer = optimizers::find("sgd")?.build_f32(&settings, &layout)?;
        Ok(Self { trial, bench, optimizer, parameters, order: Vec::new() })
    }

    fn moment(&mut self, step: u64) -> Result<Moment> {
        let data = self.trial.data.test.as_ref().unwrap_or(&self.trial.data.train);
        let found = self.bench.evaluator.evaluate(&self.parameters, data)?;
        Ok(Moment { step, loss: found.loss, accuracy: found.score })
    }

    /// One step; whether loss and gradients were finite.
    fn step(&mut self, step: u64) -> bool {
        let train = &self.trial.data.train;
        let batches = (train.rows() / BATCH) as u64;
        let (epoch, batch) = (step / batches, (step % batches) as usize);
        if batch == 0 {
            permutation_into(self.trial.seed, epoch, train.rows(), &mut self.order);
        }
        let rows = &self.order[batch * BATCH..(batch + 1) * BATCH];
        self.bench.pass.feed(|features, targets| train.gather(rows, features, targets, 0.0));
        let loss = self.bench.pass.run(&self.parameters, self.trial.seed, step);
        let norm = self.bench.pass.clip(crate::train::Clip::None);
        if !(loss.is_finite() && norm.is_finite()) {
            return false;
        }
        self.optimizer.begin_step(LEARNING_RATE);
        for (index, parameter) in self.parameters.iter_mut().enumerate() {
            self.optimizer.update(index, parameter, self.bench.pass.gradient(index), 0.0);
        }
        true
    }

    fn weights(&self, like: &Weights) -> Weights {
        let names = &self.bench.pass.network().names;
        let tensor = |(name, data): (&String, &Vec<f32>)| {
            let shape = like.get(name).expect("a run keeps its parameters").shape().clone();
            let tensor = fanin_engine::Tensor::new(shape, data.clone());
            (name.clone(), tensor.expect("parameters keep their shapes"))
        };
        Weights { tensors: names.iter().zip(&self.parameters).map(tensor).collect() }
    }
}
