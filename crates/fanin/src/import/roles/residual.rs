//! Residual branches as schemes count them: where they begin, what lies in them, which matrix ends
//! them, and which block of which stack each is. The sums that a check groups layers by are found in
//! `import/residual.rs`, which knows shapes.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

use super::Found;
use super::after;
use super::before::weights_of;
use super::layers::Depths;
use super::links::Links;
use crate::init::{Component, Position, Role, Stack};

/// How many nodes a branch may have.
const STEPS: usize = 2048;

/// A branch beside a shortcut.
#[derive(Debug)]
struct Branch<'a> {
    /// The product that ends it.
    last: usize,
    /// Its nodes.
    nodes: BTreeSet<usize>,
    /// Values in which it may begin.
    starts: HashSet<&'a str>,
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
    let mut sums: BTreeMap<usize, Branch<'_>> = BTreeMap::new();
    for &node in &weights {
        if let Some((sum, branch)) = branch(links, depths, node) {
            let deeper = |old: &Branch<'_>| depths.at(old.last) < depths.at(node);
            if sums.get(&sum).is_none_or(deeper) {
                sums.insert(sum, branch);
            }
        }
    }
    let (sums, branches): (Vec<usize>, Vec<Branch<'_>>) = sums.into_iter().unzip();
    let has = |role| found.iter().any(|one| one.parameter.role == role);
    let scales = (Some(has(Role::ResidualScale)), Some(has(Role::ShortcutScale)));
    let stacks = stacks(links, &sums, &branches, components);
    let blocks = blocks(&branches, &stacks, components);
    let count = |kinds: &[Stack]| {
        let of_kind = stacks.iter().zip(&blocks).filter(|(stack, _)| kinds.contains(stack));
        of_kind.map(|(_, block)| block + 1).max().unwrap_or(0)
    };
    let encoder_blocks = count(&[Stack::Encoder]);
    let decoder_blocks = count(&[Stack::Decoder, Stack::Only]);
    for one in found.iter_mut() {
        let place = &mut one.parameter.place;
        place.residual_sums = branches.len();
        (place.encoder_blocks, place.decoder_blocks) = (encoder_blocks, decoder_blocks);
        (place.has_residual_scale, place.has_shortcut_scale) = scales;
        let Some(node) = one.node else { continue };
        let Some(at) = branches.iter().position(|branch| branch.nodes.contains(&node)) else {
            continue;
        };
        let branch = &branches[at];
        let layers = branch.nodes.intersection(&weights).map(|node| depths.at(*node));
        let layers: BTreeSet<usize> = layers.collect();
        let index = layers.range(..depths.at(node)).count();
        place.stack = stacks[at];
        place.residual_sums = stacks.iter().filter(|stack| **stack == stacks[at]).count();
        place.block = Some(Position { index: blocks[at], count: count(&[stacks[at]]) });
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
fn feed_forward(branch: &Branch<'_>, found: &mut [Found]) {
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

fn attends(components: &HashMap<usize, Vec<Component>>, branch: &Branch<'_>) -> bool {
    components.get(&branch.last).is_some_and(|own| own.contains(&Component::AttentionOutput))
}

/// The stack of each branch: a stream in which some branch attends to another stream writes, and
/// what is read is an encoder's; else there is but one.
fn stacks(
    links: &Links<'_, '_>,
    sums: &[usize],
    branches: &[Branch<'_>],
    components: &HashMap<usize, Vec<Component>>,
) -> Vec<Stack> {
    let mut streams: Vec<usize> = (0..branches.len()).collect();
    for (index, branch) in branches.iter().enumerate() {
        let goes_on = |sum: &usize| {
            links.node(*sum).output(0).is_some_and(|output| branch.starts.contains(output))
        };
        if let Some(before) = sums[..index].iter().rposition(goes_on) {
            streams[index] = streams[before];
        }
    }
    let is_crossed = |branch: &Branch<'_>| {
        let keys = branch
            .nodes
            .iter()
            .filter(|node| components.get(node).is_some_and(|own| own.contains(&Component::Key)));
        attends(components, branch)
            && keys.clone().any(|key| !comes_from_start(links, branch, *key))
    };
    let crossed: BTreeSet<usize> =
        (0..branches.len()).filter(|&i| is_crossed(&branches[i])).map(|i| streams[i]).collect();
    let attended: BTreeSet<usize> = (0..branches.len())
        .filter(|&i| attends(components, &branches[i]))
        .map(|i| streams[i])
        .collect();
    let kind = |stream: &usize| match crossed.contains(stream) {
        true => Stack::Decoder,
        false if !crossed.is_empty() && attended.contains(stream) => Stack::Encoder,
        false => Stack::Only,
    };
    streams.iter().map(kind).collect()
}

/// Whether what a product of a branch takes is made of what goes around the branch.
fn comes_from_start(links: &Links<'_, '_>, branch: &Branch<'_>, node: usize) -> bool {
    let mut open = vec![node];
    let mut seen = BTreeSet::new();
    while let Some(index) = open.pop() {
        if !seen.insert(index) {
            continue;
        }
        for value in links.signals(links.node(index)) {
            if branch.starts.contains(value) {
                return true;
            }
            open.extend(links.maker(value).filter(|maker| branch.nodes.contains(maker)));
        }
    }
    false
}

/// The block of each branch in its stack: a transformer's feed-forward branch belongs to the
/// attention before.
fn blocks(
    branches: &[Branch<'_>],
    stacks: &[Stack],
    components: &HashMap<usize, Vec<Component>>,
) -> Vec<usize> {
    let has_attention = branches.iter().any(|branch| attends(components, branch));
    let mut numbers: Vec<usize> = Vec::new();
    for (index, branch) in branches.iter().enumerate() {
        let before = stacks[..index].iter().rposition(|stack| *stack == stacks[index]);
        numbers.push(before.map_or(0, |before| {
            let begins = !has_attention
                || attends(components, branch) && !attends(components, &branches[before]);
            numbers[before] + usize::from(begins)
        }));
    }
    numbers
}

/// The branch that a product ends, with the sum behind it.
fn branch<'a>(links: &Links<'_, 'a>, depths: &Depths, node: usize) -> Option<(usize, Branch<'a>)> {
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
    begun.then_some((sum, Branch { last: node, nodes, starts }))
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
