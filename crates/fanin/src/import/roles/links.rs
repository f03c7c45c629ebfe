//! How the nodes of an ONNX graph hang together: who makes a value, who takes it.

use std::collections::{HashMap, HashSet};

use crate::formats::onnx::{Graph, Node};

/// Who makes and takes each value of a graph, by name.
pub(super) struct Links<'g, 'a> {
    pub graph: &'g Graph<'a>,
    makers: HashMap<&'a str, usize>,
    takers: HashMap<&'a str, Vec<(usize, usize)>>,
    /// Values that depend on the graph's inputs.
    signal: HashSet<&'a str>,
}

impl<'g, 'a> Links<'g, 'a> {
    pub fn of(graph: &'g Graph<'a>) -> Self {
        let mut links = Self {
            graph,
            makers: HashMap::new(),
            takers: HashMap::new(),
            signal: graph.free_inputs().map(|input| input.name).collect(),
        };
        for (index, node) in graph.nodes.iter().enumerate() {
            for (place, &input) in node.inputs.iter().enumerate().filter(|(_, i)| !i.is_empty()) {
                links.takers.entry(input).or_default().push((index, place));
            }
            let is_signal = node.inputs.iter().any(|input| links.signal.contains(input));
            for &output in node.outputs.iter().filter(|output| !output.is_empty()) {
                links.makers.insert(output, index);
                if is_signal {
                    links.signal.insert(output);
                }
            }
        }
        links
    }

    /// The node that makes a value.
    pub fn maker(&self, value: &str) -> Option<&'g Node<'a>> {
        self.makers.get(value).map(|&index| &self.graph.nodes[index])
    }

    /// The nodes that take a value, each with the input at which it does.
    pub fn takers(&self, value: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.takers.get(value).into_iter().flatten().copied()
    }

    /// Whether a value depends on the graph's inputs.
    pub fn is_signal(&self, value: &str) -> bool {
        self.signal.contains(value)
    }

    /// Whether an output of the node depends on the graph's inputs.
    pub fn makes_signal(&self, node: &Node<'_>) -> bool {
        node.outputs.iter().any(|output| self.is_signal(output))
    }

    /// The inputs of a node that depend on the graph's inputs.
    pub fn signals(&self, node: &Node<'a>) -> impl Iterator<Item = &'a str> {
        node.inputs.iter().copied().filter(|input| self.is_signal(input))
    }
}
