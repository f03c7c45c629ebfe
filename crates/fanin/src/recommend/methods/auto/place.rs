//! What stands around a layer: norms behind it, the sum that ends its branch, how deep its chain is.

use std::collections::{HashMap, HashSet};

use fanin_engine::graph::{Node, Source};
use fanin_engine::ops::Structure;
use fanin_engine::{Graph, Wire};

use super::walk::Walk;
use crate::spec::LayerWires;

/// Nodes that are looked at behind a layer.
const STEPS: usize = 16;
/// Layers at least whose sum is more than that of a branch and its shortcut.
const GATHERED: usize = 3;

/// Who takes which wire, among the nodes of the forward pass.
#[derive(Debug)]
pub(super) struct Surroundings<'w> {
    graph: &'w Graph,
    takers: HashMap<Wire, Vec<usize>>,
    /// The z of all layers.
    signals: HashSet<Wire>,
    /// Layers that stand in no branch and before no norm.
    pub plain_layers: usize,
    /// Residual branches.
    pub branches: usize,
    /// Layers that look like ends of branches, and end in another sum than one of a stream and a branch.
    pub beside: usize,
}

/// Layers whose results are summed up beside all else, as the skips of WaveNet: none of the sums on the way is
/// read by itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Gathered {
    /// How many there are.
    pub count: usize,
    /// The factor between a layer and what reads the sum.
    pub factor: f64,
    /// The sum, behind its factor.
    pub sum: Wire,
}

impl Gathered {
    /// E z² of a layer with which the sum has this second moment.
    pub fn share(&self, sum: f64) -> f64 {
        sum / (self.count as f64 * self.factor * self.factor)
    }

    /// Whether layers of this E z² sum up to what fits elsewhere.
    pub fn is_fair(&self, signal: f64) -> bool {
        (0.1..10.0).contains(&(signal / self.share(1.0)))
    }
}

/// The sum in which a residual branch ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct End {
    /// What is added to.
    pub stream: Wire,
    /// What comes of it.
    pub sum: Wire,
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
        let signals = walk.network.layers.iter().map(|layer| layer.pre_activation).collect();
        let mut own = Self { graph, takers, signals, plain_layers: 0, branches: 0, beside: 0 };
        let plain = |layer: &&LayerWires| layer.branches.is_empty() && !own.is_normalized(layer);
        own.plain_layers = walk.network.layers.iter().filter(plain).count();
        let ends = |layer: &&LayerWires| walk.parameters[layer.weight].place.is_residual_output;
        let (beside, branches): (Vec<&LayerWires>, Vec<&LayerWires>) =
            walk.network.layers.iter().filter(ends).partition(|layer| own.is_beside(layer));
        (own.branches, own.beside) = (branches.len(), beside.len());
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
                    return alike.then_some(End { stream, sum: node.outputs[0], factor, is_bent });
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

    /// Whether a layer ends in a sum that is none of a stream and a branch.
    fn is_beside(&self, layer: &LayerWires) -> bool {
        self.gathered(layer).is_some() || self.is_modulated(layer)
    }

    /// Whether a layer's z is multiplied and then shifted by what another layer gives, as by FiLM.
    pub fn is_modulated(&self, layer: &LayerWires) -> bool {
        let (mut wire, mut is_multiplied) = (layer.pre_activation, false);
        for _ in 0..STEPS {
            let &[taker] = self.takers(wire) else { return false };
            let node = &self.graph.nodes()[taker];
            let next = node.outputs[0];
            match (node.operator.structure(), self.summands(next)) {
                (_, Some([a, b])) => {
                    return is_multiplied && self.shows_layer(if a == wire { b } else { a });
                }
                (Structure::Product, _) if node.operator.is_pointwise() => is_multiplied = true,
                _ if is_scaled_or_moved(node) => {}
                _ => return false,
            }
            wire = next;
        }
        false
    }

    /// The layers that are summed up with this one, if it is one of several and no stream is among them.
    pub fn gathered(&self, layer: &LayerWires) -> Option<Gathered> {
        let End { sum, factor, is_bent: false, .. } = self.end(layer)? else { return None };
        let mut top = sum;
        while let &[taker] = self.takers(top)
            && let next = self.graph.nodes()[taker].outputs[0]
            && self.summands(next).is_some()
        {
            top = next;
        }
        let (mut count, mut open) = (0, vec![top]);
        while let Some(wire) = open.pop() {
            if wire != top && self.takers(wire).len() != 1 {
                return None;
            }
            match self.summands(wire).filter(|_| !self.signals.contains(&wire)) {
                Some(both) => open.extend(both),
                None if self.shows_layer(wire) => count += 1,
                None => return None,
            }
        }
        let (sum, behind) = self.behind(top);
        (count >= GATHERED).then_some(Gathered { count, factor: factor * behind, sum })
    }

    /// What shows a wire behind all factors that alone read it, and their product.
    pub fn behind(&self, mut wire: Wire) -> (Wire, f64) {
        let mut factor = 1.0;
        for _ in 0..STEPS {
            let &[taker] = self.takers(wire) else { break };
            let node = &self.graph.nodes()[taker];
            match (node.operator.structure(), &node.inputs[..]) {
                (Structure::Sum { factors, shift: 0.0 }, [_]) => factor *= factors[0],
                _ => break,
            }
            wire = node.outputs[0];
        }
        (wire, factor)
    }

    /// The two of its own shape that a wire is the sum of.
    fn summands(&self, wire: Wire) -> Option<[Wire; 2]> {
        let Source::Node(node, 0) = self.graph.source(wire) else { return None };
        let node = &self.graph.nodes()[node];
        let &[a, b] = &node.inputs[..] else { return None };
        let is_plain = matches!(node.operator.structure(), Structure::Sum { factors, .. } if factors == [1.0, 1.0]);
        let shape = self.graph.shape(wire);
        (is_plain && [a, b].iter().all(|own| self.graph.shape(*own) == shape)).then_some([a, b])
    }

    /// Whether a wire shows the z of a layer that nothing else reads, times a number or under another shape.
    fn shows_layer(&self, mut wire: Wire) -> bool {
        for _ in 0..STEPS {
            if self.takers(wire).len() != 1 {
                return false;
            }
            if self.signals.contains(&wire) {
                return true;
            }
            let Source::Node(node, 0) = self.graph.source(wire) else { return false };
            let node = &self.graph.nodes()[node];
            if !is_scaled_or_moved(node) {
                return false;
            }
            wire = node.inputs[0];
        }
        false
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
