//! From an initializer through views and constant arithmetic to where it meets the signal.

use std::collections::HashSet;

use super::links::Links;
use super::view::{self, View};
use crate::formats::onnx::{Node, Tensor};
use crate::import::{Import, Part, find};

/// An operator at which a parameter meets the signal.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Use {
    /// The node's number in the graph.
    pub node: usize,
    /// The input at which it takes the parameter.
    pub input: usize,
    /// What the parameter is to it; none if it only joins the signal there.
    pub part: Option<Part>,
    /// The parameter as the node sees it.
    pub view: View,
    /// The node that takes the initializer itself, and its input.
    pub first: (usize, usize),
    /// Nodes between the initializer and this one that compute with it: 1 + w, v / ‖v‖.
    pub arithmetic: Vec<usize>,
    /// Whether rows were picked by indices that are the same for every input.
    pub is_picked: bool,
}

#[derive(Clone, Debug)]
struct Step<'a> {
    value: &'a str,
    view: View,
    first: Option<(usize, usize)>,
    arithmetic: Vec<usize>,
    is_picked: bool,
}

/// The places where a tensor meets the signal, in the order of the file.
pub(super) fn uses<'a>(links: &Links<'_, 'a>, tensor: &Tensor<'a>) -> Vec<Use> {
    let mut uses: Vec<Use> = Vec::new();
    let mut seen = HashSet::from([tensor.name]);
    let mut open = vec![Step {
        value: tensor.name,
        view: Some(view::whole(&tensor.dims)),
        first: None,
        arithmetic: Vec::new(),
        is_picked: false,
    }];
    while let Some(step) = open.pop() {
        for &(index, input) in links.takers(step.value) {
            let node = links.node(index);
            let Some(import) = find(node) else { continue };
            if import.settings.contains(&input) || import.measures {
                continue;
            }
            let part = import.parameters.iter().find(|(i, _)| *i == input).map(|(_, part)| *part);
            if links.makes_signal(node) {
                uses.push(Use {
                    node: index,
                    input,
                    part,
                    view: step.view.clone(),
                    first: step.first.unwrap_or((index, input)),
                    arithmetic: step.arithmetic.clone(),
                    is_picked: step.is_picked,
                });
                continue;
            }
            for &output in node.outputs.iter().filter(|output| !output.is_empty()) {
                if seen.insert(output) {
                    open.push(Step { value: output, ..behind(links, node, index, input, &step) });
                }
            }
        }
    }
    uses.sort_by_key(|used| (used.node, used.input));
    uses
}

fn behind<'a>(
    links: &Links<'_, 'a>,
    node: &Node<'a>,
    index: usize,
    input: usize,
    step: &Step<'a>,
) -> Step<'a> {
    const LONGEST: usize = 16;
    let is = |told: fn(&Import) -> bool| find(node).is_some_and(told);
    let carries = find(node).is_some_and(|import| import.carries.contains(&input));
    let is_moved = carries || is(|import| import.joins);
    let mut arithmetic = step.arithmetic.clone();
    if !is_moved && arithmetic.len() < LONGEST {
        arithmetic.push(index);
    }
    Step {
        view: if is_moved { view::behind(links, node, &step.view) } else { step.view.clone() },
        first: step.first.or(Some((index, input))),
        arithmetic,
        is_picked: step.is_picked
            || is(|import| import.parameters.iter().any(|(_, part)| *part == Part::Table)),
        value: step.value,
    }
}
