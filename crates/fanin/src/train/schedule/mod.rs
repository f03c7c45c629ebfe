//! The registry of schedules: the learning rate as a pure function of the step.
//!
//! All places are shares of the whole run, so that another batch size or number of epochs keeps
//! the form. Key: t the step from 0, T the number of steps, both after the warm-up.
//!
//! To add one: a new file with a [`Form`], `mod x;` and `&x::FORM,` in [`SCHEDULES`].
//!
//! ```
//! use fanin::train::Schedule;
//!
//! let schedule = Schedule::new("cosine", &Default::default())?.with_warm_up(0.1)?;
//! assert_eq!(schedule.learning_rate(0.5, 0, 1000), 0.005);
//! assert_eq!(schedule.learning_rate(0.5, 100, 1000), 0.5);
//! assert!(schedule.learning_rate(0.5, 999, 1000) < 1e-5);
//! # Ok::<(), fanin::Error>(())
//! ```

mod constant;
mod step;
mod cosine;

#[cfg(test)]
mod tests;

use crate::error::{Error, Result};

use super::hyperparameters::{Hyperparameter, Range, Settings, Values};

/// Every schedule.
pub static SCHEDULES: &[&Form] = &[&constant::FORM, &step::FORM, &cosine::FORM];

/// A schedule as its file states it.
#[derive(Debug)]
pub struct Form {
    /// The name in specs, tables and reports.
    pub name: &'static str,
    /// The factor on the learning rate; the key is in the module's head.
    pub formula: &'static str,
    /// When to take it, in one sentence.
    pub when: &'static str,
    /// Its numbers.
    pub hyperparameters: &'static [Hyperparameter],
    /// The factor in step t of T, where t < T.
    pub factor: fn(&Values, u64, u64) -> f64,
}

/// A form with its numbers and a linear warm-up before it.
#[derive(Clone, Debug)]
pub struct Schedule {
    form: &'static Form,
    values: Values,
    warm_up: f64,
}

impl Schedule {
    /// The schedule called `name`, without warm-up.
    ///
    /// # Errors
    /// If there is no such schedule, or a setting is unknown or out of range.
    pub fn new(name: &str, settings: &Settings) -> Result<Self> {
        let form = find(name)?;
        let values = Values::complete(form.name, form.hyperparameters, settings)?;
        Ok(Self { form, values, warm_up: 0.0 })
    }

    /// The same schedule after a linear rise over the first `share` of all steps, which the form
    /// then does not count (Goyal et al. 2017); above 1 the run ends on the way up.
    ///
    /// # Errors
    /// If the share is not a number of at least 0.
    pub fn with_warm_up(self, share: f64) -> Result<Self> {
        if !Range::NotNegative.contains(share) {
            return Err(Error::Setting {
                place: "`warm_up`".to_owned(),
                found: share.to_string(),
                expected: format!("{}, the share of all steps", Range::NotNegative.describe()),
            });
        }
        Ok(Self { warm_up: share, ..self })
    }

    /// The name of its form.
    pub fn name(&self) -> &'static str {
        self.form.name
    }

    /// The learning rate of step `step`, counted from 0, of `total` steps.
    ///
    /// Steps at or beyond the end have the rate of the last one.
    pub fn learning_rate(&self, base: f64, step: u64, total: u64) -> f64 {
        base * self.factor(step, total)
    }

    /// The factor on the learning rate in step `step`, counted from 0, of `total` steps.
    pub fn factor(&self, step: u64, total: u64) -> f64 {
        let step = step.min(total.saturating_sub(1));
        let rise = (self.warm_up * total as f64).round() as u64;
        if step < rise {
            return (step + 1) as f64 / rise as f64;
        }
        (self.form.factor)(&self.values, step - rise, total - rise)
    }
}

/// The schedule called `name`.
///
/// # Errors
/// [`Error::Unknown`] if there is none, with the nearest name.
pub fn find(name: &str) -> Result<&'static Form> {
    let found = SCHEDULES.iter().find(|form| form.name == name);
    found.copied().ok_or_else(|| Error::unknown("schedule", name, &names()))
}

/// The names of all schedules, in the registry's order.
pub fn names() -> Vec<&'static str> {
    SCHEDULES.iter().map(|form| form.name).collect()
}
