//! How the nodes of an ONNX graph hang together: who makes a value, who takes it, what is signal.

use std::collections::{HashMap, HashSet};

use crate::formats::onnx::{Attribute, Dimension, Graph, Node, OnnxFile, Tensor};
use crate::import::{Move, bodies, find};

/// Who makes and takes each value of a graph, by name.
#[derive(Debug)]
pub(in crate::import) struct Links<'m, 'a> {
    pub file: &'m OnnxFile,
    pub graph: &'m Graph<'a>,
    makers: HashMap<&'a str, usize>,
    takers: HashMap<&'a str, Vec<(usize, usize)>>,
    signal: HashSet<&'a str>,
    initializers: HashMap<&'a str, &'m Tensor<'a>>,
    sizes: HashMap<&'a str, Vec<Option<usize>>>,
}

impl<'m, 'a> Links<'m, 'a> {
    pub fn of(file: &'m OnnxFile, graph: &'m Graph<'a>) -> Self {
        let mut links = Self {
            file,
            graph,
            makers: HashMap::new(),
            takers: HashMap::new(),
            signal: graph.free_inputs().map(|input| input.name).collect(),
            initializers: graph.initializers.iter().map(|t| (t.name, t)).collect(),
            sizes: HashMap::new(),
        };
        for info in graph.value_infos.iter().chain(&graph.inputs).chain(&graph.outputs) {
            if let Some((_, Some(dimensions))) = info.tensor() {
                let size = |dimension: &Dimension<'_>| match dimension {
                    Dimension::Value(size) => usize::try_from(*size).ok(),
                    _ => None,
                };
                links.sizes.insert(info.name, dimensions.iter().map(size).collect());
            }
        }
        for (index, node) in graph.nodes.iter().enumerate() {
            for (place, &input) in node.inputs.iter().enumerate().filter(|(_, i)| !i.is_empty()) {
                links.takers.entry(input).or_default().push((index, place));
            }
            let is_signal = links.takes_signal(node);
            for &output in node.outputs.iter().filter(|output| !output.is_empty()) {
                links.makers.insert(output, index);
                if is_signal {
                    links.signal.insert(output);
                }
            }
        }
        links.go_round();
        links
    }

    /// Makes signal of what a loop carries, where a round makes signal of it.
    fn go_round(&mut self) {
        let nodes = &self.graph.nodes;
        let is_new = |links: &Self, node: &Node<'a>| {
            bodies::is_carried(node) && links.takes_signal(node) && !links.makes_signal(node)
        };
        while nodes.iter().any(|node| is_new(self, node)) {
            for node in nodes {
                if self.takes_signal(node) {
                    self.signal.extend(node.outputs.iter().filter(|output| !output.is_empty()));
                }
            }
        }
    }

    /// Whether a loop carries some value from round to round.
    pub fn has_rounds(&self) -> bool {
        self.graph.nodes.iter().any(bodies::is_carried)
    }

    fn takes_signal(&self, node: &Node<'a>) -> bool {
        if find(node).is_some_and(|import| import.measures) {
            return false;
        }
        let settings = find(node).map_or(&[][..], |import| import.settings);
        let mut inputs = node.inputs.iter().enumerate();
        let inner = || node.attributes.iter().flat_map(Attribute::graphs);
        inputs.any(|(index, name)| self.is_signal(name) && !settings.contains(&index))
            || inner().flat_map(|g| &g.nodes).flat_map(|n| &n.inputs).any(|n| self.is_signal(n))
    }

    /// The node of this number.
    pub fn node(&self, index: usize) -> &'m Node<'a> {
        &self.graph.nodes[index]
    }

    /// The number of the node that makes a value.
    pub fn maker(&self, value: &str) -> Option<usize> {
        self.makers.get(value).copied()
    }

    /// The nodes that take a value, each with the input at which it does.
    pub fn takers(&self, value: &str) -> &[(usize, usize)] {
        self.takers.get(value).map_or(&[], Vec::as_slice)
    }

    /// Whether a value depends on the elements of the graph's inputs.
    pub fn is_signal(&self, value: &str) -> bool {
        self.signal.contains(value)
    }

    /// Whether an output of the node depends on the graph's inputs.
    pub fn makes_signal(&self, node: &Node<'_>) -> bool {
        node.outputs.iter().any(|output| self.is_signal(output))
    }

    /// The inputs of a node that depend on the graph's inputs, settings left out.
    pub fn signals(&self, node: &Node<'a>) -> Vec<&'a str> {
        let settings = find(node).map_or(&[][..], |import| import.settings);
        let inputs = node.inputs.iter().enumerate().filter(|(i, _)| !settings.contains(i));
        inputs.map(|(_, name)| *name).filter(|name| self.is_signal(name)).collect()
    }

    pub fn initializer(&self, name: &str) -> Option<&'m Tensor<'a>> {
        self.initializers.get(name).copied()
    }

    /// The lengths of a value's axes, as far as the file says them.
    pub fn sizes(&self, value: &str) -> Option<Vec<Option<usize>>> {
        match self.initializer(value) {
            Some(tensor) => Some(tensor.dims.iter().map(|size| Some(*size)).collect()),
            None => self.sizes.get(value).cloned(),
        }
    }

    /// The tensor behind a name: an initializer, or what a node holds as a constant, of any type.
    pub fn tensor(&self, name: &str) -> Option<&'m Tensor<'a>> {
        const STEPS: usize = 4;
        let mut name = name;
        for _ in 0..STEPS {
            if let Some(tensor) = self.initializer(name) {
                return Some(tensor);
            }
            let node = self.node(self.maker(name)?);
            if node.inputs.is_empty() {
                return node.attribute("value")?.tensor();
            }
            let import = find(node)?;
            let stays = import.moves == Move::Stays && import.hands_on();
            name = node.input(0).filter(|_| stays)?;
        }
        None
    }
}
