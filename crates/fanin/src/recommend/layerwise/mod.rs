//! Layers taken one after another in the order of the data, each by what it does to the rows.
//!
//! After a layer has its scale, the next one sees what it really gives: so residual sums are right
//! whatever branches carry, and a weight that several layers share is decided at its first use.

mod units;
mod lsuv;
mod per_unit;
mod rates;

#[cfg(test)]
mod tests;

pub(super) use lsuv::{Stop, Variant, layer_by_layer};
pub(super) use per_unit::{Start, standardize_units};
pub(super) use rates::balance_rates;

use crate::spec::{LayerWires, Parameter, Role};

/// Rows that layers are measured on at most.
pub(super) const ROWS: usize = 512;

/// Whether a normalization follows the layer before its activation, so that its scale is undone.
fn is_normalized(layer: &LayerWires) -> bool {
    layer.bend.as_ref().is_some_and(|bend| bend.input != layer.pre_activation)
}

/// Layers whose weight is that of an earlier layer.
fn repeats(layers: &[LayerWires]) -> Vec<bool> {
    let earlier = |(index, layer): (usize, &LayerWires)| {
        layers[..index].iter().any(|before| before.weight == layer.weight)
    };
    layers.iter().enumerate().map(earlier).collect()
}

/// What no layer's output shows: matrices that are no layers, such as tables and recurrent ones.
fn unseen(parameters: &[Parameter], layers: &[LayerWires]) -> Option<String> {
    let is_seen = |position: usize| layers.iter().any(|layer| layer.weight == position);
    let matrices = parameters.iter().enumerate().filter(|(position, p)| {
        matches!(p.role, Role::Weight | Role::Embedding | Role::Recurrent) && !is_seen(*position)
    });
    let names: Vec<String> = matrices.map(|(_, p)| format!("`{}`", p.name)).collect();
    let verb = if names.len() == 1 {
        "is no layer that multiplies a signal and keeps its start"
    } else {
        "are no layers that multiply a signal and keep their start"
    };
    (!names.is_empty()).then(|| format!("{} {verb}", names.join(", ")))
}
