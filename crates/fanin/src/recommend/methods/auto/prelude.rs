//! What enters the weights: features, and all that is computed of them and of constants alone.
//!
//! Indices, masks and places are computed on rows of the data, or on rows that stand in for them;
//! numbers that are said to be measured are standard normal unless there are data.

use std::collections::HashMap;
use std::sync::Arc;

use fanin_engine::graph::Source;
use fanin_engine::ops::Structure;
use fanin_engine::{Array, Graph, Kind, Plan, Spread, Wire};
use fanin_kernels::random::{Stream, fill_normal, fill_uniform};

use super::rows::Rows;
use crate::data::Dataset;
use crate::error::Result;
use crate::spec::{Feed, Network, Numbers};

/// Elements of a tensor that is looked at whole, at most.
const MOST_ELEMENTS: usize = 1 << 20;

/// The spreads of wires that are computed without parameters and enter what is not.
pub(super) fn spreads(
    network: &Network,
    feeds: &[Feed],
    (data, rows): (Option<&Dataset>, &Rows),
    nodes: &[usize],
) -> Result<Vec<(Wire, Spread)>> {
    let graph = &network.graph;
    let features = graph.inputs()[Network::FEATURES];
    let mut known: HashMap<Wire, bool> = HashMap::from([(features, true)]);
    for &index in nodes {
        let node = &graph.nodes()[index];
        let all = node.inputs.iter().all(|wire| known.get(wire).copied().unwrap_or(false));
        known.extend(node.outputs.iter().map(|&output| (output, all)));
    }
    let is_known = |wire: &Wire| known.get(wire).copied().unwrap_or(false);
    let mut wanted: Vec<Wire> = Vec::new();
    for &index in nodes {
        let node = &graph.nodes()[index];
        if !node.outputs.iter().all(is_known) {
            wanted.extend(node.inputs.iter().filter(|wire| is_known(wire)));
        }
    }
    wanted.sort_unstable();
    wanted.dedup();
    let is_normal = data.is_none() && feeds.iter().all(|feed| feed.numbers == Numbers::Measured);
    let (plain, rest): (Vec<Wire>, Vec<Wire>) =
        wanted.into_iter().partition(|&wire| is_normal && shows(graph, wire, features));
    let normal = plain.iter().map(|&w| (w, Spread::independent(graph.shape(w), 0.0, 1.0)));
    let mut spreads: Vec<(Wire, Spread)> = normal.collect();
    spreads.extend(computed(network, feeds, (data, rows), &rest)?);
    Ok(spreads)
}

/// Whether a wire holds all features under another shape or in another order.
fn shows(graph: &Graph, mut wire: Wire, features: Wire) -> bool {
    while wire != features {
        let Source::Node(index, 0) = graph.source(wire) else { return false };
        let node = &graph.nodes()[index];
        let is_whole = |x| graph.shape(x).elements() == graph.shape(wire).elements();
        match (node.operator.structure(), &node.inputs[..]) {
            (Structure::Moved, &[x]) if is_whole(x) => wire = x,
            _ => return false,
        }
    }
    true
}

/// The spreads of wires that are computed from features and constants.
fn computed(
    network: &Network,
    feeds: &[Feed],
    (data, rows): (Option<&Dataset>, &Rows),
    wires: &[Wire],
) -> Result<Vec<(Wire, Spread)>> {
    let small = |wire: &&Wire| network.graph.shape(**wire).elements() <= MOST_ELEMENTS;
    let wires: Vec<Wire> = wires.iter().filter(small).copied().collect();
    if wires.is_empty() {
        return Ok(Vec::new());
    }
    let (graph, own) = part(&network.graph, &wires)?;
    let plan = Plan::new(&graph, &own)?;
    let mut workspace = plan.workspace::<f32>();
    fill(&rows.places, feeds, data, workspace.feed(0));
    plan.run(&[], &mut workspace);
    let spread = |(place, &wire): (usize, &Wire)| -> Result<(Wire, Spread)> {
        let shape = network.graph.shape(wire).clone();
        let array = match network.graph.type_of(wire).kind {
            Kind::Float => {
                let numbers = workspace.read(place).iter().map(|&x| f64::from(x));
                Array::float(shape, numbers.collect())?
            }
            Kind::Integer => Array::integer(shape, workspace.read_integers(place).to_vec())?,
            Kind::Position => {
                let positions = workspace.read_positions(place).iter();
                Array::integer(shape, positions.map(|&n| n.into()).collect())?
            }
        };
        let count = network.graph.shape(wire).axes().first();
        let is_of_rows = rows.is_told_apart && count == Some(&rows.places.len());
        Ok((wire, if is_of_rows { Spread::of_rows(&array) } else { Spread::of(&array) }))
    };
    wires.iter().enumerate().map(spread).collect()
}

/// The part of a graph that computes some wires from the features, and those wires in it.
fn part(graph: &Graph, wires: &[Wire]) -> Result<(Graph, Vec<Wire>)> {
    let features = graph.inputs()[Network::FEATURES];
    let mut nodes: Vec<usize> = Vec::new();
    let mut open = wires.to_vec();
    while let Some(wire) = open.pop() {
        if let Source::Node(index, _) = graph.source(wire)
            && !nodes.contains(&index)
        {
            nodes.push(index);
            open.extend(&graph.nodes()[index].inputs);
        }
    }
    nodes.sort_unstable();
    let mut own = Graph::new();
    let input = own.input("features", graph.type_of(features).clone());
    let mut copies = HashMap::from([(features, input)]);
    for index in nodes {
        let node = &graph.nodes()[index];
        let inputs: Vec<Wire> = node.inputs.iter().map(|wire| copies[wire]).collect();
        let outputs = own.apply_shared(Arc::clone(&node.operator), &inputs)?;
        copies.extend(node.outputs.iter().copied().zip(outputs));
    }
    let wires = wires.iter().map(|wire| copies[wire]).collect();
    Ok((own, wires))
}

/// These rows of the data, or numbers that stand in.
fn fill(places: &[usize], feeds: &[Feed], data: Option<&Dataset>, features: &mut [f32]) {
    let rows = places.len();
    let columns = features.len() / rows;
    if let Some(data) = data.filter(|data| data.rows() > 0 && data.columns() == columns) {
        for (&place, features) in places.iter().zip(features.chunks_exact_mut(columns)) {
            features.copy_from_slice(data.row(place));
        }
        return;
    }
    let mut start = 0;
    let mut drawn = vec![0.0; features.len()];
    for feed in feeds {
        let stream = Stream::new(0, &feed.name);
        match feed.numbers {
            Numbers::Measured => fill_normal(stream, 0, 0.0, 1.0, &mut drawn),
            Numbers::Indices(count) => {
                fill_uniform(stream, 0, 0.0, count as f32, &mut drawn);
                let last = count.saturating_sub(1) as f32;
                drawn.iter_mut().for_each(|x| *x = x.floor().min(last));
            }
            Numbers::Switches => drawn.fill(1.0),
        }
        for row in 0..rows {
            let place = row * columns + start..row * columns + start + feed.columns;
            features[place.clone()].copy_from_slice(&drawn[place]);
        }
        start += feed.columns;
    }
}
