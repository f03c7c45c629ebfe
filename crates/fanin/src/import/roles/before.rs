//! What the signal has been through where a parameter is added to it or multiplies it.

use super::links::Links;
use crate::formats::onnx::Node;
use crate::import::{Part, find};

/// What the signal has been through, behind views.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    /// A product with weights, in the node of this number.
    Product(usize),
    /// A normalization that has no gain of its own.
    Norm,
    /// A factor of its own, and neither of these two before it.
    Factor,
    /// Anything else.
    Other,
}

/// How far back is looked.
const STEPS: usize = 24;

/// Whether a part is a matrix that multiplies the signal.
pub(super) fn is_matrix(part: Part) -> bool {
    use Part::{Gemm, Kernel, Left, RecurrentInput, RecurrentState, Right, TransposedKernel};
    matches!(
        part,
        Right | Left | Gemm | Kernel | TransposedKernel | RecurrentInput | RecurrentState
    )
}

/// The input at which a node takes weights, if it multiplies a signal by some.
pub(super) fn weights_of(links: &Links<'_, '_>, node: &Node<'_>) -> Option<usize> {
    let parts = find(node)?.parameters.iter();
    let mut matrices = parts.filter(|(_, part)| is_matrix(*part)).map(|(input, _)| *input);
    let is_given = |input: &usize| node.input(*input).is_some_and(|name| !links.is_signal(name));
    matrices.find(is_given).filter(|_| links.makes_signal(node))
}

/// What the signals that a node takes beside its input `input` have been through.
pub(super) fn before<'a>(links: &Links<'_, 'a>, node: &Node<'a>, input: usize) -> Before {
    let beside = node.inputs.iter().enumerate().filter(|(i, _)| *i != input);
    let mut signals = beside.map(|(_, name)| *name).filter(|name| links.is_signal(name));
    match (signals.next(), signals.next()) {
        (Some(value), None) => of(links, value),
        _ => Before::Other,
    }
}

/// What a signal has been through.
pub(super) fn of<'a>(links: &Links<'_, 'a>, mut value: &'a str) -> Before {
    let mut otherwise = Before::Other;
    for _ in 0..STEPS {
        let Some(index) = links.maker(value) else { break };
        let node = links.node(index);
        if weights_of(links, node).is_some() {
            return Before::Product(index);
        }
        if is_plain_norm(links, node) || is_normalizing(links, node) {
            return Before::Norm;
        }
        let Some(next) = back(links, node) else { break };
        if is_factor(node) {
            otherwise = Before::Factor;
        }
        value = next;
    }
    otherwise
}

/// The signal that a node passes on, moved or times something that is not signal.
fn back<'a>(links: &Links<'_, 'a>, node: &Node<'a>) -> Option<&'a str> {
    let import = find(node)?;
    let is_factor = is_factor(node);
    let signals = node.inputs.iter().enumerate().filter(|(_, name)| links.is_signal(name));
    let passed =
        |(i, name): (usize, &&'a str)| (is_factor || import.carries.contains(&i)).then_some(*name);
    let passed: Vec<&str> = signals.map(passed).collect::<Option<_>>()?;
    match passed[..] {
        [one] => Some(one),
        _ => None,
    }
}

/// Whether what a node takes beside a signal multiplies it element by element.
fn is_factor(node: &Node<'_>) -> bool {
    let parts = find(node).map(|import| import.parameters).unwrap_or_default();
    parts.iter().all(|(_, part)| *part == Part::Factor) && !parts.is_empty()
}

/// Whether a node normalizes by one operator whose gain and shift are the constants 1 and 0.
fn is_plain_norm(links: &Links<'_, '_>, node: &Node<'_>) -> bool {
    let Some(import) = find(node) else { return false };
    let is = |part: Part, value: f64| {
        let input = import.parameters.iter().find(|(_, own)| *own == part);
        input.and_then(|(input, _)| node.input(*input)).is_none_or(|name| {
            uniform(links, name) == Some(value)
                || (links.tensor(name).is_none() && links.maker(name).is_some())
        })
    };
    let has_gain = import.parameters.iter().any(|(_, part)| *part == Part::Gain);
    has_gain && is(Part::Gain, 1.0) && is(Part::Shift, 0.0)
}

/// The one value of all elements of a small initializer.
pub(super) fn uniform(links: &Links<'_, '_>, name: &str) -> Option<f64> {
    const LARGEST: usize = 1 << 20;
    let tensor = links.tensor(name).filter(|tensor| tensor.len() <= LARGEST)?;
    let elements = links.file.elements(tensor).ok()?.to_f64()?;
    let first = *elements.first()?;
    elements.iter().all(|x| *x == first).then_some(first)
}

/// Whether a node divides one signal by a size of it: the heart of a norm that is written out.
fn is_normalizing<'a>(links: &Links<'_, 'a>, node: &Node<'a>) -> bool {
    let signals = links.signals(node);
    let made_by = |value: &str, names: &[&str]| {
        let node = links.maker(value).map(|index| links.node(index));
        node.is_some_and(|node| names.contains(&node.op_type))
    };
    match (node.op_type, &signals[..]) {
        ("Mul", [a, b]) => [a, b].iter().any(|value| made_by(value, &["Reciprocal"])),
        ("Div", [_, size]) => made_by(size, &["Sqrt", "ReduceL2"]),
        _ => false,
    }
}
