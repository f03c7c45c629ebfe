//! A plain chain of layers as theory sees it, from what was measured of it or asked of theory.

use fanin_engine::activations::{Activation, find};

use super::Material;
use crate::check::{LayerMeasurement, Measurement};
use crate::theory::{self, Description, Layer, Point};

/// A chain of layers of one activation and about one pair of variances.
pub struct Chain {
    /// φ.
    pub activation: Box<dyn Activation>,
    /// Variances, geometric mean over the layers behind the first.
    pub point: Point,
    /// The second moment of the first pre-activations.
    pub start: f64,
    /// The same, geometric mean over the layers.
    pub typical: f64,
    /// Hidden layers.
    pub depth: usize,
    /// Units of a layer.
    pub width: usize,
}

impl Chain {
    /// The chain that was measured; none if layers are not plain, differ in their activation, or
    /// carry no signal.
    pub fn measured(measurement: &Measurement) -> Option<Self> {
        let (_, hidden) = measurement.layers.split_last()?;
        let (first, behind) = hidden.split_first()?;
        let name = first.activation.as_deref()?;
        let is_plain = |l: &LayerMeasurement| {
            let q = l.pre_activation_second_moment;
            let has_signal = q > 0.0 && q < 1e6;
            has_signal && !l.in_branch() && !l.normalized && l.activation.as_deref() == Some(name)
        };
        if !hidden.iter().all(is_plain) {
            return None;
        }
        let layers = if behind.is_empty() { hidden } else { behind };
        let mean = |read: fn(&LayerMeasurement) -> f64| {
            (layers.iter().map(|l| read(l).ln()).sum::<f64>() / layers.len() as f64).exp()
        };
        let biases = layers.iter().map(|l| l.bias_mean_square).sum::<f64>() / layers.len() as f64;
        let weights = mean(|l| l.scaled_weight_variance);
        (weights > 0.0 && weights.is_finite()).then_some(())?;
        Some(Self {
            activation: find(name)?,
            point: Point::new(weights, biases),
            start: first.pre_activation_second_moment,
            typical: mean(|l| l.pre_activation_second_moment),
            depth: hidden.len(),
            width: first.units,
        })
    }

    /// The chain that theory was asked about; none if its layers are not plain.
    pub fn asked(description: &Description) -> Option<Self> {
        let settled = description.fixed_point.map(|found| found.second_moment);
        let typical = settled.filter(|q| q.is_finite() && *q > 0.0).unwrap_or(1.0);
        description.network.is_plain().then_some(())?;
        Some(Self {
            activation: theory::activation(&description.activation).ok()?,
            point: description.point,
            start: 1.0,
            typical,
            depth: description.depth,
            width: description.width,
        })
    }

    /// Chains of the material, each with the name of its network.
    pub fn all(material: &Material<'_>) -> Vec<(String, Self)> {
        let asked = material.theory.and_then(|d| Some((d.activation.clone(), Self::asked(d)?)));
        let groups = material.groups().into_iter().filter_map(|group| {
            let mut starts = group.starts.iter();
            let chain = starts.find_map(|start| Self::measured(&start.first().measurement))?;
            Some((group.model, chain))
        });
        asked.into_iter().chain(groups).collect()
    }

    /// The maps of its layers.
    pub fn layer(&self) -> Layer<'_> {
        Layer::new(&*self.activation, self.point)
    }
}
