//! A training run with its folder: every epoch is written down, a stopped run can go on.

use std::num::NonZero;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::checkpoint::{Checkpoint, Progress};
use super::course::Course;
use super::loop_control::{Finish, Interrupt, Observer};
use super::metrics::Metrics;
use super::run_folder::{MetricsLog, RunFolder, Versions};
use super::session::{Position, Rows, Session};
use super::watch::Watch;
use crate::data::Prepared;
use crate::error::{Error, Result};
use crate::spec::{Model, Spec, Task};
use crate::weights::Weights;

/// A checkpoint waits for the disk three times, so short epochs share one.
const BETWEEN_CHECKPOINTS: Duration = Duration::from_secs(5);

/// How a run went.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// How it ended.
    pub finish: Finish,
    /// Every epoch, those before a resumption included.
    pub epochs: Vec<Metrics>,
    /// The run's folder.
    pub folder: String,
}

/// How a run went that wrote nothing down.
#[derive(Clone, Debug, PartialEq)]
pub struct Trained {
    /// How it ended.
    pub finish: Finish,
    /// Every epoch.
    pub epochs: Vec<Metrics>,
    /// The weights at its end.
    pub weights: Weights,
}

/// A run that has been checked and waits to start, or to go on.
pub struct Run<'d> {
    session: Session<'d>,
    watched: Option<NonZero<u64>>,
    seconds: f64,
    fingerprint: u64,
    task: Task,
}

impl<'d> Run<'d> {
    /// A run from `weights`.
    ///
    /// # Errors
    /// If model, weights and data do not fit each other, or a setting is unknown.
    pub fn new(spec: &Spec, model: &Model, weights: &Weights, data: &'d Prepared) -> Result<Self> {
        let seed = *spec.train.seeds.first().ok_or_else(|| Error::Setting {
            place: "train.seeds".to_owned(),
            found: "no seed".to_owned(),
            expected: "at least one".to_owned(),
        })?;
        let course = Course::new(spec, data.task, seed)?;
        let session = Session::new(model, weights, course, Rows::new(spec, data)?)?;
        let (fingerprint, task) = (data.fingerprint(), data.task);
        Ok(Self { session, watched: None, seconds: 0.0, fingerprint, task })
    }

    /// A run that goes on from the checkpoint in `folder`, to the bits of one never stopped.
    ///
    /// # Errors
    /// If the folder holds no checkpoint of this model.
    pub fn resume(
        spec: &Spec,
        model: &Model,
        data: &'d Prepared,
        folder: &RunFolder,
    ) -> Result<Self> {
        let Checkpoint { weights, optimizer, progress } = folder.load_for(model)?;
        let mut run = Self::new(spec, model, &weights, data)?;
        if progress.data != run.fingerprint {
            return Err(Error::Setting {
                place: "data".to_owned(),
                found: "other rows than those the run was started with".to_owned(),
                expected: "the same rows, in the same order; start a new run for new data"
                    .to_owned(),
            });
        }
        let position = Position {
            epoch: progress.epoch,
            batch: progress.batch,
            step: progress.step,
            loss_sum: progress.loss_sum,
            early_stopping: progress.early_stopping,
        };
        run.session.resume(&weights, &optimizer, position)?;
        run.seconds = progress.seconds;
        Ok(run)
    }

    /// Checks the weights every so many steps, the first ones included.
    ///
    /// A check costs one forward and one backward pass over at most 2048 rows and the search for
    /// equal units; it changes no bit of the run.
    #[must_use]
    pub fn watched(self, every: NonZero<u64>) -> Self {
        Self { watched: Some(every), ..self }
    }

    /// Trains to the end, writing every epoch, every check and a checkpoint into `folder`.
    ///
    /// # Errors
    /// If the folder cannot be written; one in which the run never began is removed.
    pub fn train(
        mut self,
        folder: &RunFolder,
        observer: &mut dyn Observer,
        interrupt: &Interrupt,
    ) -> Result<Summary> {
        let mut log = self.begin(folder).inspect_err(|_| folder.remove_unstarted())?;
        let mut saved = Instant::now();
        let finish = loop {
            let known = self.session.history().len();
            let finish = self.session.advance(observer, interrupt)?;
            for metrics in &self.session.history()[known..] {
                log.append(metrics)?;
                self.seconds += metrics.seconds;
            }
            let diverged = matches!(finish, Some(Finish::Diverged(_)));
            if !diverged && (finish.is_some() || saved.elapsed() >= BETWEEN_CHECKPOINTS) {
                self.save(folder)?;
                saved = Instant::now();
            }
            if let Some(finish) = finish {
                break finish;
            }
        };
        observer.on_finish(&finish);
        let path = folder.path().display().to_string();
        Ok(Summary { finish, epochs: folder.metrics()?, folder: path })
    }

    /// Opens the records, and saves the start of a run that has done no step.
    fn begin(&mut self, folder: &RunFolder) -> Result<MetricsLog> {
        let log = folder.append_metrics(self.session.position().epoch)?;
        if let Some(every) = self.watched {
            self.session.watch(Watch::open(folder, every, self.session.position().step)?);
        }
        if self.session.position().step == 0 {
            self.save(folder)?;
        }
        Ok(log)
    }

    /// Trains to the end and writes nothing.
    ///
    /// # Errors
    /// If the weights cannot be evaluated.
    pub fn train_in_memory(
        mut self,
        observer: &mut dyn Observer,
        interrupt: &Interrupt,
    ) -> Result<Trained> {
        let finish = self.session.run(observer, interrupt)?;
        let epochs = self.session.history().to_vec();
        Ok(Trained { finish, epochs, weights: self.session.weights() })
    }

    fn save(&self, folder: &RunFolder) -> Result<()> {
        let position = self.session.position();
        folder.save(&Checkpoint {
            weights: self.session.weights(),
            optimizer: self.session.optimizer_state(),
            progress: Progress {
                epoch: position.epoch,
                step: position.step,
                seed: self.session.seed(),
                batch: position.batch,
                loss_sum: position.loss_sum,
                seconds: self.seconds,
                early_stopping: position.early_stopping.clone(),
                data: self.fingerprint,
                task: Some(self.task),
                versions: Versions::current(),
            },
        })
    }
}
