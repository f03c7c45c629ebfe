//! One starting point, looked at before any training.

use serde::Serialize;

use super::evidence::{Evidence, Horizon};
use super::forecast::{self, Verdict};
use super::probe::{self, Batch, Measurement};
use super::rules::{self, Finding, Severity};
use super::symmetry::{self, Options, Symmetry};
use crate::data::Dataset;
use crate::error::Result;
use crate::spec::{Loss, Model};
use crate::weights::Weights;

/// Rows measured on at most: the gradient of fewer is noise where the true one is small.
const ROWS: usize = 2048;

/// One starting point, looked at before any training.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Diagnosis {
    /// One forward and one backward pass.
    pub measurement: Measurement,
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
    /// What is wrong, causes first.
    pub findings: Vec<Finding>,
    /// One word on how training will go.
    pub forecast: Verdict,
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
        let rows: Vec<usize> = (0..data.rows().min(ROWS)).collect();
        let mut features = vec![0.0; rows.len() * data.columns()];
        let mut targets = vec![0.0; rows.len() * data.target_columns()];
        data.gather(&rows, &mut features, &mut targets, 0.0);
        let batch = Batch { rows: rows.len(), features: &features, targets: &targets };
        let measurement = probe::measure(model, loss, weights, batch)?;
        let options = Options { partition: horizon.partition, ..Options::default() };
        let units = symmetry::units(model, weights, options);
        let classes = Symmetry::new(model, weights, options, &units);
        let evidence = Evidence { measurement: &measurement, units: &units, horizon };
        let (all, effective) = evidence.unit_counts();
        Ok(Self {
            units: all,
            effective_units: effective,
            symmetry: classes.confirmed(model, loss, weights, batch, &units)?,
            signal_factor: evidence.signal_factor(),
            gradient_factor: evidence.gradient_factor(),
            escape_steps: forecast::escape_steps(&evidence),
            findings: rules::findings(&evidence),
            forecast: forecast::forecast(&evidence),
            measurement,
        })
    }

    /// The worst of the findings.
    pub fn severity(&self) -> Option<Severity> {
        self.findings.iter().map(|f| f.severity).max()
    }
}
