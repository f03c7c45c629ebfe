//! How deep each parameter's layer lies, and which is the last.

use std::collections::{HashMap, HashSet};

use super::Found;
use super::links::Links;
use crate::init::{Position, Role};

/// The number of matrices on the longest way from the input up to each value, by node.
#[derive(Debug)]
pub(super) struct Depths(Vec<usize>);

impl Depths {
    /// The depth of all nodes of a graph, where matrices stand at these.
    pub fn of(links: &Links<'_, '_>, weights: &HashSet<usize>) -> Self {
        let mut depths: HashMap<&str, usize> = HashMap::new();
        let mut of_nodes = Vec::with_capacity(links.graph.nodes.len());
        for (index, node) in links.graph.nodes.iter().enumerate() {
            let deepest = node.inputs.iter().filter_map(|input| depths.get(input)).max();
            let depth = deepest.copied().unwrap_or(0) + usize::from(weights.contains(&index));
            of_nodes.push(depth);
            depths.extend(node.outputs.iter().map(|&output| (output, depth)));
        }
        Self(of_nodes)
    }

    /// Matrices up to a node, its own included.
    pub fn at(&self, node: usize) -> usize {
        self.0[node]
    }

    /// Gives every parameter its layer.
    pub fn place(&self, found: &mut [Found]) {
        let count = self.0.iter().copied().max().unwrap_or(0);
        for one in found {
            let Some(depth) = one.node.map(|node| self.0[node]) else { continue };
            if let Some(index) = depth.checked_sub(1) {
                one.parameter.place.layer = Some(Position { index, count });
            }
            one.parameter.place.is_head = one.parameter.role == Role::Weight && depth == count;
        }
    }
}
