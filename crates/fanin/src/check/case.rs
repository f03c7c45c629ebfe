//! All measured starts of one network, one per seed: what rules look at.

use super::diagnosis::READ_SEEDS;
use super::estimate::{Bounds, Estimate, worst};
use super::evidence::Evidence;
use super::forecast::{ESCAPE, escape_share};
use super::measurement::LayerMeasurement;
use super::readings::Readings;
use super::rules::{Finding, Look, Measured};
use super::severity::Severity;

/// All measured starts of one network under one planned training; at least one.
#[derive(Clone, Debug)]
pub struct Case<'a> {
    /// One per seed, in their order.
    pub starts: Vec<Evidence<'a>>,
}

impl<'a> Case<'a> {
    /// The start that tables show and sentences quote: that of the first seed.
    pub fn shown(&self) -> &Evidence<'a> {
        self.starts.first().expect("a case has at least one start")
    }

    /// An effect over the seeds that have it, or of the one start with its error over rows; `None`
    /// if most starts do not have it.
    pub fn estimate(
        &self,
        effect: impl Fn(&Evidence<'a>) -> Option<f64>,
        row_error: impl Fn(&Evidence<'a>) -> f64,
    ) -> Option<Estimate> {
        let values: Vec<f64> = self.starts.iter().filter_map(&effect).collect();
        match values[..] {
            _ if 2 * values.len() <= self.starts.len() => None,
            [value] => Some(Estimate::single(value, row_error(self.shown()))),
            _ => Some(Estimate::of(&values)),
        }
    }

    /// Whether the planned steps suffice to grow out of the start, so that what shrinks is mended; of a
    /// part that is not known.
    pub fn mends(&self) -> bool {
        !self.shown().measurement.is_part
            && self.log_escape_share().is_some_and(|share| share.judge(ESCAPE).is_none())
    }

    /// ln of the share of the planned steps that pass until the weights have grown out of their
    /// start; `None` if they never do.
    pub fn log_escape_share(&self) -> Option<Estimate> {
        self.estimate(|start| escape_share(start).map(f64::ln), |_| 0.0)
    }

    /// What a rule says of an effect of the whole network that is bad where it is large.
    pub fn look_at(
        &self,
        effect: impl Fn(&Evidence<'a>) -> Option<f64>,
        row_error: impl Fn(&Evidence<'a>) -> f64,
        bounds: Bounds,
        explain: impl FnOnce(Severity, Estimate) -> Finding,
    ) -> Look {
        judged(self.estimate(effect, row_error), bounds, explain)
    }

    /// What a rule says of what instruments read, bad where it is large.
    pub fn look_at_readings(
        &self,
        effect: impl Fn(&'a Readings) -> Option<f64>,
        bounds: Bounds,
        explain: impl FnOnce(Severity, Estimate) -> Finding,
    ) -> Look {
        let read = &self.starts[..self.starts.len().min(READ_SEEDS)];
        let values = read.iter().map(|start| start.readings.and_then(&effect));
        let values: Option<Vec<f64>> = values.collect();
        judged(values.map(|values| Estimate::of(&values)), bounds, explain)
    }

    /// One estimate per hidden layer that has the effect, with the layer.
    pub fn layers(
        &self,
        effect: impl Fn(&LayerMeasurement) -> Option<f64>,
        row_error: impl Fn(&LayerMeasurement) -> f64,
    ) -> Vec<(&'a LayerMeasurement, Estimate)> {
        let shown = self.starts[0].hidden().iter().enumerate();
        shown
            .filter_map(|(index, layer)| {
                let of = |e: &Evidence<'a>| e.hidden().get(index).and_then(&effect);
                let error = |e: &Evidence<'a>| e.hidden().get(index).map_or(0.0, &row_error);
                let estimate = self.estimate(of, error).filter(|e| !e.value.is_nan())?;
                Some((layer, estimate))
            })
            .collect()
    }

    /// What a rule says of an effect that is bad where it is large, in the worst of its layers.
    pub fn look_at_layers(
        &self,
        layers: &[(&'a LayerMeasurement, Estimate)],
        bounds: Bounds,
        explain: impl FnOnce(Severity, &'a LayerMeasurement, Estimate) -> Finding,
    ) -> Look {
        let estimates: Vec<Estimate> = layers.iter().map(|(_, estimate)| *estimate).collect();
        let Some((index, severity)) = worst(&estimates, bounds) else { return Look::Skipped };
        let (layer, estimate) = layers[index];
        let measured = Measured { estimate, bounds };
        match severity {
            None => Look::Passed(Some(measured)),
            Some(severity) => {
                let finding = explain(severity, layer, estimate);
                Look::Found(
                    Finding { module: Some(layer.module.clone()), ..finding }.measured(measured),
                )
            }
        }
    }
}

fn judged(
    estimate: Option<Estimate>,
    bounds: Bounds,
    explain: impl FnOnce(Severity, Estimate) -> Finding,
) -> Look {
    let Some(estimate) = estimate.filter(|estimate| !estimate.value.is_nan()) else {
        return Look::Skipped;
    };
    let measured = Measured { estimate, bounds };
    match estimate.judge(bounds) {
        None => Look::Passed(Some(measured)),
        Some(severity) => Look::Found(explain(severity, estimate).measured(measured)),
    }
}
