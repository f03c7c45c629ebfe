//! What the signal meets before and behind the place where a parameter joins it.

use std::collections::HashSet;

use super::links::Links;
use crate::formats::onnx::Node;
use crate::import::{Part, find};

/// What the other side of a sum or product was made by, behind views.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    /// A product with weights.
    Product,
    /// A normalization, or a factor on one.
    Norm,
    /// Anything else.
    Other,
}

/// Operators whose result divides a signal by its size where no single operator normalizes.
///
/// Named here because normalizations written out are told by nothing else.
const DIVISORS: &[&str] = &["Reciprocal", "Sqrt"];

fn part_of(node: &Node<'_>, wanted: impl Fn(Part) -> bool) -> bool {
    find(node).is_some_and(|import| import.parameters.iter().any(|(_, part)| wanted(*part)))
}

/// Whether a node multiplies a signal by weights.
fn is_product(links: &Links<'_, '_>, node: &Node<'_>) -> bool {
    use Part::{Gemm, Kernel, Left, Right, TransposedKernel};
    let Some(import) = find(node) else { return false };
    import.parameters.iter().any(|(input, part)| {
        matches!(part, Right | Left | Gemm | Kernel | TransposedKernel)
            && node.input(*input).is_some_and(|name| !links.is_signal(name))
    })
}

/// What made the signal beside the parameter that a node takes at `input`.
pub(super) fn before<'a>(links: &Links<'_, 'a>, node: &Node<'a>, input: usize) -> Before {
    let beside = node.inputs.iter().enumerate().find(|(i, _)| *i != input).map(|(_, name)| *name);
    let Some(mut value) = beside.filter(|name| links.is_signal(name)) else { return Before::Other };
    while let Some(maker) = links.maker(value) {
        if is_product(links, maker) {
            return Before::Product;
        }
        if part_of(maker, |part| part == Part::Gain) || is_normalizing(links, maker) {
            return Before::Norm;
        }
        let carried = |(i, name): (usize, &'a str)| {
            let carries = find(maker).is_some_and(|import| import.carries.contains(&i));
            (carries && links.is_signal(name)).then_some(name)
        };
        match maker.inputs.iter().copied().enumerate().find_map(carried) {
            Some(next) => value = next,
            None => return Before::Other,
        }
    }
    Before::Other
}

/// Whether a node divides a signal by its root mean square, or scales one that is so divided.
fn is_normalizing<'a>(links: &Links<'_, 'a>, node: &Node<'a>) -> bool {
    if !part_of(node, |part| part == Part::Factor) {
        return false;
    }
    let signals: Vec<&str> = links.signals(node).collect();
    match signals[..] {
        [one] => links
            .maker(one)
            .is_some_and(|maker| !std::ptr::eq(maker, node) && is_normalizing(links, maker)),
        _ => signals.iter().any(|signal| {
            links.maker(signal).is_some_and(|maker| DIVISORS.contains(&maker.op_type))
        }),
    }
}

/// The activation that follows a node, behind biases and views; none if something else does.
pub(super) fn activation(links: &Links<'_, '_>, node: &Node<'_>) -> Option<String> {
    let mut value = node.output(0)?;
    let mut seen = HashSet::new();
    while seen.insert(value) {
        let mut next = None;
        let takers: Vec<_> = links.takers(value).collect();
        for &(index, input) in &takers {
            let taker = &links.graph.nodes[index];
            if let Some(name) = as_activation(taker) {
                let gates = |&(other, _): &(usize, usize)| {
                    let inputs = &links.graph.nodes[other].inputs;
                    taker.output(0).is_some_and(|out| inputs.contains(&out))
                };
                let is_gated = name == "sigmoid" && takers.iter().any(gates);
                return Some(if is_gated { "silu".to_owned() } else { name });
            }
            let import = find(taker)?;
            let is_bias = part_of(taker, |part| matches!(part, Part::Term | Part::Gain))
                && links.signals(taker).count() == 1;
            if is_bias || import.carries.contains(&input) {
                next = taker.output(0);
            }
        }
        value = next?;
    }
    None
}

/// The engine's activation of a node's operator.
fn as_activation(node: &Node<'_>) -> Option<String> {
    let mut name = String::new();
    for letter in node.op_type.chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.extend(letter.to_lowercase());
    }
    let name = match name.as_str() {
        "p_relu" => "leaky_relu:0.25".to_owned(),
        "leaky_relu" => {
            let slope = node.attribute("alpha").and_then(|alpha| alpha.float());
            format!("leaky_relu:{}", slope.unwrap_or(0.01))
        }
        "hard_swish" => "hardswish".to_owned(),
        "hard_sigmoid" => "hardsigmoid".to_owned(),
        _ => name,
    };
    fanin_engine::activations::find(&name).map(|_| name)
}
