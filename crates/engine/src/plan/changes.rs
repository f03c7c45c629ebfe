//! Which parameters of a plan change by which wires, and when they can.

use crate::graph::{Graph, Node, Source, Wire};

use super::read;

/// A parameter that changes by a wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Changed {
    /// The number of the change, in the order in which the caller named them.
    pub number: usize,
    /// The parameter.
    pub parameter: usize,
}

/// Changes of parameters, by when they can be made.
pub(super) struct Changes {
    /// As soon as a node has run: no node reads the parameter from then on, and nothing else the wire.
    pub at_once: Vec<Option<Changed>>,
    /// When all nodes have run, and by which wires.
    pub late: Vec<(Changed, Wire)>,
}

impl Changes {
    pub fn new(
        graph: &Graph,
        keep: &[Wire],
        changed: &[(Wire, Wire)],
        (needed, root): (&[bool], &[Wire]),
    ) -> Self {
        let mut last_reader = vec![None; graph.wire_count()];
        for (index, node) in graph.nodes().iter().enumerate().filter(|(i, _)| needed[*i]) {
            read(node).for_each(|input| last_reader[root[input.0].0] = Some(index));
        }
        let mut asked_for = vec![0; graph.wire_count()];
        let by = changed.iter().map(|(by, _)| by);
        keep.iter().chain(by).for_each(|wire| asked_for[root[wire.0].0] += 1);
        let only_source = |by: Wire| match graph.source(by) {
            Source::Node(node, _) => {
                let Node { inputs, outputs, .. } = &graph.nodes()[node];
                let is_own = root[by.0] == by && outputs.len() == 1 && !inputs.is_empty();
                let is_read = asked_for[by.0] > 1 || last_reader[by.0].is_some();
                (is_own && !is_read).then_some(node)
            }
            _ => None,
        };
        let mut at_once = vec![None; graph.nodes().len()];
        let mut late = Vec::new();
        for (number, &(by, wire)) in changed.iter().enumerate() {
            let Source::Parameter(parameter) = graph.source(wire) else {
                panic!("what changes is a parameter");
            };
            let change = Changed { number, parameter };
            match only_source(by).filter(|&node| last_reader[wire.0] < Some(node)) {
                Some(node) => at_once[node] = Some(change),
                None => late.push((change, by)),
            }
        }
        Self { at_once, late }
    }
}
