//! Tables of vectors: what tokens begin with, and what is added to them for their places.
//!
//! A token's vector opens the stream that all layers read and branches add to: its elements have
//! the second moment 1, as between layers. Where norms alone read it, its scale is of no matter; a
//! table that is also a layer's weight gets its scale there. What is added to a stream for each
//! place may say no more than the stream itself, or tokens are told apart by their places alone.

#[cfg(test)]
mod tests;

use std::collections::HashSet;

use fanin_engine::Wire;
use fanin_engine::ops::Structure;

use super::place::Surroundings;
use super::walk::Walk;
use crate::init::Role;
use crate::spec::{self, Network};

/// Nodes that are looked at behind a table.
const STEPS: usize = 16;

/// A table that is added to a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Added {
    /// The table's position among the parameters.
    pub parameter: usize,
    /// What it becomes before it is added, and what it is added to.
    pub own: Wire,
    pub stream: Wire,
    /// The node of the sum.
    pub node: usize,
}

/// Tables of which the features pick a row, whose scale matters and no layer decides.
pub(super) fn tokens(walk: &Walk, around: &Surroundings<'_>) -> Vec<usize> {
    let by_features = of_features(walk);
    let copies = spec::tied(&walk.parameters);
    let is_tied = |table: usize| {
        walk.network.layers.iter().any(|layer| layer.weight == table)
            || copies.iter().any(|(_, copy)| *copy == table)
    };
    let is_token = |&table: &usize| {
        let picked = picked(walk, around, table, &by_features);
        !is_tied(table) && picked.is_some_and(|vectors| !around.is_read_by_norms(vectors))
    };
    tables(walk).filter(is_token).collect()
}

/// Tables that are added to a stream, whatever the features are.
pub(super) fn added(walk: &Walk, around: &Surroundings<'_>) -> Vec<Added> {
    let by_features = of_features(walk);
    let graph = &walk.network.graph;
    let of = |table: usize| -> Option<Added> {
        let mut own = graph.parameters()[table];
        for _ in 0..STEPS {
            let &[node] = around.takers(own) else { return None };
            let taker = &graph.nodes()[node];
            match (taker.operator.structure(), &taker.inputs[..]) {
                (Structure::Sum { .. }, &[a, b]) => {
                    let stream = if a == own { b } else { a };
                    let is_met = by_features.contains(&stream) && !by_features.contains(&own);
                    return is_met.then_some(Added { parameter: table, own, stream, node });
                }
                (Structure::Picked, &[from, _]) if from == own => {}
                (Structure::Sum { .. } | Structure::Moved | Structure::Stretched, [_]) => {}
                _ => return None,
            }
            own = taker.outputs[0];
        }
        None
    };
    tables(walk).filter_map(of).collect()
}

fn tables(walk: &Walk) -> impl Iterator<Item = usize> {
    let parameters = walk.parameters.iter().enumerate();
    parameters.filter(|(_, own)| own.role == Role::Embedding).map(|(index, _)| index)
}

/// The vectors that the features pick from a table.
fn picked(
    walk: &Walk,
    around: &Surroundings<'_>,
    table: usize,
    by_features: &HashSet<Wire>,
) -> Option<Wire> {
    let graph = &walk.network.graph;
    let own = graph.parameters()[table];
    let takers = around.takers(own).iter().map(|&index| &graph.nodes()[index]);
    let mut picking = takers.filter(|node| {
        let is_picked = node.operator.structure() == Structure::Picked && node.inputs[0] == own;
        is_picked && node.inputs.get(1).is_some_and(|rows| by_features.contains(rows))
    });
    Some(picking.next()?.outputs[0])
}

/// All that depends on the features.
fn of_features(walk: &Walk) -> HashSet<Wire> {
    let graph = &walk.network.graph;
    let mut found = HashSet::from([graph.inputs()[Network::FEATURES]]);
    for index in walk.forward() {
        let node = &graph.nodes()[index];
        if node.inputs.iter().any(|wire| found.contains(wire)) {
            found.extend(&node.outputs);
        }
    }
    found
}
