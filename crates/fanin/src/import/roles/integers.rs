//! Small lists of integers that follow from the file alone: axes, bounds, target shapes.

use super::links::Links;
use crate::formats::onnx::{Attribute, Node};

/// How many nodes are evaluated for one list at most.
const NODES: usize = 512;
/// The longest list that is worth following.
const LENGTH: usize = 64;

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
    let mut input = |index: usize| follow(links, node.input(index)?, rest);
    match node.op_type {
        "Constant" => constant(node),
        "Shape" => shape(links, node),
        "Cast" | "CastLike" | "Identity" | "Squeeze" | "Unsqueeze" | "Reshape" => input(0),
        "Concat" => {
            let lists = (0..node.inputs.len()).map(input).collect::<Option<Vec<_>>>()?;
            Some(lists.concat()).filter(|list| list.len() <= LENGTH)
        }
        "Gather" => {
            let (list, indices) = (input(0)?, input(1)?);
            indices.iter().map(|&at| list.get(from_end(at, list.len())?).copied()).collect()
        }
        "Slice" => {
            let (list, start, end) = (input(0)?, input(1)?, input(2)?);
            let bound = |at: &[i64]| Some(clamped(*at.first()?, list.len()));
            list.get(bound(&start)?..bound(&end)?).map(<[i64]>::to_vec)
        }
        "Add" | "Sub" | "Mul" | "Div" => {
            let (a, b) = (input(0)?, input(1)?);
            let length = a.len().max(b.len());
            let at = |list: &[i64], i| list.get(if list.len() == 1 { 0 } else { i }).copied();
            let one = |i| {
                let (a, b) = (at(&a, i)?, at(&b, i)?);
                match node.op_type {
                    "Add" => a.checked_add(b),
                    "Sub" => a.checked_sub(b),
                    "Mul" => a.checked_mul(b),
                    _ => a.checked_div(b),
                }
            };
            (0..length).map(one).collect()
        }
        _ => None,
    }
}

fn constant(node: &Node<'_>) -> Option<Vec<i64>> {
    let of = |name| node.attribute(name);
    let list = of("value_ints").and_then(|a| a.ints()).map(<[i64]>::to_vec);
    list.or_else(|| of("value_int").and_then(Attribute::int).map(|one| vec![one]))
}

fn shape(links: &Links<'_, '_>, node: &Node<'_>) -> Option<Vec<i64>> {
    let sizes = links.sizes(node.input(0)?)?;
    let bound = |name: &str, default: usize| {
        let at = node.attribute(name).and_then(Attribute::int);
        at.map_or(default, |at| clamped(at, sizes.len()))
    };
    let wanted = sizes.get(bound("start", 0)..bound("end", sizes.len()))?;
    wanted.iter().map(|size| i64::try_from((*size)?).ok()).collect()
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
