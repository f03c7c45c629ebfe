//! One training run: weights in, better weights out, the same bits on any number of threads.
//!
//! A session knows where it stands (epoch and step) and can be put down in a checkpoint and
//! taken up again: the order of the rows is a function of seed and epoch, dropout of seed and
//! step, so a resumed run continues to the same bits.

use std::borrow::Cow;

use fanin_engine::tensor::Shape;

use super::clip::Clip;
use super::course::Course;
use super::early_stopping::{Decision, EarlyStopping};
use super::evaluation::{Evaluation, Evaluator};
use super::learning::{GradientWatch, Learning};
use super::loop_control::{Divergence, Finish, Interrupt, Observer};
use super::metrics::Metrics;
use super::optimizers::lbfgs::Lbfgs;
use super::optimizers::{Optimizer, OptimizerState, Work};
use super::sampler::{Batches, permutation_into};
use super::step::TrainingPass;
use super::watch::{Check, Watch};
use crate::check::Diagnosis;
use crate::check::probe::{self, Batch};
use crate::data::{self, Dataset, Prepared};
use crate::error::Result;
use crate::spec::{Model, Spec};
use crate::weights::Weights;

/// The rows that a run learns from and is judged by.
#[derive(Clone, Debug)]
pub struct Rows<'d> {
    /// Rows to learn from.
    pub train: Cow<'d, Dataset>,
    /// Rows that early stopping watches.
    pub validation: Option<Cow<'d, Dataset>>,
    /// Rows that no decision depends on.
    pub test: Option<&'d Dataset>,
}

impl<'d> Rows<'d> {
    /// The rows of `data`, with the share that `spec` sets aside for validation.
    ///
    /// # Errors
    /// If a part would have no rows.
    pub fn new(spec: &Spec, data: &'d Prepared) -> Result<Self> {
        let test = data.test.as_ref();
        let fraction = spec.train.validation_fraction;
        if fraction == 0.0 {
            return Ok(Self { train: Cow::Borrowed(&data.train), validation: None, test });
        }
        let share = fraction / (1.0 - spec.train.test_fraction);
        let parts = data::split(&data.train, share, 0)?;
        Ok(Self {
            train: Cow::Owned(data.train.select(&parts.train)),
            validation: Some(Cow::Owned(data.train.select(&parts.test))),
            test,
        })
    }
}

/// Where a run stands.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Position {
    /// Whole epochs done.
    pub epoch: u64,
    /// Batches done in the epoch under way.
    pub batch: u64,
    /// Steps done in all.
    pub step: u64,
    /// Sum of the losses of the batches of the epoch under way, each times its rows.
    pub loss_sum: f64,
    /// What early stopping remembers.
    pub early_stopping: Option<EarlyStopping>,
}

enum Learner {
    /// Gradients are kept, for they are clipped before any step.
    Clipped(Box<dyn Optimizer<f32>>),
    /// Parameters change as gradients are made.
    Steps(Box<dyn Optimizer<f32>>, GradientWatch),
    Search(Box<Lbfgs<f32>>),
}

/// One training run.
pub struct Session<'d> {
    course: Course,
    model: Model,
    rows: Rows<'d>,
    batches: Batches,
    passes: Vec<TrainingPass>,
    evaluator: Evaluator,
    learner: Learner,
    names: Vec<String>,
    shapes: Vec<Shape>,
    parameters: Vec<Vec<f32>>,
    decays: Vec<f64>,
    order: Vec<usize>,
    position: Position,
    gradient_norm: f64,
    converged: bool,
    history: Vec<Metrics>,
    watch: Option<Watch>,
}

impl<'d> Session<'d> {
    /// A run from `weights` along `course`.
    ///
    /// # Errors
    /// If weights, data and model do not fit each other, or the batch is larger than the data.
    pub fn new(model: &Model, weights: &Weights, course: Course, rows: Rows<'d>) -> Result<Self> {
        let batches = course.batches(rows.train.rows())?;
        let course = course.scheduled(batches.count())?;
        let sizes = [batches.range(0).len(), batches.range(batches.count() - 1).len()];
        let by_steps = matches!(course.method.work, Work::Gradients { .. });
        let changes = by_steps && course.clip == Clip::None;
        let pass = if changes { TrainingPass::changing } else { TrainingPass::new };
        let mut passes = vec![pass(model, &course.loss, sizes[0])?];
        if sizes[1] != sizes[0] {
            passes.push(pass(model, &course.loss, sizes[1])?);
        }
        let network = passes[0].network();
        let parameters = network.arrange(weights)?;
        let shapes: Vec<Shape> =
            network.graph.parameters().iter().map(|&w| network.graph.shape(w).clone()).collect();
        let names = network.names.clone();
        let trained = &network.trained;
        let layout: Vec<(String, Shape)> =
            trained.iter().map(|&p| (names[p].clone(), shapes[p].clone())).collect();
        let learner = match course.method.work {
            Work::Gradients { .. } => {
                let optimizer = course.method.build_f32(&course.settings, &layout)?;
                if changes {
                    Learner::Steps(optimizer, GradientWatch::new(layout.iter().map(|(_, s)| s)))
                } else {
                    Learner::Clipped(optimizer)
                }
            }
            Work::Evaluations => {
                Learner::Search(Box::new(Lbfgs::new(course.search_options()?, &layout)))
            }
        };
        let decays = trained.iter().map(|&p| course.decay_of(&shapes[p])).collect();
        let early_stopping = course.early_stopping.clone();
        Ok(Self {
            evaluator: Evaluator::new(model, &course.loss, course.task),
            model: model.clone(),
            position: Position { early_stopping, ..Position::default() },
            order: Vec::new(),
            gradient_norm: 0.0,
            converged: false,
            history: Vec::new(),
            watch: None,
            course,
            rows,
            batches,
            passes,
            learner,
            names,
            shapes,
            parameters,
            decays,
        })
    }

    /// Trains until the course ends, early stopping, an interruption or divergence.
    ///
    /// # Errors
    /// If the weights cannot be evaluated.
    pub fn run(&mut self, observer: &mut dyn Observer, interrupt: &Interrupt) -> Result<Finish> {
        loop {
            if let Some(finish) = self.advance(observer, interrupt)? {
                observer.on_finish(&finish);
                return Ok(finish);
            }
        }
    }

    /// Trains to the end of the epoch; gives how the run ended, if it did.
    ///
    /// # Errors
    /// If the weights cannot be evaluated.
    pub fn advance(
        &mut self,
        observer: &mut dyn Observer,
        interrupt: &Interrupt,
    ) -> Result<Option<Finish>> {
        if let Some(watch) = self.position.early_stopping.as_ref().filter(|w| w.has_stopped()) {
            return Ok(Some(Finish::StoppedEarly { best_step: watch.best_step().unwrap_or(0) }));
        }
        if self.position.epoch >= self.course.epochs {
            return Ok(Some(Finish::Completed));
        }
        let started = std::time::Instant::now();
        if self.position.step == 0 {
            self.check(observer)?;
        }
        self.order_rows();
        while (self.position.batch as usize) < self.batches.count() {
            if interrupt.requested() {
                return Ok(Some(Finish::Interrupted));
            }
            let loss = self.step();
            if !(loss.is_finite() && self.gradient_norm.is_finite()) {
                return Ok(Some(Finish::Diverged(self.divergence()?)));
            }
            observer.on_step(self.position.step, self.total_steps(), loss);
            self.check(observer)?;
        }
        let metrics = self.finish_epoch(started.elapsed().as_secs_f64())?;
        observer.on_epoch(&metrics);
        let stopped = self.stops_early()?;
        let done = self.converged || self.position.epoch >= self.course.epochs;
        Ok(stopped.or(done.then_some(Finish::Completed)))
    }

    /// Takes up to `count` steps and nothing else: no epoch is evaluated, none is recorded. Gives
    /// the last step's loss, not finite where the run diverged; NaN for no step.
    pub fn steps(&mut self, count: usize) -> f64 {
        let mut loss = f64::NAN;
        for _ in 0..count {
            if self.position.batch as usize >= self.batches.count() {
                self.position.epoch += 1;
                self.position.batch = 0;
                self.position.loss_sum = 0.0;
            }
            if self.position.batch == 0 {
                self.order_rows();
            }
            loss = self.step();
            if !(loss.is_finite() && self.gradient_norm.is_finite()) {
                return f64::NAN;
            }
        }
        loss
    }

    /// Trains so many steps, over the ends of epochs; gives how the run ended, if it did.
    ///
    /// # Errors
    /// If the weights cannot be evaluated.
    pub fn take_steps(&mut self, count: u64, interrupt: &Interrupt) -> Result<Option<Finish>> {
        for _ in 0..count {
            if interrupt.requested() {
                return Ok(Some(Finish::Interrupted));
            }
            if self.position.epoch >= self.course.epochs || self.converged {
                return Ok(Some(Finish::Completed));
            }
            if self.position.batch == 0 {
                self.order_rows();
            }
            let loss = self.step();
            if !(loss.is_finite() && self.gradient_norm.is_finite()) {
                return Ok(Some(Finish::Diverged(self.divergence()?)));
            }
            if self.position.batch as usize == self.batches.count() {
                self.finish_epoch(0.0)?;
            }
        }
        Ok(None)
    }

    /// Loss and score of the weights as they are.
    ///
    /// # Errors
    /// If `data` do not fit the model.
    pub fn evaluate(&mut self, data: &Dataset) -> Result<Evaluation> {
        self.evaluator.evaluate(&self.parameters, data)
    }

    /// Checks the weights where the watch asks for it, without a say in the training.
    fn check(&mut self, observer: &mut dyn Observer) -> Result<()> {
        let step = self.position.step;
        if !self.watch.as_ref().is_some_and(|watch| watch.is_due(step)) {
            return Ok(());
        }
        let diagnosis = self.diagnose()?;
        match &mut self.watch {
            Some(watch) => watch.note(Check::new(step, &diagnosis), observer),
            None => Ok(()),
        }
    }

    /// The weights as they are, judged as if the whole course began with them.
    ///
    /// # Errors
    /// If the weights cannot be measured.
    pub fn diagnose(&self) -> Result<Diagnosis> {
        let horizon = self.course.horizon(self.rows.train.rows())?;
        let (weights, data) = (self.weights(), &self.rows.train);
        Diagnosis::new(&self.model, &self.course.loss, &weights, data, horizon)
    }

    /// Has the weights checked every few steps from here on.
    pub fn watch(&mut self, watch: Watch) {
        self.watch = Some(watch);
    }

    /// Rows that all stand in one batch keep one order, so that sums over them keep their bits.
    fn order_rows(&mut self) {
        let rows = self.rows.train.rows();
        if self.batches.count() == 1 {
            self.order.clear();
            self.order.extend(0..rows);
        } else {
            permutation_into(self.course.seed, self.position.epoch, rows, &mut self.order);
        }
    }

    /// One step on the next batch; gives its loss.
    fn step(&mut self) -> f64 {
        let rows = &self.order[self.batches.range(self.position.batch as usize)];
        let wide = usize::from(rows.len() != self.passes[0].rows());
        let pass = &mut self.passes[wide];
        let (data, smoothing) = (&self.rows.train, self.course.label_smoothing);
        pass.feed(|features, targets| data.gather(rows, features, targets, smoothing));
        let (seed, step) = (self.course.seed, self.position.step);
        let learning_rate = self.course.learning_rate_at(step, self.batches.count());
        let loss = match &mut self.learner {
            Learner::Steps(optimizer, watch) => {
                let ends_epoch = self.position.batch as usize + 1 == self.batches.count();
                watch.begin(ends_epoch);
                let mut learning = Learning {
                    optimizer: &mut **optimizer,
                    learning_rate,
                    decays: &self.decays,
                    watch: Some(watch),
                };
                let loss = pass.learn(&mut self.parameters, &mut learning, seed, step);
                let before = Some(self.gradient_norm).filter(|norm| norm.is_finite());
                self.gradient_norm = watch.norm().or(before).unwrap_or(0.0);
                if loss.is_finite() && self.gradient_norm.is_finite() {
                    pass.track_statistics(&mut self.parameters);
                }
                loss
            }
            Learner::Clipped(optimizer) => {
                let loss = pass.run(&self.parameters, seed, step);
                self.gradient_norm = pass.clip(self.course.clip);
                if loss.is_finite() && self.gradient_norm.is_finite() {
                    pass.track_statistics(&mut self.parameters);
                    optimizer.begin_step(learning_rate);
                    for (index, &decay) in self.decays.iter().enumerate() {
                        let parameter = &mut self.parameters[pass.network().trained[index]];
                        optimizer.update(index, parameter, pass.gradient(index), decay);
                    }
                }
                loss
            }
            Learner::Search(search) => {
                let progress = pass.search(search, &mut self.parameters, &self.decays, seed, step);
                self.gradient_norm = progress.gradient_norm;
                self.converged = progress.stop.is_some() && !pass.is_random();
                progress.loss
            }
        };
        let rows = pass.rows() as f64;
        self.position.loss_sum += loss * rows;
        self.position.batch += 1;
        self.position.step += 1;
        loss
    }

    fn finish_epoch(&mut self, seconds: f64) -> Result<Metrics> {
        let rows = self.rows.train.rows() as f64;
        let test = match self.rows.test {
            Some(data) => Some(self.evaluator.evaluate(&self.parameters, data)?),
            None => None,
        };
        let last = self.position.step - 1;
        let learning_rate = self.course.learning_rate_at(last, self.batches.count());
        let metrics = Metrics {
            epoch: self.position.epoch + 1,
            step: self.position.step,
            train_loss: self.position.loss_sum / rows,
            test_loss: test.map(|t| t.loss),
            accuracy: test.map(|t| t.score),
            learning_rate,
            gradient_norm: self.gradient_norm,
            seconds,
        };
        self.position.epoch += 1;
        self.position.batch = 0;
        self.position.loss_sum = 0.0;
        self.history.push(metrics);
        Ok(metrics)
    }

    fn stops_early(&mut self) -> Result<Option<Finish>> {
        let (Some(watch), Some(data)) = (&mut self.position.early_stopping, &self.rows.validation)
        else {
            return Ok(None);
        };
        let loss = self.evaluator.evaluate(&self.parameters, data)?.loss;
        let stop = watch.observe(self.position.step, loss) == Decision::Stop;
        let best_step = watch.best_step().unwrap_or(0);
        Ok(stop.then_some(Finish::StoppedEarly { best_step }))
    }

    /// Where the numbers stopped being finite, found by one more pass over the last batch.
    fn divergence(&self) -> Result<Divergence> {
        let step = self.position.step;
        let is_loss_finite = self.position.loss_sum.is_finite();
        // What a step goes by comes before what it leads to.
        if let (true, Learner::Steps(_, watch)) = (is_loss_finite, &self.learner)
            && let Some((n, bad)) = watch.first_non_finite()
        {
            let p = self.passes[0].network().trained[n];
            let of = self.parameters[p].len();
            return Ok(Divergence::counted(step, "gradient", &self.names[p], (bad, of)));
        }
        let names = self.names.iter().map(String::as_str);
        let weights = names.zip(self.parameters.iter().map(Vec::as_slice));
        if let Some(found) = Divergence::find(step, "weights", weights) {
            return Ok(found);
        }
        let rows = &self.order[self.batches.range(self.position.batch as usize - 1)];
        let pass = self.passes.iter().find(|pass| pass.rows() == rows.len());
        let pass = pass.expect("every size of batch has its pass");
        if is_loss_finite && !matches!(self.learner, Learner::Steps(..)) {
            let trained = pass.network().trained.iter().enumerate();
            let gradients = trained.map(|(n, &p)| (self.names[p].as_str(), pass.gradient(n)));
            if let Some(found) = Divergence::find(step, "gradient", gradients) {
                return Ok(found);
            }
        }
        let data = &self.rows.train;
        let mut features = vec![0.0; rows.len() * data.columns()];
        let mut targets = vec![0.0; rows.len() * data.target_columns()];
        data.gather(rows, &mut features, &mut targets, self.course.label_smoothing);
        let batch = Batch { rows: rows.len(), features: &features, targets: &targets };
        let measured = probe::measure(&self.model, &self.course.loss, &self.weights(), batch)?;
        let layer = measured.first_non_finite().unwrap_or("loss").to_owned();
        Ok(Divergence { step, layer, what: "activations overflow".to_owned() })
    }

    /// Steps of the whole course.
    pub fn total_steps(&self) -> u64 {
        self.course.epochs * self.batches.count() as u64
    }

    /// Metrics of every epoch that this session ran.
    pub fn history(&self) -> &[Metrics] {
        &self.history
    }

    /// The seed of row order and dropout.
    pub fn seed(&self) -> u64 {
        self.course.seed
    }

    /// Where the run stands.
    pub fn position(&self) -> &Position {
        &self.position
    }

    /// The weights as they are.
    pub fn weights(&self) -> Weights {
        let tensors = self.names.iter().zip(&self.shapes).zip(&self.parameters);
        let tensor = |((name, shape), data): ((&String, &Shape), &Vec<f32>)| {
            let tensor = fanin_engine::Tensor::new(shape.clone(), data.clone());
            (name.clone(), tensor.expect("parameters keep their shapes"))
        };
        Weights { tensors: tensors.map(tensor).collect() }
    }

    /// What the optimizer remembers.
    pub fn optimizer_state(&self) -> OptimizerState {
        match &self.learner {
            Learner::Steps(optimizer, _) | Learner::Clipped(optimizer) => optimizer.state(),
            Learner::Search(search) => search.state(),
        }
    }

    /// Goes on from where another session stood, to the same bits.
    ///
    /// # Errors
    /// If the state is that of another optimizer or model.
    pub fn resume(
        &mut self,
        weights: &Weights,
        state: &OptimizerState,
        position: Position,
    ) -> Result<()> {
        let parameters = self.passes[0].network().arrange(weights)?;
        match &mut self.learner {
            Learner::Steps(optimizer, _) | Learner::Clipped(optimizer) => {
                optimizer.restore(state)?;
            }
            Learner::Search(search) => search.restore(state)?,
        }
        self.parameters = parameters;
        self.position = position;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
