//! What of a model is needed: outputs, nodes, and which initializers only set something.

use std::collections::{HashMap, HashSet};

use crate::formats::onnx::{Attribute, Graph, Node};
use crate::{Error, Result};

use super::ops;
use super::options::Options;

/// The outputs asked for, or all of the file.
pub(super) fn chosen<'a>(graph: &Graph<'a>, options: &Options) -> Result<Vec<&'a str>> {
    if options.outputs.is_empty() {
        return Ok(graph.outputs.iter().map(|output| output.name).collect());
    }
    let made = || graph.nodes.iter().flat_map(|node| node.outputs.iter().copied());
    let one = |name: &String| {
        made().find(|made| made == name).ok_or_else(|| {
            let known: Vec<&str> = graph.outputs.iter().map(|output| output.name).collect();
            Error::unknown("output", name, &known)
        })
    };
    options.outputs.iter().map(one).collect()
}

/// Nodes that `outputs` need, in the order of the file.
pub(super) fn needed<'b, 'a>(graph: &'b Graph<'a>, outputs: &[&'a str]) -> Vec<&'b Node<'a>> {
    let mut maker: HashMap<&str, usize> = HashMap::new();
    for (index, node) in graph.nodes.iter().enumerate() {
        for name in &node.outputs {
            maker.insert(name, index);
        }
    }
    let mut keep = vec![false; graph.nodes.len()];
    let mut open: Vec<&str> = outputs.to_vec();
    while let Some(name) = open.pop() {
        if let Some(&index) = maker.get(name)
            && !std::mem::replace(&mut keep[index], true)
        {
            used(&graph.nodes[index], &mut open);
        }
    }
    graph.nodes.iter().zip(keep).filter(|(_, keep)| *keep).map(|(node, _)| node).collect()
}

/// Adds all names that a node uses, those in its branches included.
pub(super) fn used<'a>(node: &Node<'a>, names: &mut Vec<&'a str>) {
    names.extend(node.inputs.iter().filter(|name| !name.is_empty()));
    for inner in node.attributes.iter().flat_map(Attribute::graphs) {
        names.extend(inner.outputs.iter().map(|output| output.name));
        for node in &inner.nodes {
            used(node, names);
        }
    }
}

/// Initializers that nodes use for nothing but settings, such as scales of a resize.
pub(super) fn constants<'a>(nodes: &[&Node<'a>], options: &Options) -> HashSet<&'a str> {
    let (mut settings, mut others) = (HashSet::new(), HashSet::new());
    for node in nodes {
        let import = ops::find(node).map_or(&[][..], |import| import.settings);
        for (index, name) in node.inputs.iter().enumerate() {
            let asked = options.constants.iter().any(|constant| constant == name);
            let set = if asked || import.contains(&index) { &mut settings } else { &mut others };
            set.insert(*name);
        }
    }
    let asked = |name: &str| options.constants.iter().any(|constant| constant == name);
    settings.into_iter().filter(|name| asked(name) || !others.contains(name)).collect()
}
