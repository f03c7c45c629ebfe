//! What stands around a layer: norms behind it, the sum that ends its branch, how deep its chain is.

use std::collections::HashMap;

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
}

/// The sum in which a residual branch ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct End {
    /// What is added to.
    pub stream: Wire,
    /// The factor between the layer and the sum.
    pub factor: f64,
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
        let mut own = Self { graph, takers, plain_layers: 0 };
        let plain = |layer: &&LayerWires| layer.branches.is_empty() && !own.is_normalized(layer);
        own.plain_layers = walk.network.layers.iter().filter(plain).count();
        own
    }

    fn takers(&self, wire: Wire) -> &[usize] {
        self.takers.get(&wire).map_or(&[], Vec::as_slice)
    }

    /// Whether a normalization follows the layer, so that its scale is taken out again.
    pub fn is_normalized(&self, layer: &LayerWires) -> bool {
        let mut wire = layer.pre_activation;
        for _ in 0..STEPS {
            let nodes = self.takers(wire).iter().map(|&index| &self.graph.nodes()[index]);
            let has = |name: &str| nodes.clone().any(|node| node.operator.name() == name);
            if has("standardize") || (has("sum_to") && has("subtract")) {
                return true;
            }
            let shown = nodes
                .clone()
                .find(|node| matches!(node.operator.name(), "reshape" | "transpose" | "affine"));
            match shown {
                Some(node) if nodes.len() == 1 => wire = node.outputs[0],
                _ => return false,
            }
        }
        false
    }

    /// The sum that a layer's result is added in, through what changes its elements one by one.
    pub fn end(&self, layer: &LayerWires) -> Option<End> {
        let (mut wire, mut factor) = (layer.pre_activation, 1.0);
        for _ in 0..STEPS {
            let &[index] = self.takers(wire) else { return None };
            let node = &self.graph.nodes()[index];
            match (node.operator.name(), &node.inputs[..]) {
                ("add", &[a, b]) => {
                    let stream = if a == wire { b } else { a };
                    let alike = self.graph.shape(stream) == self.graph.shape(wire);
                    return alike.then_some(End { stream, factor });
                }
                ("affine", _) => {
                    let at = |value: f64| {
                        let x = fanin_engine::Array::float([1], vec![value]).ok()?;
                        let operator = std::sync::Arc::clone(&node.operator);
                        let out = fanin_engine::evaluate::evaluate(operator, &[&x], 1).ok()?;
                        Some(out[0].floats()?[0])
                    };
                    factor *= at(1.0)? - at(0.0)?;
                }
                ("reshape" | "transpose" | "activate" | "slice", _) => {}
                _ => return None,
            }
            wire = node.outputs[0];
        }
        None
    }
}
