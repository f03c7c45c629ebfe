//! What a verdict is made from: measurements, symmetry, and the training that is planned.

use serde::Serialize;

use super::probe::Measurement;
use super::symmetry::Units;

/// How an optimizer turns a gradient into a step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepRule {
    /// The step is proportional to the gradient, as in SGD.
    Proportional,
    /// The step has the size of the learning rate whatever the gradient's, as in Adam.
    Normalized,
}

/// The training that the weights are to start.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Horizon {
    /// Steps of the optimizer.
    pub steps: usize,
    /// Learning rate over 1 − momentum: what a lasting gradient moves in one step.
    pub effective_learning_rate: f64,
    /// How the optimizer turns a gradient into a step.
    pub step_rule: StepRule,
}

/// Everything known before the first step.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// One forward and one backward pass.
    pub measurement: &'a Measurement,
    /// Classes of the hidden units.
    pub units: &'a [Units],
    /// The training that is planned.
    pub horizon: Horizon,
}

impl Evidence<'_> {
    /// Hidden layers: all linear layers but the last.
    pub fn hidden(&self) -> &[super::probe::LayerMeasurement] {
        let layers = &self.measurement.layers;
        &layers[..layers.len().saturating_sub(1)]
    }

    /// Hidden units, and how many of them can ever differ.
    pub fn unit_counts(&self) -> (usize, usize) {
        self.units.iter().fold((0, 0), |(all, effective), units| {
            (all + units.width(), effective + units.effective_width())
        })
    }

    /// Whether some hidden set of several units acts as a single one.
    pub fn symmetric(&self) -> Option<&Units> {
        self.units.iter().find(|u| u.width() > 1 && u.effective_width() == 1)
    }

    /// The factor by which the signal changes per hidden layer, geometric mean; `None` with fewer
    /// than two hidden layers or no signal at all.
    pub fn signal_factor(&self) -> Option<f64> {
        let signals: Vec<f64> = self.hidden().iter().map(|l| l.signal).collect();
        geometric_factor(&signals)
    }

    /// The factor by which the gradient at z changes per hidden layer on its way back.
    pub fn gradient_factor(&self) -> Option<f64> {
        let deltas: Vec<f64> = self.hidden().iter().rev().map(|l| l.delta_norm).collect();
        geometric_factor(&deltas)
    }

    /// The largest change of a weight matrix in one step, relative to its own size.
    pub fn largest_relative_step(&self) -> f64 {
        self.measurement.layers.iter().map(|l| self.relative_step(l)).fold(0.0, f64::max)
    }

    /// The change of a layer's weights in one step, relative to their own size.
    pub fn relative_step(&self, layer: &super::probe::LayerMeasurement) -> f64 {
        let step = match self.horizon.step_rule {
            StepRule::Proportional => layer.gradient_norm,
            StepRule::Normalized if layer.gradient_norm > 0.0 => layer.root_elements,
            StepRule::Normalized => 0.0,
        };
        if step == 0.0 {
            0.0
        } else {
            self.horizon.effective_learning_rate * step / layer.weight_norm
        }
    }
}

fn geometric_factor(values: &[f64]) -> Option<f64> {
    let (first, last) = (*values.first()?, *values.last()?);
    let steps = values.len() - 1;
    (steps > 0 && first > 0.0 && last > 0.0).then(|| (last / first).powf(1.0 / steps as f64))
}
