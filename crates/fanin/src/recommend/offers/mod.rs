//! The registry of small changes that are offered and never made: one file each.
//!
//! To add one: a new file, `mod x;` and `&x::X,` in [`REMEDIES`].

mod learning_rate;
mod standardized_input;
mod normalization;
mod residual_gain;
mod tailored_activation;

#[cfg(test)]
mod tests;

use super::{Offer, Problem};
use crate::check::evidence::Evidence;
use crate::check::{Diagnosis, LayerMeasurement};

/// A small change of a network, its data or its training.
pub trait Remedy: Sync {
    /// Its name, that of its file.
    fn name(&self) -> &'static str;

    /// The change with the network's own numbers; none where it would not help.
    fn offer(&self, problem: &Problem<'_>, diagnosis: &Diagnosis) -> Option<Offer>;
}

/// Every change, those that leave the network as it is first.
pub static REMEDIES: &[&dyn Remedy] = &[
    &learning_rate::LearningRate,
    &standardized_input::StandardizedInput,
    &normalization::Normalization,
    &residual_gain::ResidualGain,
    &tailored_activation::TailoredActivation,
];

/// The small changes that would help a network with this diagnosis.
pub fn offers(problem: &Problem<'_>, diagnosis: &Diagnosis) -> Vec<Offer> {
    REMEDIES.iter().filter_map(|remedy| remedy.offer(problem, diagnosis)).collect()
}

/// The layers before the last one.
fn hidden(diagnosis: &Diagnosis) -> &[LayerMeasurement] {
    let layers = &diagnosis.measurement.layers;
    &layers[..layers.len().saturating_sub(1)]
}

fn evidence(diagnosis: &Diagnosis) -> Evidence<'_> {
    Evidence {
        measurement: &diagnosis.measurement,
        units: &[],
        horizon: diagnosis.horizon,
        readings: diagnosis.readings.as_ref(),
    }
}
