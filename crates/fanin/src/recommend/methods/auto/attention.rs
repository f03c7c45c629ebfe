//! Where attention makes its shares, and the two layers whose product they are made of.

use std::collections::HashMap;

use fanin_engine::graph::Source;
use fanin_engine::ops::Structure;
use fanin_engine::{Graph, Wire};

use super::walk::Walk;
use crate::init::Component;
use crate::spec::LayerWires;

/// Nodes that are looked at before a product or behind a layer.
const STEPS: usize = 16;

/// The logits of attention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attention {
    /// What the shares are made of.
    pub logits: Wire,
    /// The node of the forward pass that computes it.
    pub node: usize,
    /// The layers of queries and of keys: two, or one in which they are packed.
    pub layers: Vec<usize>,
}

/// Every attention of which queries and keys are layers of their own, or known parts of one.
pub(super) fn all(walk: &Walk) -> Vec<Attention> {
    let graph = &walk.network.graph;
    let layers = walk.network.layers.iter().enumerate();
    let layers: HashMap<Wire, usize> = layers.map(|(i, own)| (own.pre_activation, i)).collect();
    let of = |index: usize| -> Option<Attention> {
        let shares = &graph.nodes()[index];
        if shares.operator.structure() != Structure::Shares {
            return None;
        }
        let logits = *shares.inputs.first()?;
        let Source::Node(node, _) = graph.source(logits) else { return None };
        let product = climb(graph, logits, |wire| is_product(graph, wire))?;
        let Source::Node(product, _) = graph.source(product) else { return None };
        let side = |wire: Wire| {
            let found = climb(graph, wire, |wire| layers.contains_key(&wire))?;
            layers.get(&found).copied()
        };
        let &[left, right] = &graph.nodes()[product].inputs[..] else { return None };
        let [left, right] = [side(left)?, side(right)?];
        let [first, second] = [left, right].map(|layer| walk.network.layers[layer].weight);
        if first == second && !holds(walk, first, &[Component::Query, Component::Key]) {
            return None;
        }
        let layers = if first == second { vec![left] } else { vec![left, right] };
        Some(Attention { logits, node, layers })
    };
    walk.forward().filter_map(of).collect()
}

/// Whether a weight is packed of these matrices, and perhaps of others.
pub(super) fn holds(walk: &Walk, weight: usize, components: &[Component]) -> bool {
    let packing = walk.parameters[weight].packing.as_ref();
    packing.is_some_and(|packing| {
        components.iter().all(|own| packing.parts.iter().any(|(part, _)| part == own))
    })
}

/// Whether what enters a layer is a mean by the shares of attention.
pub(super) fn ends_in(walk: &Walk, layer: &LayerWires) -> bool {
    let graph = &walk.network.graph;
    let are_shares = |wire: &Wire| {
        let shares = |wire| match graph.source(wire) {
            Source::Node(index, _) => {
                graph.nodes()[index].operator.structure() == Structure::Shares
            }
            _ => false,
        };
        climb(graph, *wire, shares).is_some()
    };
    let mean = climb(graph, layer.input, |wire| is_product(graph, wire));
    let product = mean.map(|wire| graph.source(wire));
    let Some(Source::Node(product, _)) = product else { return false };
    graph.nodes()[product].inputs.iter().any(are_shares)
}

/// Whether a wire is the product of two tensors, summed over an axis.
fn is_product(graph: &Graph, wire: Wire) -> bool {
    let Source::Node(index, _) = graph.source(wire) else { return false };
    let node = &graph.nodes()[index];
    node.inputs.len() == 2 && node.operator.fan_axes(&types(graph, &node.inputs), 1).is_some()
}

fn types<'g>(graph: &'g Graph, wires: &[Wire]) -> Vec<&'g fanin_engine::Type> {
    wires.iter().map(|wire| graph.type_of(*wire)).collect()
}

/// The nearest wire before `wire` that `is` it, through factors, masks and other shapes.
fn climb(graph: &Graph, mut wire: Wire, is: impl Fn(Wire) -> bool) -> Option<Wire> {
    for _ in 0..STEPS {
        if is(wire) {
            return Some(wire);
        }
        let Source::Node(index, _) = graph.source(wire) else { return None };
        let node = &graph.nodes()[index];
        let is_shown = matches!(
            node.operator.structure(),
            Structure::Moved | Structure::Picked | Structure::Sum { .. } | Structure::Product
        );
        if !is_shown {
            return None;
        }
        // The first of the largest: masks and factors are stretched, or come second.
        wire = *node.inputs.iter().rev().max_by_key(|wire| graph.shape(**wire).elements())?;
    }
    None
}
