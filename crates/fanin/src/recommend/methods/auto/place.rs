//! What stands around a layer: norms behind it, the sum that ends its branch, how deep its chain is.

use std::collections::HashMap;

use fanin_engine::graph::Node;
use fanin_engine::ops::Structure;
use fanin_engine::{Graph, Wire};

use super::walk::Walk;
use crate::spec::LayerWires;

/// Nodes that are looked at behind a layer.
const STEPS: usize = 16;

/// Who takes which wire, among the nodes of the forward pass.
#[derive(Debug)]
pub(super) struct Surroundings<'w> {
    graph: &'w Graph,
    takers: HashMap<Wire, Vec<usize>>,
    /// Layers that stand in no branch and before no norm.
    pub plain_layers: usize,
    /// Residual branches.
    pub branches: usize,
}

/// The sum in which a residual branch ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct End {
    /// What is added to.
    pub stream: Wire,
    /// The factor between the layer and the sum.
    pub factor: f64,
    /// Whether an activation stands between them.
    pub is_bent: bool,
}

impl<'w> Surroundings<'w> {
    pub fn new(walk: &'w Walk) -> Self {
        let graph = &walk.network.graph;
        let mut takers: HashMap<Wire, Vec<usize>> = HashMap::new();
        for index in walk.forward() {
            for &input in &graph.nodes()[index].inputs {
                takers.entry(input).or_default().push(index);
            }
        }
        let mut own = Self { graph, takers, plain_layers: 0, branches: 0 };
        let plain = |layer: &&LayerWires| layer.branches.is_empty() && !own.is_normalized(layer);
        own.plain_layers = walk.network.layers.iter().filter(plain).count();
        let ends = |layer: &&LayerWires| walk.parameters[layer.weight].place.is_residual_output;
        own.branches = walk.network.layers.iter().filter(ends).count();
        own
    }

    /// The nodes of the forward pass that take a wire.
    pub fn takers(&self, wire: Wire) -> &[usize] {
        self.takers.get(&wire).map_or(&[], Vec::as_slice)
    }

    /// Whether a normalization follows the layer, so that its scale is taken out again.
    pub fn is_normalized(&self, layer: &LayerWires) -> bool {
        let mut wire = layer.pre_activation;
        for _ in 0..STEPS {
            let takers = self.takers(wire).iter();
            let takers = takers.map(|&index| &self.graph.nodes()[index]);
            let is = |kind: fn(&Structure) -> bool| {
                takers.clone().any(|node| kind(&node.operator.structure()))
            };
            // A norm is one operator, or the difference to the sum over axes.
            if is(|own| *own == Structure::Standardized)
                || (is(|own| *own == Structure::Summed) && is(is_difference))
            {
                return true;
            }
            let shown = takers.clone().find(|node| is_scaled_or_moved(node));
            match shown {
                Some(node) if takers.len() == 1 => wire = node.outputs[0],
                _ => return false,
            }
        }
        false
    }

    /// Whether norms alone read a wire, so that its scale is taken out at once.
    pub fn is_read_by_norms(&self, mut wire: Wire) -> bool {
        for _ in 0..STEPS {
            let takers = || self.takers(wire).iter().map(|&index| &self.graph.nodes()[index]);
            let is_of_norm = |node: &Node| {
                let structure = node.operator.structure();
                structure == Structure::Standardized
                    || structure == Structure::Summed
                    || is_difference(&structure)
            };
            match (takers().next(), takers().count()) {
                (Some(node), 1)
                    if matches!(node.operator.structure(), Structure::Moved)
                        || is_sum(&node.operator.structure()) =>
                {
                    wire = node.outputs[0];
                }
                (None, _) => return false,
                _ => return takers().all(is_of_norm),
            }
        }
        false
    }

    /// The sum that a layer's result is added in, through what changes its elements one by one.
    pub fn end(&self, layer: &LayerWires) -> Option<End> {
        let (mut wire, mut factor, mut is_bent) = (layer.pre_activation, 1.0, false);
        for _ in 0..STEPS {
            let &[index] = self.takers(wire) else { return None };
            let node = &self.graph.nodes()[index];
            match (node.operator.structure(), &node.inputs[..]) {
                (Structure::Sum { factors, .. }, &[a, b]) if factors == [1.0, 1.0] => {
                    let stream = if a == wire { b } else { a };
                    let alike = self.graph.shape(stream) == self.graph.shape(wire);
                    return alike.then_some(End { stream, factor, is_bent });
                }
                (Structure::Sum { factors, .. }, [_]) => factor *= factors[0],
                (Structure::Moved, _) => {}
                (Structure::Other, [_]) if node.operator.is_pointwise() => is_bent = true,
                _ => return None,
            }
            wire = node.outputs[0];
        }
        None
    }
}

/// Whether an operator takes its second input from its first.
fn is_difference(structure: &Structure) -> bool {
    matches!(structure, Structure::Sum { factors, .. } if factors[..] == [1.0, -1.0])
}

/// Whether an operator adds its inputs.
fn is_sum(structure: &Structure) -> bool {
    matches!(structure, Structure::Sum { factors, .. } if !factors.contains(&-1.0))
}

/// Whether a node shows its one input times a number, or under another shape.
fn is_scaled_or_moved(node: &Node) -> bool {
    match node.operator.structure() {
        Structure::Moved | Structure::Sum { .. } => node.inputs.len() == 1,
        _ => false,
    }
}
