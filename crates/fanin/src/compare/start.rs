//! One starting point, looked at before any training.

use serde::Serialize;

use crate::check::evidence::Evidence;
use crate::check::forecast::{self, Verdict};
use crate::check::probe::{self, Batch, Measurement};
use crate::check::rules::{self, Finding};
use crate::check::symmetry;
use crate::data::Prepared;
use crate::error::Result;
use crate::spec::Model;
use crate::train::course::Course;
use crate::weights::Weights;

/// Rows measured on at most: the gradient of fewer is noise where the true one is small.
const ROWS: usize = 2048;

/// One starting point, looked at before any training.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Start {
    /// One forward and one backward pass.
    pub measurement: Measurement,
    /// Hidden units.
    pub units: usize,
    /// Hidden units that can ever differ.
    pub effective_units: usize,
    /// Factor on the signal per hidden layer.
    pub signal_factor: Option<f64>,
    /// Factor on the gradient per hidden layer, on its way back.
    pub gradient_factor: Option<f64>,
    /// About how many steps pass until the weights have grown out of their start.
    pub escape_steps: Option<f64>,
    /// What is wrong, causes first.
    pub findings: Vec<Finding>,
    /// One word on how training will go.
    pub forecast: Verdict,
}

impl Start {
    /// Measures `weights` on training rows and forecasts the course.
    ///
    /// # Errors
    /// If weights, data and model do not fit each other.
    pub fn new(model: &Model, weights: &Weights, course: &Course, data: &Prepared) -> Result<Self> {
        let rows: Vec<usize> = (0..data.train.rows().min(ROWS)).collect();
        let mut features = vec![0.0; rows.len() * data.train.columns()];
        let mut targets = vec![0.0; rows.len() * data.train.target_columns()];
        data.train.gather(&rows, &mut features, &mut targets, course.label_smoothing);
        let batch = Batch { rows: rows.len(), features: &features, targets: &targets };
        let measurement = probe::measure(model, &course.loss, weights, batch)?;
        let units = symmetry::effective_units(model, weights);
        let horizon = course.horizon(data.train.rows())?;
        let evidence = Evidence { measurement: &measurement, units: &units, horizon };
        let (all, effective) = evidence.unit_counts();
        Ok(Self {
            units: all,
            effective_units: effective,
            signal_factor: evidence.signal_factor(),
            gradient_factor: evidence.gradient_factor(),
            escape_steps: forecast::escape_steps(&evidence),
            findings: rules::findings(&evidence),
            forecast: forecast::forecast(&evidence),
            measurement,
        })
    }
}
