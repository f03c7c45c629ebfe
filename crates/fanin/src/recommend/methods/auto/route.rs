//! From the head back: where gradients meet again the weights that made the outputs.
//!
//! Layers one after another, and residual streams with branches of two layers, are followed as far as
//! nothing else stands between them.

use std::collections::HashSet;

use fanin_engine::Wire;
use fanin_engine::graph::Source;
use fanin_engine::ops::Structure;
use fanin_engine::spread::{Again, Branch, Common, Flow, Met, Reader, Start};

use super::walk::Walk;
use crate::spec::{Axes, LayerWires, Layout, Network};

#[cfg(test)]
mod tests;

/// A place where a gradient meets such weights.
#[derive(Clone, Copy, Debug)]
pub(super) enum Meeting {
    /// A layer that the next alone reads.
    Layer(Again),
    /// A stream that ends in a layer.
    Reader(Reader),
    /// A branch, behind its first layer.
    Inside(Branch),
    /// The stream before a branch.
    Before(Branch),
    /// The layer that begins a stream.
    Start(Start),
}

impl Meeting {
    /// The gradient that is known when it comes to this.
    pub fn gradient(&self) -> Wire {
        match self {
            Self::Layer(own) => own.gradient,
            Self::Reader(own) => own.gradient,
            Self::Inside(own) => own.inner.gradient,
            Self::Before(own) => own.gradient,
            Self::Start(own) => own.z_gradient,
        }
    }
}

/// What is carried from meeting to meeting.
#[derive(Clone, Debug)]
pub(super) struct Carried {
    /// What gradients and values of every two rows have in common; in streams, each row along its own.
    pub total: Common,
    /// The same inside a branch.
    pub inside: Option<Met>,
}

impl Carried {
    /// Adds to a gradient what it brings back from these weights; none where that is not known, nor before it.
    pub fn meet(&mut self, flow: &mut Flow<'_>, at: &Meeting) -> Option<()> {
        match at {
            Meeting::Layer(own) => self.total = flow.meet_again(*own, &self.total)?.common,
            Meeting::Reader(own) => return flow.meet_reader(*own, &self.total.own).then_some(()),
            Meeting::Inside(own) => self.inside = Some(flow.meet_branch(own, &self.total.own)?),
            Meeting::Before(own) => {
                let inside = self.inside.take()?;
                self.total.own = flow.meet_stream(own, &self.total.own, &inside)?;
            }
            Meeting::Start(own) => return flow.leave_stream(*own, &self.total.own),
        }
        Some(())
    }
}

/// What more than one node reads of layers, or is a sum.
pub(super) fn streams(network: &Network) -> Vec<Wire> {
    let is_sum = |wire: Wire| summands(network, wire).is_some();
    let wires = network.layers.iter().map(|own| own.activation);
    let mut streams: Vec<Wire> =
        wires.filter(|wire| readers(network, *wire, usize::MAX) > 1 || is_sum(*wire)).collect();
    streams.dedup();
    streams
}

/// All meetings, from the head back.
pub(super) fn route(walk: &Walk) -> Vec<Meeting> {
    let layers = &walk.network.layers;
    let mut route = Vec::new();
    let Some(head) = layers.last().filter(|own| own.pre_activation == walk.network.output) else {
        return route;
    };
    if !is_flat(&walk.network, head) {
        return route;
    }
    for at in (1..layers.len()).rev() {
        let (own, next) = (&layers[at - 1], &layers[at]);
        let is_plain = is_flat(&walk.network, own)
            && (next.input == own.activation || is_of_one(walk, own.pre_activation, next.input))
            && readers(&walk.network, next.input, walk.turn) == 1;
        if is_plain && summands(&walk.network, next.input).is_none() {
            route.push(Meeting::Layer(Again {
                z: own.pre_activation,
                x: next.input,
                gradient: walk.deltas[at - 1].0,
                next_z: next.pre_activation,
                next_gradient: walk.deltas[at].0,
            }));
        } else {
            if is_plain {
                route.extend(stream(walk, at));
            }
            break;
        }
    }
    route
}

/// The meetings of a stream that a layer ends, back to the layer that begins it.
fn stream(walk: &Walk, reader: usize) -> Vec<Meeting> {
    let layers = &walk.network.layers;
    let mut stream = layers[reader].input;
    let Some(gradient) = gradient_at(walk, stream) else { return Vec::new() };
    let (z, z_gradient) = (layers[reader].pre_activation, walk.deltas[reader].0);
    let mut meetings = vec![Meeting::Reader(Reader { stream, gradient, z, z_gradient })];
    let mut last = reader;
    while let Some(branch) = last.checked_sub(2).and_then(|first| branch(walk, first, stream)) {
        meetings.extend([Meeting::Inside(branch), Meeting::Before(branch)]);
        stream = branch.stream;
        last -= 2;
    }
    let begins = last.checked_sub(1).filter(|first| layers[*first].activation == stream);
    if let (Some(first), Some(gradient)) = (begins, gradient_at(walk, stream)) {
        let z_gradient = walk.deltas[first].0;
        meetings.push(Meeting::Start(Start { stream, gradient, z_gradient }));
    }
    meetings
}

/// The branch of a layer and the next one, whose result is added in `sum`.
fn branch(walk: &Walk, first: usize, sum: Wire) -> Option<Branch> {
    let network = &walk.network;
    let (inner, outer) = (&network.layers[first], &network.layers[first + 1]);
    let [stream, result] = summands(network, sum)?;
    let is_one = outer.activation == sum
        && outer.input == inner.activation
        && inner.input == stream
        && readers(network, inner.activation, walk.turn) == 1
        && shown(network, result) == outer.pre_activation
        && is_flat(network, inner)
        && is_flat(network, outer);
    is_one.then_some(Branch {
        inner: Again {
            z: inner.pre_activation,
            x: inner.activation,
            gradient: walk.deltas[first].0,
            next_z: outer.pre_activation,
            next_gradient: walk.deltas[first + 1].0,
        },
        result,
        stream,
        gradient: gradient_at(walk, stream)?,
        sum,
        sum_gradient: gradient_at(walk, sum)?,
    })
}

fn gradient_at(walk: &Walk, stream: Wire) -> Option<Wire> {
    walk.streams.iter().find(|own| own.0 == stream).map(|own| own.1)
}

/// Whether a layer maps rows of units to rows of units.
fn is_flat(network: &Network, own: &LayerWires) -> bool {
    own.layout == Layout::FLAT
        && own.weight_axes == Axes::linear()
        && network.graph.shape(own.pre_activation).rank() == 2
}

/// Whether x is made of z and of numbers that are known, and all that is made of z ends in x.
fn is_of_one(walk: &Walk, z: Wire, x: Wire) -> bool {
    let graph = &walk.network.graph;
    let Source::Node(first, _) = graph.source(z) else { return false };
    let (mut behind, mut open) = (HashSet::from([z]), vec![x]);
    while let Some(wire) = open.pop() {
        if behind.insert(wire) {
            let Source::Node(node, _) = graph.source(wire) else { return false };
            open.extend(&graph.nodes()[node].inputs);
        }
    }
    let mut of_z = HashSet::from([z]);
    for node in graph.nodes().get(first + 1..walk.turn).unwrap_or_default() {
        if node.inputs.iter().any(|wire| *wire != x && of_z.contains(wire)) {
            of_z.extend(&node.outputs);
        }
    }
    of_z.contains(&x) && of_z.is_subset(&behind)
}

/// Nodes before `turn` that read a wire.
fn readers(network: &Network, wire: Wire, turn: usize) -> usize {
    let nodes = network.graph.nodes().iter().take(turn);
    nodes.flat_map(|own| &own.inputs).filter(|own| **own == wire).count()
}

/// The two of one shape that a wire is the sum of.
fn summands(network: &Network, wire: Wire) -> Option<[Wire; 2]> {
    let Source::Node(node, 0) = network.graph.source(wire) else { return None };
    let node = &network.graph.nodes()[node];
    let &[a, b] = &node.inputs[..] else { return None };
    let is_sum = matches!(node.operator.structure(), Structure::Sum { factors, .. } if factors == [1.0, 1.0]);
    (is_sum && network.graph.shape(a) == network.graph.shape(b)).then_some([a, b])
}

/// What a wire shows times a number.
fn shown(network: &Network, mut wire: Wire) -> Wire {
    while let Source::Node(node, 0) = network.graph.source(wire) {
        let node = &network.graph.nodes()[node];
        match (node.operator.structure(), &node.inputs[..]) {
            (Structure::Sum { shift: 0.0, .. }, &[x]) => wire = x,
            _ => break,
        }
    }
    wire
}
