//! From an initializer through views to the operators that take it.

use std::collections::HashSet;

use super::links::Links;
use crate::import::{Part, find};

/// An operator that takes a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Use {
    /// The node's number in the graph.
    pub node: usize,
    /// The input at which it takes the parameter.
    pub input: usize,
    /// What the parameter is to it; none if it only joins the signal there.
    pub part: Option<Part>,
    /// Axis i of what the node takes is axis `order[i]` of the parameter.
    pub order: Vec<usize>,
    /// Whether it was computed with on the way: 1 + w, v / ‖v‖.
    pub is_composite: bool,
    /// Whether rows were picked from it by fixed numbers on the way, as of a table of positions.
    pub is_table: bool,
}

/// The uses of an initializer with so many axes, nearest first.
pub(super) fn uses(links: &Links<'_, '_>, name: &str, rank: usize) -> Vec<Use> {
    let mut uses = Vec::new();
    let mut seen = HashSet::from([name]);
    let mut waiting = vec![(name, (0..rank).collect::<Vec<_>>(), false, false)];
    while let Some((value, order, is_composite, is_table)) = waiting.pop() {
        for (index, input) in links.takers(value) {
            let node = &links.graph.nodes[index];
            let Some(import) = find(node) else { continue };
            if import.settings.contains(&input) {
                continue;
            }
            let carries = import.carries.contains(&input);
            let part = import.parameters.iter().find(|(i, _)| *i == input).map(|(_, part)| *part);
            if links.makes_signal(node) && (part.is_some() || links.signals(node).next().is_some())
            {
                let order = order.clone();
                uses.push(Use { node: index, input, part, order, is_composite, is_table });
                continue;
            }
            let is_table = is_table || (part == Some(Part::Table) && rank == 2 && value == name);
            let mut order = order.clone();
            if import.permutes {
                let perm = node.attribute("perm").and_then(|perm| perm.ints());
                order = permuted(&order, perm);
            }
            for &output in node.outputs.iter().filter(|output| !output.is_empty()) {
                if seen.insert(output) {
                    waiting.push((output, order.clone(), is_composite || !carries, is_table));
                }
            }
        }
    }
    uses.sort_by_key(|used| used.node);
    uses
}

fn permuted(order: &[usize], perm: Option<&[i64]>) -> Vec<usize> {
    match perm {
        None => order.iter().rev().copied().collect(),
        Some(perm) => {
            let at = |&axis: &i64| usize::try_from(axis).ok().and_then(|a| order.get(a).copied());
            perm.iter().filter_map(at).collect()
        }
    }
}
