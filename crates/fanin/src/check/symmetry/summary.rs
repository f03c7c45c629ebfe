//! The classes of a whole network as a report carries them.

use std::fmt;

use serde::Serialize;

use super::{Confirmation, Exactness, Options, Partition, Units, confirm, features};
use crate::check::probe::Batch;
use crate::error::Result;
use crate::spec::{Layer, Loss, Model, Sequential};
use crate::weights::Weights;

/// Rows that classes are confirmed on: units that differ do so on nearly every row.
const ROWS: usize = 64;

/// Which units can ever differ, layer by layer.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Symmetry {
    /// What is equal within a class.
    pub partition: Partition,
    /// What counts as equal, relative to the root mean square of each tensor.
    pub tolerance: f64,
    /// Hidden layers in the order of the data.
    pub layers: Vec<LayerSymmetry>,
    /// What a forward and a backward pass say of the classes; `None` where none was needed.
    pub confirmation: Option<Confirmation>,
}

/// Which units of one layer can ever differ.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerSymmetry {
    /// The module that computes the units, as in a parameter's name.
    pub module: String,
    /// Number of units.
    pub width: usize,
    /// Number of units that can ever differ by more than their sign.
    pub effective_width: usize,
    /// Classes that the layer needs at least.
    pub needed: usize,
    /// How equal the members of the classes are.
    pub exactness: Exactness,
    /// Whether the noise of dropout will part units of one class.
    pub parted_by_dropout: bool,
    /// Whether the layer is the last that was read of a network: what comes behind it decides
    /// whether its classes last.
    pub last_read: bool,
    /// Classes of several units, equal for ever.
    pub twins: Vec<Positions>,
    /// Units that are equal or each other's negative for ever.
    pub mirrors: Vec<Positions>,
    /// Units that start with one feature, up to a factor, and that training will part.
    pub shared_features: Vec<Positions>,
}

impl Symmetry {
    /// What `units`, found with `options`, say of a network, and which features it starts with.
    ///
    /// # Panics
    /// If `weights` lack a tensor of the model.
    pub fn new(model: &Model, weights: &Weights, options: Options, units: &[Units]) -> Self {
        let shared = model.layers().map(|layers| features::shared_features(layers, weights));
        let shared = shared.unwrap_or_default().into_iter().map(|(_, shared)| shared);
        let layers = units.iter().zip(shared.chain(std::iter::repeat_with(Vec::new)));
        let layers = layers.map(|(units, shared)| LayerSymmetry::new(units, &shared)).collect();
        let Options { partition, tolerance } = options;
        Self { partition, tolerance, layers, confirmation: None }
    }

    /// The same with what a forward and a backward pass over the first rows of `batch` say, for a
    /// network with units of one class that is no plain chain of layers and activations.
    ///
    /// # Errors
    /// If the weights or the batch do not fit the model.
    pub fn confirmed(
        mut self,
        model: &Model,
        loss: &Loss,
        weights: &Weights,
        batch: Batch<'_>,
        units: &[Units],
    ) -> Result<Self> {
        let tied = units.iter().any(|units| units.effective_width() < units.width());
        let is_chain = |network: &Sequential| network.layers.iter().all(is_of_a_chain);
        // Classes of a graph come from such a pass already.
        if tied && model.layers().is_some_and(|layers| !is_chain(layers)) {
            let rows = batch.rows.min(ROWS);
            let first = |values: &[f32]| rows * (values.len() / batch.rows.max(1));
            let (features, targets) = (first(batch.features), first(batch.targets));
            let (features, targets) = (&batch.features[..features], &batch.targets[..targets]);
            let batch = Batch { rows, features, targets };
            self.confirmation = Some(confirm(model, loss, weights, batch, units)?);
        }
        Ok(self)
    }
}

fn is_of_a_chain(layer: &Layer) -> bool {
    matches!(layer, Layer::Linear { .. } | Layer::Activation(_) | Layer::PRelu)
}

impl LayerSymmetry {
    fn new(units: &Units, shared: &[Vec<usize>]) -> Self {
        let classes = &units.classes_up_to_sign;
        let parts = |group: &&Vec<usize>| group.iter().any(|&u| classes[u] != classes[group[0]]);
        Self {
            module: units.module.clone(),
            width: units.width(),
            effective_width: units.effective_width(),
            needed: units.needed,
            exactness: units.exactness,
            parted_by_dropout: units.parted_by_dropout,
            last_read: units.last_read,
            twins: units.twins().iter().map(|t| Positions::of(t)).collect(),
            mirrors: units.mirrors().iter().map(|m| Positions::of(m)).collect(),
            shared_features: shared.iter().filter(|g| parts(g)).map(|g| Positions::of(g)).collect(),
        }
    }
}

/// Positions of units, ascending, as ranges of first and last.
///
/// ```
/// use fanin::check::symmetry::summary::Positions;
/// assert_eq!(Positions::of(&[0, 1, 2, 7]).to_string(), "0–2, 7");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Positions(pub Vec<[usize; 2]>);

impl Positions {
    /// The ranges of ascending positions.
    pub fn of(units: &[usize]) -> Self {
        let mut ranges: Vec<[usize; 2]> = Vec::new();
        for &unit in units {
            match ranges.last_mut() {
                Some([_, last]) if *last + 1 == unit => *last = unit,
                _ => ranges.push([unit, unit]),
            }
        }
        Self(ranges)
    }
}

impl fmt::Display for Positions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, &[first, last]) in self.0.iter().enumerate() {
            let comma = if i > 0 { ", " } else { "" };
            match last - first {
                0 => write!(f, "{comma}{first}")?,
                1 => write!(f, "{comma}{first}, {last}")?,
                _ => write!(f, "{comma}{first}–{last}")?,
            }
        }
        Ok(())
    }
}
