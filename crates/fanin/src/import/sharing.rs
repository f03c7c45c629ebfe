//! Equal initializers that an exporter has merged, given back to each of their users.
//!
//! In a fresh network all shifts are zeros and all gains are ones; exporters keep one tensor for
//! all of them, and a gradient with respect to it is the sum over modules that have nothing to do
//! with each other. A vector of one value throughout that several nodes add or multiply by is
//! taken apart: one parameter for each node, named as the module that it belongs to.

use std::collections::{HashMap, HashSet};

use crate::formats::onnx::{Graph, Node};
use crate::init::Role;

use super::ops::{self, Part};
use super::roles;

/// The most elements that an exporter merges.
const MERGED: usize = 1024;

/// Names of vectors that several nodes use as gain, shift or bias, and in no other way.
pub(super) fn shared<'a>(
    graph: &Graph<'a>,
    nodes: &[&Node<'a>],
    signature: &HashMap<String, bool>,
    tracks: bool,
) -> HashSet<&'a str> {
    let vectors: HashSet<&str> = graph
        .initializers
        .iter()
        .filter(|t| t.dims.len() == 1 && t.len() <= MERGED && t.element_type.is_float())
        .map(|t| t.name)
        .filter(|name| signature.is_empty() || signature.get(*name) == Some(&true))
        .collect();
    let (mut uses, mut others) = (HashMap::new(), HashSet::new());
    for node in nodes {
        for (index, name) in node.inputs.iter().enumerate() {
            match suffix(node, index).filter(|_| tracks || !is_statistic(node, index)) {
                Some(_) if vectors.contains(name) => *uses.entry(*name).or_insert(0) += 1,
                _ => drop(others.insert(*name)),
            }
        }
    }
    let several = uses.into_iter().filter(|(_, count)| *count > 1).map(|(name, _)| name);
    several.filter(|name| !others.contains(name)).collect()
}

/// Names of running statistics.
pub(super) fn tracked<'a>(nodes: &[&Node<'a>]) -> HashSet<&'a str> {
    let mut names = HashSet::new();
    for node in nodes {
        let inputs = node.inputs.iter().enumerate();
        names.extend(inputs.filter(|(index, _)| is_statistic(node, *index)).map(|(_, name)| *name));
    }
    names
}

/// What running statistics each of them holds, by name.
pub(super) fn statistics<'a>(graph: &Graph<'a>) -> HashMap<&'a str, Role> {
    let mut roles = HashMap::new();
    for node in &graph.nodes {
        for (index, name) in node.inputs.iter().enumerate() {
            let Some(import) = ops::find(node) else { continue };
            for (input, part) in import.parameters.iter().filter(|(input, _)| *input == index) {
                debug_assert_eq!(*input, index);
                match part {
                    Part::RunningMean => drop(roles.insert(*name, Role::RunningMean)),
                    Part::RunningVariance => drop(roles.insert(*name, Role::RunningVariance)),
                    _ => {}
                }
            }
        }
    }
    roles
}

fn is_statistic(node: &Node<'_>, index: usize) -> bool {
    ops::find(node).is_some_and(|import| {
        let mut parameters = import.parameters.iter();
        parameters.any(|(input, part)| {
            *input == index && matches!(part, Part::RunningMean | Part::RunningVariance)
        })
    })
}

/// What a module calls the parameter of this input: `weight` or `bias`.
fn suffix(node: &Node<'_>, index: usize) -> Option<&'static str> {
    let import = ops::find(node)?;
    let (_, part) = import.parameters.iter().find(|(input, _)| *input == index)?;
    match part {
        Part::Gain => Some("weight"),
        Part::Shift | Part::Bias | Part::Term => Some("bias"),
        Part::RunningMean => Some("running_mean"),
        Part::RunningVariance => Some("running_var"),
        _ => None,
    }
}

/// A name for the parameter of one node: its module's, or one made of the node's.
pub(super) fn own_name(node: &Node<'_>, index: usize, name: &str) -> String {
    let suffix = suffix(node, index).unwrap_or("weight");
    match roles::said_module(node) {
        Some(module) => format!("{module}.{suffix}"),
        None => format!("{name}@{}", node.output(0).unwrap_or(node.name)),
    }
}
