//! Which products are an attention's query, key, value and output.
//!
//! Scores are a product of two signals that ends in a softmax; what the softmax multiplies is the
//! value, and the next product with weights is the output.

use std::collections::{BTreeSet, HashMap};

use super::before::{is_matrix, weights_of};
use super::links::Links;
use crate::formats::onnx::Node;
use crate::import::find;
use crate::init::Component::{self, AttentionOutput, Key, Query, Value};

/// How many nodes are looked at on the way to a product.
const STEPS: usize = 512;

/// What each product with weights is to attention, by its node; several for a packed one.
pub(super) fn components(links: &Links<'_, '_>) -> HashMap<usize, Vec<Component>> {
    let mut found: HashMap<usize, Vec<Component>> = HashMap::new();
    let mut is = |nodes: BTreeSet<usize>, component: Component| {
        for node in nodes {
            let own = found.entry(node).or_default();
            if !own.contains(&component) {
                own.push(component);
            }
        }
    };
    for node in &links.graph.nodes {
        let Some(import) = find(node) else { continue };
        let input = |index| node.input(index).map(|name| vec![name]);
        let heads = if import.attends {
            input(0).zip(input(1)).zip(input(2)).zip(node.output(0))
        } else if import.normalizes_scores {
            by_softmax(links, node)
        } else {
            None
        };
        let Some((((query, key), value), output)) = heads else { continue };
        is(sources(links, &query), Query);
        is(sources(links, &key), Key);
        is(sources(links, &value), Value);
        is(next_product(links, output).into_iter().collect(), AttentionOutput);
    }
    found
}

type Heads<'a> = (((Vec<&'a str>, Vec<&'a str>), Vec<&'a str>), &'a str);

fn by_softmax<'a>(links: &Links<'_, 'a>, softmax: &Node<'a>) -> Option<Heads<'a>> {
    let scores = links.node(before_softmax(links, softmax.input(0)?)?);
    let weighted = links.node(after_softmax(links, softmax.output(0)?)?.0);
    let (_, input) = after_softmax(links, softmax.output(0)?)?;
    let value = weighted.input(1 - input)?;
    Some((((vec![scores.input(0)?], vec![scores.input(1)?]), vec![value]), weighted.output(0)?))
}

/// Whether a node multiplies two signals as matrices.
fn is_product_of_signals(links: &Links<'_, '_>, node: &Node<'_>) -> bool {
    let has_matrix =
        find(node).is_some_and(|import| import.parameters.iter().any(|(_, part)| is_matrix(*part)));
    has_matrix && node.inputs.len() == 2 && node.inputs.iter().all(|name| links.is_signal(name))
}

fn before_softmax(links: &Links<'_, '_>, value: &str) -> Option<usize> {
    let mut open = vec![value];
    for _ in 0..STEPS {
        let Some(index) = links.maker(open.pop()?) else { continue };
        let node = links.node(index);
        if is_product_of_signals(links, node) {
            return Some(index);
        }
        let is_through = weights_of(links, node).is_none()
            && find(node).is_some_and(|i| !i.carries.is_empty() || !i.parameters.is_empty());
        if is_through {
            open.extend(links.signals(node));
        }
    }
    None
}

fn after_softmax(links: &Links<'_, '_>, value: &str) -> Option<(usize, usize)> {
    let mut open = vec![value];
    for _ in 0..STEPS {
        for &(index, input) in links.takers(open.pop()?) {
            let node = links.node(index);
            if is_product_of_signals(links, node) {
                return Some((index, input));
            }
            if find(node).is_some_and(|import| import.carries.contains(&input)) {
                open.extend(node.output(0));
            }
        }
    }
    None
}

/// The products with weights that values come from.
fn sources(links: &Links<'_, '_>, values: &[&str]) -> BTreeSet<usize> {
    let mut open = values.to_vec();
    let mut seen = BTreeSet::new();
    let mut found = BTreeSet::new();
    while let Some(value) = open.pop() {
        let Some(index) = links.maker(value) else { continue };
        if seen.len() > STEPS || !seen.insert(index) {
            continue;
        }
        let node = links.node(index);
        if weights_of(links, node).is_some() {
            found.insert(index);
        } else if !is_product_of_signals(links, node) {
            open.extend(links.signals(node));
        }
    }
    found
}

/// The product with weights that takes a value next, behind views.
fn next_product(links: &Links<'_, '_>, value: &str) -> Option<usize> {
    let mut value = value;
    for _ in 0..STEPS {
        let [(index, input)] = *links.takers(value) else { return None };
        let node = links.node(index);
        if weights_of(links, node).is_some() {
            return Some(index);
        }
        if !find(node)?.carries.contains(&input) {
            return None;
        }
        value = node.output(0)?;
    }
    None
}
