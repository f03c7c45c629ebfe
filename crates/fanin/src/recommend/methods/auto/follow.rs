//! What follows a layer's z element by element, as the next layer takes it: an activation by its name, or a
//! function that a file writes out in several operators, such as tanh(5·z) or exp(−z²).

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use fanin_engine::activations::Activation;
use fanin_engine::graph::Source;
use fanin_engine::ops::Structure;
use fanin_engine::spread::Flow;
use fanin_engine::{Array, Graph, Wire, activations, evaluate};

use super::place::Surroundings;
use super::scaler::Scaler;
use super::table::Table;
use super::targets::{Passed, odd_share};
use super::walk::{Scales, Walk};
use crate::spec::LayerWires;

/// Operators between z and what is multiplied next, at most.
const MOST: usize = 64;
/// Changes of shape between an activation and what it gates, at most, as of one gate for each channel.
const MOVES: usize = 4;
/// An activation with a smaller odd share than this lets another signal through, rather than being one.
const SIGNED: f64 = 0.99;

/// The functions that follow the layers of a network.
#[derive(Debug)]
pub(super) struct Functions {
    /// By the layer's place: of layers that more follows than an activation of a name.
    written: HashMap<usize, Written>,
    /// Places of layers whose activations multiply another signal.
    gates: HashSet<usize>,
    /// By the layer's place: of layers that say how noise or another signal is scaled.
    scalers: HashMap<usize, Scaler>,
}

/// A function that is written out.
#[derive(Debug)]
struct Written {
    table: Arc<Table>,
    /// The place of the first layer that the same follows.
    first: usize,
}

impl Functions {
    /// Those of a network whose parameters have these scales: a slope that is one number, as PReLU's, counts
    /// as that.
    pub fn new(walk: &Walk, around: &Surroundings<'_>, scales: &[Scales]) -> Self {
        let layers = || walk.network.layers.iter().enumerate();
        let still = walk.still();
        let gates = layers().filter(|(_, own)| is_gate(walk, (around, &still), own));
        let gates = gates.map(|(index, _)| index).collect();
        let open: Vec<usize> = layers()
            .filter(|(_, own)| !is_bare(walk, around, own) && !around.is_normalized(own))
            .map(|(index, _)| index)
            .collect();
        if open.is_empty() {
            return Self { written: HashMap::new(), gates, scalers: HashMap::new() };
        }
        let numbers = numbers(walk, &still, scales);
        let scaler = |&index: &usize| {
            let z = walk.network.layers[index].pre_activation;
            Some((index, Scaler::of(walk, (around, &still), &numbers, z)?))
        };
        let scalers = open.iter().filter_map(scaler).collect();
        let chains = open.into_iter().filter_map(|index| {
            let z = walk.network.layers[index].pre_activation;
            let (nodes, end) = chain(walk, (around, &still), z)?;
            (!nodes.is_empty()).then_some((index, nodes, end))
        });
        let tables = chains.filter_map(|(index, nodes, end)| {
            let layer = &walk.network.layers[index];
            let graph = &walk.network.graph;
            let table = tabulated(graph, (layer.pre_activation, &nodes, end), &numbers)?;
            let named = layer.bend.as_ref().and_then(|bend| activations::find(&bend.name));
            if table.is_linear() || named.is_some_and(|own| table.is(|z| own.at(0, z))) {
                return None;
            }
            Some((index, Arc::new(table)))
        });
        // Tables are long: each is held against the different ones before it, not against all.
        let mut kinds: Vec<(usize, Arc<Table>)> = Vec::new();
        let mut written = HashMap::new();
        for (index, table) in tables {
            let known = kinds.iter().find(|(_, kind)| table.is_like(kind)).map(|(first, _)| *first);
            if known.is_none() {
                kinds.push((index, Arc::clone(&table)));
            }
            written.insert(index, Written { table, first: known.unwrap_or(index) });
        }
        Self { written, gates, scalers }
    }

    /// What the layer after the one in this place takes of its z.
    pub fn passed(&self, walk: &Walk, layer: usize) -> Passed {
        match (self.written.get(&layer), Passed::of(self.name(walk, layer))) {
            (Some(own), _) => Passed::Written(Arc::clone(&own.table)),
            (None, Passed::Bent(own)) if self.is_gate(layer) => Passed::Gate(own),
            (None, own) => own,
        }
    }

    /// a, if what follows the layer is sin(a·z), written out.
    pub fn frequency(&self, layer: usize) -> Option<f64> {
        self.written.get(&layer)?.table.frequency()
    }

    /// How the layer's z scales noise or another signal, if it does.
    pub fn scaler(&self, layer: usize) -> Option<Scaler> {
        self.scalers.get(&layer).copied()
    }

    /// Whether the layer's activation multiplies another signal.
    pub fn is_gate(&self, layer: usize) -> bool {
        self.gates.contains(&layer)
    }

    /// The name of the activation, if one is all that follows.
    pub fn name<'w>(&self, walk: &'w Walk, layer: usize) -> Option<&'w str> {
        let bend = walk.network.layers[layer].bend.as_ref();
        bend.filter(|_| !self.written.contains_key(&layer)).map(|bend| bend.name.as_str())
    }

    /// Whether the same follows two layers.
    pub fn are_alike(&self, walk: &Walk, [a, b]: [usize; 2]) -> bool {
        let first = |layer| self.written.get(&layer).map(|own| own.first);
        let is_one = first(a) == first(b) && self.name(walk, a) == self.name(walk, b);
        let kind = |layer| (self.is_gate(layer), self.scaler(layer).is_some());
        is_one && kind(a) == kind(b)
    }
}

/// Whether nothing follows, or an activation that the registry knows and that the next layer takes as it is.
fn is_bare(walk: &Walk, around: &Surroundings<'_>, layer: &LayerWires) -> bool {
    let graph = &walk.network.graph;
    let [index] = around.takers(layer.pre_activation) else { return false };
    let node = &graph.nodes()[*index];
    if !node.operator.is_pointwise() {
        return true;
    }
    let bends = layer.bend.as_ref().is_some_and(|bend| bend.input == layer.pre_activation);
    let mut takers = around.takers(node.outputs[0]).iter().map(|&taker| &graph.nodes()[taker]);
    bends
        && node.outputs[0] == layer.activation
        && takers.all(|taker| !taker.operator.is_pointwise())
}

/// Whether what a layer's activation makes of z multiplies another signal, of which it lets through more or less.
///
/// Of the two an odd activation is what is let through: tanh(u) in tanh(u)·σ(v); and one without bounds beside one
/// that has them: relu(u) in relu(u)·σ(v).
fn is_gate(
    walk: &Walk,
    (around, still): (&Surroundings<'_>, &HashSet<Wire>),
    layer: &LayerWires,
) -> bool {
    let graph = &walk.network.graph;
    let Some(bend) = &layer.bend else { return false };
    let Some(own) = activations::find(&bend.name).filter(|own| odd_share(&**own) < SIGNED) else {
        return false;
    };
    let is_bounded = is_bounded(&*own);
    let (mut open, mut is_one) = (vec![(layer.activation, 0)], false);
    while let Some((wire, moves)) = open.pop() {
        for &taker in around.takers(wire) {
            let node = &graph.nodes()[taker];
            let mut others = node.inputs.iter().filter(|own| **own != wire);
            let is_free = moves < MOVES;
            match node.operator.structure() {
                Structure::Moved | Structure::Stretched if is_free => {
                    open.push((node.outputs[0], moves + 1));
                }
                // What the gate g keeps back is 1 − g.
                Structure::Sum { .. } if is_free && others.all(|own| still.contains(own)) => {
                    open.push((node.outputs[0], moves + 1));
                }
                Structure::Product if node.operator.is_pointwise() => {
                    let mut signals = others.filter(|own| !still.contains(own));
                    let Some(other) = signals.next() else { return false };
                    if !is_bounded && comes_bounded(walk, *other) {
                        return false;
                    }
                    is_one = true;
                }
                _ => return false,
            }
        }
    }
    is_one
}

/// Whether an activation stays near 0 however large z is.
fn is_bounded(activation: &dyn Activation) -> bool {
    const FAR: [f64; 2] = [-100.0, 100.0];
    FAR.iter().all(|z| activation.at(0, *z).abs() <= 2.0)
}

/// Whether a wire shows a bounded activation, in other places or times a number.
fn comes_bounded(walk: &Walk, mut wire: Wire) -> bool {
    let graph = &walk.network.graph;
    for _ in 0..=MOVES {
        let Source::Node(node, 0) = graph.source(wire) else { return false };
        let node = &graph.nodes()[node];
        let structure = node.operator.structure();
        let is_moved =
            matches!(structure, Structure::Moved | Structure::Stretched | Structure::Sum { .. });
        let [x] = node.inputs[..] else { return false };
        if !is_moved {
            let named = activations::find(node.operator.name());
            return named.is_some_and(|own| is_bounded(&*own));
        }
        wire = x;
    }
    false
}

/// The nodes that make one tensor of z alone, in order, and that tensor; none if it is not one.
fn chain(
    walk: &Walk,
    (around, still): (&Surroundings<'_>, &HashSet<Wire>),
    z: Wire,
) -> Option<(Vec<usize>, Wire)> {
    let graph = &walk.network.graph;
    let mut of_z = HashSet::from([z]);
    let mut open: BTreeSet<usize> = around.takers(z).iter().copied().collect();
    let mut nodes = Vec::new();
    while let Some(index) = open.pop_first() {
        let node = &graph.nodes()[index];
        let is_of_z = node.operator.is_pointwise()
            && node.outputs.len() == 1
            && node.inputs.iter().all(|wire| of_z.contains(wire) || still.contains(wire));
        if !is_of_z {
            continue;
        }
        if nodes.len() == MOST {
            return None;
        }
        nodes.push(index);
        of_z.insert(node.outputs[0]);
        open.extend(around.takers(node.outputs[0]));
    }
    let leaves = |wire: &&Wire| {
        let takers = around.takers(**wire);
        takers.is_empty() || takers.iter().any(|taker| !nodes.contains(taker))
    };
    let mut ends = of_z.iter().filter(leaves);
    let end = *ends.next()?;
    // What gates another signal is no activation: it is to pass that, and not its own z.
    let is_product = |taker: &usize| {
        graph.nodes()[*taker].operator.structure() == Structure::Product
            && graph.nodes()[*taker].operator.is_pointwise()
    };
    let is_one = ends.next().is_none() && !around.takers(end).iter().any(is_product);
    is_one.then_some((nodes, end))
}

/// What of that is one number all over, and that number.
fn numbers(walk: &Walk, still: &HashSet<Wire>, scales: &[Scales]) -> HashMap<Wire, f64> {
    let graph = &walk.network.graph;
    let mut flow = walk.begin(scales);
    let is_still =
        |index: &usize| graph.nodes()[*index].outputs.iter().all(|output| still.contains(output));
    walk.forward().filter(is_still).for_each(|index| flow.step(index));
    let number = |wire: Wire, flow: &Flow<'_>| {
        let spread = flow.spread(wire).filter(|_| graph.type_of(wire).is_float())?;
        (spread.variance() <= 1e-12 * spread.second()).then(|| (wire, spread.mean()))
    };
    still.iter().filter_map(|&wire| number(wire, &flow)).collect()
}

/// The function from `z` through `nodes` to `end`; none where a constant is not one number, or the function
/// no number somewhere.
pub(super) fn tabulated(
    graph: &Graph,
    (z, nodes, end): (Wire, &[usize], Wire),
    numbers: &HashMap<Wire, f64>,
) -> Option<Table> {
    let is_made = |wire: &Wire| {
        *wire == z || matches!(graph.source(*wire), Source::Node(own, _) if nodes.contains(&own))
    };
    let inputs = nodes.iter().flat_map(|&node| &graph.nodes()[node].inputs);
    let mut outside: Vec<Wire> = inputs.filter(|wire| !is_made(wire)).copied().collect();
    outside.sort_unstable();
    outside.dedup();
    let places = Table::places();
    let count = places.len();
    let mut arrays = vec![Array::float([count], places).ok()?];
    for wire in &outside {
        arrays.push(Array::float([count], vec![*numbers.get(wire)?; count]).ok()?);
    }
    let arrays: Vec<&Array> = arrays.iter().collect();
    let made = evaluate::compute(&arrays, count, |own, wires| {
        let known = std::iter::once(&z).chain(&outside).copied().zip(wires.iter().copied());
        let mut copies: HashMap<Wire, Wire> = known.collect();
        for &index in nodes {
            let node = &graph.nodes()[index];
            let inputs: Vec<Wire> = node.inputs.iter().map(|wire| copies[wire]).collect();
            let outputs = own.apply_shared(Arc::clone(&node.operator), &inputs)?;
            copies.extend(node.outputs.iter().copied().zip(outputs));
        }
        Ok(vec![copies[&end]])
    });
    Table::new(made.ok()?.first()?.floats()?.to_vec())
}
