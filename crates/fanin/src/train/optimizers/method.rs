//! What the registry knows of an optimizer.

use crate::check::evidence::StepRule;
use crate::error::{Error, Result};
use crate::spec::BatchSize;
use crate::train::hyperparameters::{Hyperparameter, Settings, Values};

use super::{Layout, OPTIMIZERS, Optimizer};

/// An optimizer as its file states it.
#[derive(Debug)]
pub struct Method {
    /// The name in specs, tables and reports.
    pub name: &'static str,
    /// The change of one parameter in one step; the key is in the module's head.
    pub formula: &'static str,
    /// Where it comes from.
    pub paper: &'static str,
    /// When to take it, in one sentence.
    pub when: &'static str,
    /// The learning rate where none is given.
    pub learning_rate: f64,
    /// The weight decay where none is given.
    pub weight_decay: f64,
    /// Its other numbers.
    pub hyperparameters: &'static [Hyperparameter],
    /// The data behind each gradient, unless the user wishes otherwise.
    pub feed: Feed,
    /// How a gradient becomes a step, as forecasts need to know.
    pub step: StepRule,
    /// Whether weight decay passes through a step that is no linear function of it: equal sums of
    /// different weights then part, and only equal weights stay equal.
    pub scales_decay: bool,
    /// What it needs to take a step.
    pub work: Work,
}

/// The data behind one gradient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feed {
    /// A batch of the training data.
    Batches,
    /// All training data at once.
    Whole,
}

/// How an optimizer is built for a list of parameters.
pub type Build<T> = fn(&Values, &Layout) -> Box<dyn Optimizer<T>>;

/// What an optimizer needs to take a step.
#[derive(Clone, Copy, Debug)]
pub enum Work {
    /// One gradient.
    Gradients {
        /// Builds it for f32.
        single: Build<f32>,
        /// Builds it for f64.
        double: Build<f64>,
    },
    /// Loss and gradient at points of its own choice: see [`lbfgs`](super::lbfgs).
    Evaluations,
}

impl Method {
    /// The optimizer for f32 parameters of these names and shapes.
    ///
    /// # Errors
    /// As [`build_f64`](Self::build_f64).
    pub fn build_f32(
        &self,
        settings: &Settings,
        layout: &Layout,
    ) -> Result<Box<dyn Optimizer<f32>>> {
        let values = self.values(settings)?;
        match self.work {
            Work::Gradients { single, .. } => Ok(single(&values, layout)),
            Work::Evaluations => Err(self.needs_evaluations()),
        }
    }

    /// The optimizer for f64 parameters of these names and shapes.
    ///
    /// # Errors
    /// If a setting is unknown or out of range, or if the optimizer cannot work from one gradient
    /// at a time ([`Work::Evaluations`]).
    pub fn build_f64(
        &self,
        settings: &Settings,
        layout: &Layout,
    ) -> Result<Box<dyn Optimizer<f64>>> {
        let values = self.values(settings)?;
        match self.work {
            Work::Gradients { double, .. } => Ok(double(&values, layout)),
            Work::Evaluations => Err(self.needs_evaluations()),
        }
    }

    /// The settings, checked and completed with this optimizer's defaults.
    ///
    /// # Errors
    /// If a setting is unknown or out of range.
    pub fn values(&self, settings: &Settings) -> Result<Values> {
        Values::complete(self.name, self.hyperparameters, settings)
    }

    /// Refuses fewer rows in a step than the optimizer takes; `place` is where they were asked for.
    ///
    /// ```
    /// use fanin::spec::BatchSize;
    /// use fanin::train::optimizers::find;
    /// assert!(find("adam")?.check_rows("--batch-size", BatchSize::Rows(32)).is_ok());
    /// let refused = find("lbfgs")?.check_rows("--batch-size", BatchSize::Rows(32)).unwrap_err();
    /// assert!(refused.to_string().contains("found 32 with lbfgs, which takes all rows"));
    /// # Ok::<(), fanin::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Setting`] if it takes all rows in every step, and these are so many.
    pub fn check_rows(&self, place: &str, rows: BatchSize) -> Result<()> {
        let (Feed::Whole, BatchSize::Rows(rows)) = (self.feed, rows) else { return Ok(()) };
        let others = OPTIMIZERS.iter().filter(|method| method.feed == Feed::Batches);
        let others: Vec<&str> = others.map(|method| method.name).collect();
        Err(Error::Setting {
            place: place.to_owned(),
            found: format!("{rows} with {}, which takes all rows in every step", self.name),
            expected: format!("`full`, or one of the optimizers {}", others.join(", ")),
        })
    }

    fn needs_evaluations(&self) -> Error {
        Error::Setting {
            place: format!("optimizer `{}`", self.name),
            found: "training by batches".to_owned(),
            expected: "the whole data at once, since it searches along a line".to_owned(),
        }
    }
}
