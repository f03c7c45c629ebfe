//! Small lists of integers that follow from the file alone: axes, bounds, target shapes.

use super::ops::{Move, find};
use super::roles::links::Links;
use crate::formats::onnx::Node;

/// How many nodes are evaluated for one list at most.
const NODES: usize = 512;
/// The longest list that is worth following.
const LENGTH: usize = 64;

/// A node in the search for a list, as an operator's rule sees it.
#[derive(Debug)]
pub struct Integers<'s> {
    /// The node.
    pub node: &'s Node<'s>,
    links: &'s Links<'s, 's>,
    rest: &'s mut usize,
}

impl Integers<'_> {
    /// The integers of an input.
    pub fn input(&mut self, index: usize) -> Option<Vec<i64>> {
        follow(self.links, self.node.input(index)?, self.rest)
    }

    /// The lengths of an input's axes, as far as the file says them.
    pub fn sizes(&self, index: usize) -> Option<Vec<Option<usize>>> {
        self.links.sizes(self.node.input(index)?)
    }
}

/// The integers of a value; none if they depend on more than the file says.
pub(super) fn of(links: &Links<'_, '_>, name: &str) -> Option<Vec<i64>> {
    follow(links, name, &mut { NODES })
}

fn follow(links: &Links<'_, '_>, name: &str, rest: &mut usize) -> Option<Vec<i64>> {
    if let Some(tensor) = links.tensor(name) {
        let is_small = tensor.len() <= LENGTH && tensor.element_type.is_integer();
        return is_small.then(|| links.file.elements(tensor).ok()?.to_i64())?;
    }
    *rest = rest.checked_sub(1)?;
    let node = links.node(links.maker(name)?);
    let import = find(node)?;
    if let Some(rule) = import.integers {
        return rule(&mut Integers { node, links, rest }).filter(|list| list.len() <= LENGTH);
    }
    let stays = matches!(import.moves, Move::Stays | Move::Inserts | Move::Drops | Move::Regroups);
    (stays && import.hands_on()).then(|| follow(links, node.input(0)?, rest))?
}

/// An index counted from the front.
pub(super) fn from_end(at: i64, length: usize) -> Option<usize> {
    let length = i64::try_from(length).ok()?;
    usize::try_from(if at < 0 { at.checked_add(length)? } else { at }).ok()
}

/// A bound counted from the front, at most the length.
pub(super) fn clamped(at: i64, length: usize) -> usize {
    let whole = i64::try_from(length).unwrap_or(i64::MAX);
    let at = if at < 0 { at.saturating_add(whole) } else { at };
    usize::try_from(at.clamp(0, whole)).unwrap_or(0)
}

/// The axes that a node names, as an input or as a setting.
pub(super) fn axes(links: &Links<'_, '_>, node: &Node<'_>, rank: usize) -> Option<Vec<usize>> {
    let said = node.attribute("axes").and_then(|a| a.ints()).map(<[i64]>::to_vec);
    let given = said.or_else(|| of(links, node.input(1)?))?;
    given.iter().map(|&axis| from_end(axis, rank)).collect()
}
