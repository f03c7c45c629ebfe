//! What follows a layer: its activation, and whether it ends in a residual sum.

use super::before::is_matrix;
use super::links::Links;
use crate::formats::onnx::{Attribute, Node};
use crate::import::{Part, find};

/// How far ahead is looked.
const STEPS: usize = 24;

/// The activation that follows a value, behind biases, norms and views; none if there is none.
pub(super) fn activation<'a>(links: &Links<'_, 'a>, mut value: &'a str) -> Option<String> {
    for _ in 0..STEPS {
        let takers: Vec<&Node<'a>> = nodes(links, value);
        if let Some(name) = takers.iter().find_map(|node| named(links, node, value)) {
            return Some(name);
        }
        if let Some(name) = written_out(links, value, &takers) {
            return Some(name.to_owned());
        }
        let mut passed = takers.iter().filter(|node| passes(links, node, value));
        value = match (passed.next(), passed.next()) {
            (Some(node), None) => node.output(0)?,
            _ => return None,
        };
    }
    None
}

pub(in crate::import) fn nodes<'g, 'a>(links: &Links<'g, 'a>, value: &str) -> Vec<&'g Node<'a>> {
    let mut takers: Vec<usize> = links.takers(value).iter().map(|(index, _)| *index).collect();
    takers.dedup();
    let all = takers.into_iter().map(|index| links.node(index));
    all.filter(|node| links.makes_signal(node)).collect()
}

/// Whether a node hands its one signal on: moved, normalized, or with something added or scaled.
fn passes(links: &Links<'_, '_>, node: &Node<'_>, value: &str) -> bool {
    let Some(import) = find(node) else { return false };
    let is_only = node.inputs.iter().filter(|name| links.is_signal(name)).count() == 1;
    let adds =
        |(_, part): &(usize, Part)| !is_matrix(*part) && !matches!(part, Part::Slope | Part::Table);
    let at = node.inputs.iter().position(|name| *name == value);
    let carried = at.is_some_and(|at| import.carries.contains(&at));
    is_only && (carried || (!import.parameters.is_empty() && import.parameters.iter().all(adds)))
}

/// The engine's activation of a node's operator: what it is by itself, or together with the nodes
/// behind it.
pub(in crate::import) fn named(
    links: &Links<'_, '_>,
    node: &Node<'_>,
    value: &str,
) -> Option<String> {
    let behind = |node: &Node<'_>| node.output(0).map_or_else(Vec::new, |out| nodes(links, out));
    let gates = |nodes: &[&Node<'_>]| {
        nodes.iter().any(|next| next.op_type == "Mul" && next.inputs.contains(&value))
    };
    let is_mish = |nodes: &[&Node<'_>]| {
        let tanh = nodes.iter().find(|next| next.op_type == "Tanh");
        tanh.is_some_and(|tanh| behind(tanh).iter().any(|next| next.inputs.contains(&value)))
    };
    let next = behind(node);
    match node.op_type {
        "Sigmoid" if gates(&next) => Some("silu".to_owned()),
        "Sigmoid" if next.iter().any(|next| next.op_type == "Log") => None,
        "HardSigmoid" => gates(&next).then(|| "hardswish".to_owned()),
        "Softplus" if is_mish(&next) => Some("mish".to_owned()),
        "Clip" => clip(links, node).map(ToOwned::to_owned),
        "Max" => is_rectifier(links, node).then(|| "relu".to_owned()),
        _ => find(node)?.activation?(node),
    }
}

/// Whether the larger of a signal and 0 is taken, which is how JAX may write a rectifier.
fn is_rectifier(links: &Links<'_, '_>, node: &Node<'_>) -> bool {
    let is_zero = |name: &&str| super::before::uniform(links, name) == Some(0.0);
    node.inputs.len() == 2 && node.inputs.iter().any(is_zero)
}

/// What a clip to known bounds is; one at 0 from below, whatever the upper bound, is a rectifier.
fn clip(links: &Links<'_, '_>, node: &Node<'_>) -> Option<&'static str> {
    let bound = |index: usize, name: &str| {
        let set = node.attribute(name).and_then(Attribute::float).map(f64::from);
        set.or_else(|| super::before::uniform(links, node.input(index)?))
    };
    match (bound(1, "min")?, bound(2, "max")) {
        (0.0, _) => Some("relu"),
        (-1.0, Some(1.0)) => Some("hardtanh"),
        _ => None,
    }
}

/// An activation that is written out: Gauss's by `Erf`, its complement, or `Tanh` of a cubic.
pub(in crate::import) fn written_out<'a>(
    links: &Links<'_, 'a>,
    value: &'a str,
    takers: &[&Node<'a>],
) -> Option<&'static str> {
    const FORMULA: &[&str] = &["Mul", "Div", "Add", "Neg", "Pow"];
    const LONGEST: usize = 8;
    if takers.len() < 2 || !takers.iter().any(|node| node.op_type == "Mul") {
        return None;
    }
    let mut open: Vec<(&str, usize)> = vec![(value, 0)];
    let mut rest = 64_usize;
    while let Some((value, depth)) = open.pop() {
        rest = rest.checked_sub(1)?;
        for node in nodes(links, value) {
            match node.op_type {
                "Erf" | "Erfc" => return Some("gelu"),
                "Tanh" if depth > 1 => return Some("gelu_tanh"),
                kind if FORMULA.contains(&kind) && depth < LONGEST => {
                    open.extend(node.output(0).map(|output| (output, depth + 1)));
                }
                _ => {}
            }
        }
    }
    None
}

/// The residual sum in which a value ends, with the other side of it; none if it does not.
pub(super) fn residual_sum<'a>(
    links: &Links<'_, 'a>,
    mut value: &'a str,
) -> Option<(usize, &'a str)> {
    for _ in 0..STEPS {
        let [(index, input)] = *links.takers(value) else { return None };
        let node = links.node(index);
        let signals = links.signals(node);
        if node.op_type == "Add" && signals.len() == 2 && signals[0] != signals[1] {
            return Some((index, node.input(1_usize.checked_sub(input)?)?));
        }
        let is_gated = node.op_type == "Mul" && signals.len() == 2;
        if !is_gated && !passes(links, node, value) {
            return None;
        }
        value = node.output(0)?;
    }
    None
}
