//! Residual branches: where they begin, what lies in them, in which sum they end.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

use super::Found;
use super::after;
use super::before::weights_of;
use super::layers::Depths;
use super::links::Links;
use crate::init::{Component, Position, Role};

/// How many nodes a branch may have.
const STEPS: usize = 2048;

/// A branch beside a shortcut.
#[derive(Debug)]
struct Branch {
    /// The product that ends it.
    last: usize,
    /// Its nodes.
    nodes: BTreeSet<usize>,
}

/// Marks the parameters of residual branches, and the last matrix of each.
pub(super) fn place(
    links: &Links<'_, '_>,
    depths: &Depths,
    components: &HashMap<usize, Vec<Component>>,
    found: &mut [Found],
) {
    let is_weight = |one: &&Found| one.parameter.role == Role::Weight;
    let weights: BTreeSet<usize> = found.iter().filter(is_weight).filter_map(|f| f.node).collect();
    let mut sums: BTreeMap<usize, Branch> = BTreeMap::new();
    for &node in &weights {
        if let Some((sum, branch)) = branch(links, depths, node) {
            let deeper = |old: &Branch| depths.at(old.last) < depths.at(node);
            if sums.get(&sum).is_none_or(deeper) {
                sums.insert(sum, branch);
            }
        }
    }
    let branches: Vec<Branch> = sums.into_values().collect();
    let has = |role| found.iter().any(|one| one.parameter.role == role);
    let scales = (Some(has(Role::ResidualScale)), Some(has(Role::ShortcutScale)));
    let blocks = blocks(&branches, components);
    let count = blocks.last().map_or(0, |last| last + 1);
    for one in found.iter_mut() {
        let place = &mut one.parameter.place;
        (place.residual_sums, place.decoder_blocks) = (branches.len(), count);
        (place.has_residual_scale, place.has_shortcut_scale) = scales;
        let Some(node) = one.node else { continue };
        let Some(at) = branches.iter().position(|branch| branch.nodes.contains(&node)) else {
            continue;
        };
        let branch = &branches[at];
        let layers = branch.nodes.intersection(&weights).map(|node| depths.at(*node));
        let layers: BTreeSet<usize> = layers.collect();
        let index = layers.range(..depths.at(node)).count();
        place.block = Some(Position { index: blocks[at], count });
        place.branch = Some(Position { index, count: layers.len() });
        place.is_residual_output = branch.last == node && one.parameter.role == Role::Weight;
    }
    if branches.iter().any(|branch| attends(components, branch)) {
        for branch in branches.iter().filter(|branch| !attends(components, branch)) {
            feed_forward(branch, found);
        }
    }
}

/// Names the matrices of a transformer's feed-forward branch; the gate is what is activated.
fn feed_forward(branch: &Branch, found: &mut [Found]) {
    let is_matrix = |one: &Found| {
        let is_here = one.node.is_some_and(|node| branch.nodes.contains(&node));
        is_here && one.parameter.role == Role::Weight && one.parameter.place.component.is_none()
    };
    let is_first = |one: &Found| is_matrix(one) && one.node != Some(branch.last);
    let has_two = found.iter().filter(|one| is_first(one)).count() == 2;
    for one in found.iter_mut().filter(|one| is_matrix(one)) {
        one.parameter.place.component = Some(match one.parameter.activation {
            _ if one.node == Some(branch.last) => Component::Down,
            Some(_) if has_two => Component::Gate,
            _ => Component::Up,
        });
    }
}

fn attends(components: &HashMap<usize, Vec<Component>>, branch: &Branch) -> bool {
    components.get(&branch.last).is_some_and(|own| own.contains(&Component::AttentionOutput))
}

/// The block of each branch: a transformer's feed-forward branch belongs to the attention before.
fn blocks(branches: &[Branch], components: &HashMap<usize, Vec<Component>>) -> Vec<usize> {
    let attends = |branch: &Branch| attends(components, branch);
    let has_attention = branches.iter().any(attends);
    let mut block = 0;
    let mut numbers = Vec::new();
    for (index, branch) in branches.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| attends(&branches[before]));
        let begins = !has_attention || (attends(branch) && before == Some(false));
        block += usize::from(index > 0 && begins);
        numbers.push(block);
    }
    numbers
}

/// The branch that a product ends, with the sum behind it.
fn branch(links: &Links<'_, '_>, depths: &Depths, node: usize) -> Option<(usize, Branch)> {
    let output = links.node(node).output(0)?;
    let (sum, other) = after::residual_sum(links, output)?;
    let starts = starts(links, other);
    let other_depth = links.maker(other).map_or(0, |maker| depths.at(maker));
    if other_depth >= depths.at(node) {
        return None;
    }
    let mut open = VecDeque::from([node]);
    let mut nodes = BTreeSet::new();
    let mut begun = false;
    let first = starts.iter().map(|start| links.maker(start)).min().flatten();
    while let Some(index) = open.pop_front() {
        if nodes.len() > STEPS || !nodes.insert(index) {
            continue;
        }
        for value in links.signals(links.node(index)) {
            if starts.contains(value) {
                begun = true;
            } else if let Some(maker) = links.maker(value).filter(|m| first.is_none_or(|f| *m > f))
            {
                open.push_back(maker);
            }
        }
    }
    let mut value = output;
    while let [(index, _)] = *links.takers(value) {
        if index == sum || nodes.len() > STEPS {
            break;
        }
        nodes.insert(index);
        match links.node(index).output(0) {
            Some(next) => value = next,
            None => break,
        }
    }
    begun.then_some((sum, Branch { last: node, nodes }))
}

/// Where a branch beside the shortcut `other` may begin: there, or before its one product.
fn starts<'a>(links: &Links<'_, 'a>, other: &'a str) -> HashSet<&'a str> {
    let mut starts = HashSet::from([other]);
    let mut open = vec![other];
    while let Some(value) = open.pop() {
        let Some(index) = links.maker(value).filter(|_| starts.len() < STEPS) else { continue };
        let node = links.node(index);
        let signals = links.signals(node);
        let [one] = signals[..] else { continue };
        if starts.insert(one) && weights_of(links, node).is_none() {
            open.push(one);
        }
    }
    starts
}
