//! How deep each parameter's layer lies, and which is the last.

use std::collections::{HashMap, HashSet};

use super::Found;
use crate::formats::onnx::{Model, OnnxFile};
use crate::init::{Position, Role};

/// Gives every parameter its layer: matrices on the longest way from the input.
pub(super) fn place(_: &OnnxFile, model: &Model<'_>, found: &mut [Found]) -> Vec<String> {
    let graph = &model.graph;
    let named: HashMap<String, usize> = graph
        .nodes
        .iter()
        .enumerate()
        .map(|(index, node)| (format!("{} \"{}\"", node.op_type, node.name), index))
        .collect();
    let at: Vec<Option<usize>> =
        found.iter().map(|one| named.get(&one.consumer).copied()).collect();
    let is_weight = |one: &Found| one.parameter.role == Role::Weight;
    let weights = found.iter().zip(&at).filter(|(one, _)| is_weight(one));
    let weights: HashSet<usize> = weights.filter_map(|(_, at)| *at).collect();
    let mut depths: HashMap<&str, usize> = HashMap::new();
    let mut depth_of = vec![0_usize; graph.nodes.len()];
    for (index, node) in graph.nodes.iter().enumerate() {
        let deepest = node.inputs.iter().filter_map(|input| depths.get(input)).max();
        depth_of[index] = deepest.copied().unwrap_or(0) + usize::from(weights.contains(&index));
        depths.extend(node.outputs.iter().map(|&output| (output, depth_of[index])));
    }
    let count = depth_of.iter().copied().max().unwrap_or(0);
    for (one, at) in found.iter_mut().zip(at) {
        let Some(depth) = at.map(|at| depth_of[at]) else { continue };
        if let Some(index) = depth.checked_sub(1) {
            one.parameter.place.layer = Some(Position { index, count });
        }
        one.parameter.place.is_head = is_weight(one) && depth == count;
    }
    Vec::new()
}
