//! Equal initializers that an exporter has merged, given back to each of their users.
//!
//! In a fresh network all shifts are zeros and all gains are ones; exporters keep one tensor for
//! all of them, and a gradient with respect to it is the sum over modules that have nothing to do
//! with each other. A vector of one value throughout that several nodes add or multiply by is
//! taken apart: one parameter for each node, named as the module that it belongs to. A bias that its own
//! module uses again with the same weights, as a cell does at every step, stays one, and so does the gain
//! or the shift of a norm that is used again.

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
    let merged: HashSet<&str> = several.filter(|name| !others.contains(name)).collect();
    let again = again(graph, nodes, &merged);
    merged.into_iter().filter(|name| !again.contains(name)).collect()
}

/// Those of these vectors that only their own modules use, and there again, biases with the same weights.
fn again<'a>(
    graph: &Graph<'a>,
    nodes: &[&Node<'a>],
    vectors: &HashSet<&'a str>,
) -> HashSet<&'a str> {
    let mut makers: HashMap<&str, &Node<'a>> = HashMap::new();
    if !vectors.is_empty() {
        nodes.iter().for_each(|node| makers.extend(node.outputs.iter().map(|name| (*name, *node))));
    }
    // The weights beside every use, and how many uses there are; none where one is of another kind.
    let mut beside: HashMap<&str, Option<(HashSet<&str>, usize)>> = HashMap::new();
    for node in nodes {
        for (index, name) in node.inputs.iter().enumerate().filter(|(_, n)| vectors.contains(*n)) {
            let path = name.rsplit_once('.').map(|(path, _)| path);
            let is_own = path.is_some_and(|path| roles::owner(node, graph) == path);
            // A norm has one gain and one shift, and no weights beside them.
            let norm = is_of_norm(node, index).then_some("");
            let weights = norm.or_else(|| weights_beside(node, index, &makers));
            let weights = weights.filter(|_| is_own);
            let all = beside.entry(name).or_insert_with(|| Some((HashSet::new(), 0)));
            match (all.as_mut(), weights) {
                (Some((all, uses)), Some(weights)) => {
                    all.insert(weights);
                    *uses += 1;
                }
                _ => *all = None,
            }
        }
    }
    let is_again = |all: &Option<(HashSet<&str>, usize)>| {
        all.as_ref().is_some_and(|(weights, uses)| weights.len() < *uses)
    };
    beside.into_iter().filter(|(_, all)| is_again(all)).map(|(name, _)| name).collect()
}

fn is_of_norm(node: &Node<'_>, index: usize) -> bool {
    let parts = ops::find(node).map_or(&[][..], |import| import.parameters);
    parts.iter().any(|(i, part)| *i == index && matches!(part, Part::Gain | Part::Shift))
}

/// The weights of the product that a node adds its input of this index to.
fn weights_beside<'a>(
    node: &Node<'a>,
    index: usize,
    makers: &HashMap<&str, &Node<'a>>,
) -> Option<&'a str> {
    match node.op_type {
        "Gemm" if index == 2 => node.input(1),
        "Add" => {
            let product = makers.get(node.input(1_usize.checked_sub(index)?)?)?;
            (product.op_type == "MatMul").then(|| product.input(1))?
        }
        _ => None,
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::onnx::{ElementType, Tensor};

    /// A layer and a norm, each called twice, and vectors of these names: of the layer, and of the norm.
    #[track_caller]
    fn check(bias: &'static str, gain: &'static str, merged: &[&str]) {
        let named =
            |name, op, inputs: &[&'static str; 3]| Node { name, ..Node::new(op, inputs, &[name]) };
        let bytes = [0; 16];
        let tensor = |name| Tensor::new(name, ElementType::F32, &[4], &bytes);
        let graph = Graph {
            nodes: vec![
                named("/core/Gemm", "Gemm", &["x", "core.weight", bias]),
                named("/n/LayerNormalization", "LayerNormalization", &["a", gain, "n.bias"]),
                named("/core_1/Gemm", "Gemm", &["b", "core.weight", bias]),
                named("/n_1/LayerNormalization", "LayerNormalization", &["c", gain, "n.bias"]),
            ],
            initializers: [bias, gain, "n.bias"].map(tensor).to_vec(),
            ..Graph::default()
        };
        let nodes: Vec<&Node<'_>> = graph.nodes.iter().collect();
        let found = shared(&graph, &nodes, &HashMap::new(), true);
        assert_eq!(found, merged.iter().copied().collect(), "{bias}, {gain}");
    }

    #[test]
    fn what_a_module_uses_again_is_not_merged() {
        check("core.bias", "n.weight", &[]);
        check("fc.bias", "n.weight", &["fc.bias"]);
        check("core.bias", "norm.weight", &["norm.weight"]);
    }
}
