//! Which residual sums each layer lies before: what a check groups its rows by.
//!
//! Asked of the shapes of a graph that is built, of any layers and branches inside each other; which
//! matrix ends a branch, and which block it is, is told of the file alone, in `roles/residual.rs`.

use std::collections::{HashMap, HashSet};

use super::ops::{self, Part};
use super::roles::{self, links::Links};
use crate::formats::onnx::Node;

/// For each of these nodes, the residual branches around it, outermost first.
///
/// A sum of two signals closes a block if one side was made of the other, or both of a common
/// signal, and both are of one shape; the branch is the side with more layers.
pub(super) fn branches(
    links: &Links<'_, '_>,
    layers: &[usize],
    is_alike: impl Fn(&str, &str) -> bool,
) -> Vec<Vec<String>> {
    let mut around: Vec<Vec<(usize, String)>> = vec![Vec::new(); layers.len()];
    let layer: HashMap<usize, usize> = layers.iter().enumerate().map(|(l, &n)| (n, l)).collect();
    for node in &links.graph.nodes {
        let sums = ops::find(node)
            .is_some_and(|import| import.parameters.iter().any(|(_, part)| *part == Part::Term));
        let signals = links.signals(node);
        let (true, &[a, b]) = (sums, &signals[..]) else { continue };
        if !is_alike(a, b) {
            continue;
        }
        let (of_a, of_b) = (ancestors(links, a), ancestors(links, b));
        let own = |own: &HashSet<usize>, other: &HashSet<usize>| -> Vec<usize> {
            own.difference(other).filter_map(|node| layer.get(node).copied()).collect()
        };
        let (side_a, side_b) = (own(&of_a, &of_b), own(&of_b, &of_a));
        let joins = of_a.intersection(&of_b).next().is_some() || of_a.is_empty() || of_b.is_empty();
        let sizes = (side_a.len(), side_b.len());
        let branch = if sizes.0 > sizes.1 { side_a } else { side_b };
        if !joins || sizes.0 == sizes.1 {
            continue;
        }
        let name = name(node);
        for layer in &branch {
            around[*layer].push((branch.len(), name.clone()));
        }
    }
    let outermost_first = |mut own: Vec<(usize, String)>| {
        own.sort_by_key(|(size, _)| std::cmp::Reverse(*size));
        own.into_iter().map(|(_, name)| name).collect()
    };
    around.into_iter().map(outermost_first).collect()
}

/// The nodes that a value is made by.
fn ancestors(links: &Links<'_, '_>, value: &str) -> HashSet<usize> {
    let mut seen = HashSet::new();
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        if let Some(index) = links.maker(value)
            && seen.insert(index)
        {
            open.extend(links.graph.nodes[index].inputs.iter().copied());
        }
    }
    seen
}

/// The sum's module, or its node.
fn name(node: &Node<'_>) -> String {
    let own = if node.name.is_empty() { node.output(0).unwrap_or_default() } else { node.name };
    match roles::said_module(node) {
        Some(module) => format!("{module} ({own})"),
        None => own.to_owned(),
    }
}
