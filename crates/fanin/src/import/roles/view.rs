//! A parameter as it looks behind Transpose, Reshape and other operators that move elements.

use super::links::Links;
use crate::formats::onnx::{Attribute, Node};
use crate::import::integers;
use crate::import::{Move, find};

/// One axis of a view.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Axis {
    /// The axes of the parameter that it runs over, slowest first.
    pub of: Vec<usize>,
    /// Its length, if known.
    pub size: Option<usize>,
}

/// The axes of a parameter as an operator sees them; none once they could not be followed.
pub(super) type View = Option<Vec<Axis>>;

/// The parameter itself.
pub(super) fn whole(shape: &[usize]) -> Vec<Axis> {
    shape.iter().enumerate().map(|(i, n)| Axis { of: vec![i], size: Some(*n) }).collect()
}

/// Axes longer than 1.
pub(super) fn long(view: &[Axis]) -> usize {
    view.iter().filter(|axis| !axis.of.is_empty() && axis.size != Some(1)).count()
}

/// What becomes of a view in a node that takes it as its first input.
pub(super) fn behind(links: &Links<'_, '_>, node: &Node<'_>, view: &View) -> View {
    let view = view.as_deref()?;
    let sizes = node.output(0).and_then(|output| links.sizes(output));
    let mut seen = match find(node).map_or(Move::Stays, |import| import.moves) {
        Move::Permutes => transposed(node, view)?,
        Move::Inserts => {
            let mut axes = integers::axes(links, node, view.len() + count(links, node)?)?;
            axes.sort_unstable();
            let mut view = view.to_vec();
            for axis in axes {
                let one = Axis { of: Vec::new(), size: Some(1) };
                (axis <= view.len()).then(|| view.insert(axis, one))?;
            }
            view
        }
        Move::Drops => {
            let named = integers::axes(links, node, view.len());
            let goes = |i: usize, axis: &Axis| match &named {
                Some(named) => named.contains(&i),
                None => axis.size == Some(1),
            };
            let kept = view.iter().enumerate().filter(|(i, axis)| !goes(*i, axis));
            kept.map(|(_, axis)| axis.clone()).collect()
        }
        Move::Regroups => regrouped(view, &target(links, node, view, sizes.as_deref())?)?,
        Move::Stretches => {
            let rank = sizes.as_ref().map(Vec::len);
            let rank = rank.or_else(|| Some(integers::of(links, node.input(1)?)?.len()));
            let more = rank.unwrap_or(view.len()).saturating_sub(view.len());
            [vec![Axis::default(); more], view.to_vec()].concat()
        }
        Move::Picks if is_scalar(links, node) => {
            let axis = axis_of(node, view.len())?;
            let mut view = view.to_vec();
            (axis < view.len()).then(|| view.remove(axis))?;
            view
        }
        Move::Picks | Move::Cuts | Move::Splits => {
            let forget = |axis: &Axis| Axis { size: None, ..axis.clone() };
            view.iter().map(forget).collect()
        }
        Move::Stays => view.to_vec(),
    };
    if let Some(sizes) = sizes.filter(|sizes| sizes.len() == seen.len()) {
        for (axis, size) in seen.iter_mut().zip(sizes) {
            axis.size = size.or(axis.size);
        }
    }
    Some(seen)
}

fn count(links: &Links<'_, '_>, node: &Node<'_>) -> Option<usize> {
    let said = node.attribute("axes").and_then(Attribute::ints).map(<[i64]>::len);
    said.or_else(|| Some(integers::of(links, node.input(1)?)?.len()))
}

fn axis_of(node: &Node<'_>, rank: usize) -> Option<usize> {
    integers::from_end(node.attribute("axis").and_then(Attribute::int).unwrap_or(0), rank)
}

/// Whether a node picks one index, so that the axis goes.
fn is_scalar(links: &Links<'_, '_>, node: &Node<'_>) -> bool {
    let indices = node.input(1).and_then(|name| links.tensor(name));
    indices.is_some_and(|indices| indices.dims.is_empty())
}

fn transposed(node: &Node<'_>, view: &[Axis]) -> Option<Vec<Axis>> {
    match node.attribute("perm").and_then(|perm| perm.ints()) {
        None => Some(view.iter().rev().cloned().collect()),
        Some(perm) => {
            perm.iter().map(|&axis| view.get(usize::try_from(axis).ok()?).cloned()).collect()
        }
    }
}

/// The lengths that a node reshapes to.
fn target(
    links: &Links<'_, '_>,
    node: &Node<'_>,
    view: &[Axis],
    said: Option<&[Option<usize>]>,
) -> Option<Vec<usize>> {
    if let Some(sizes) = said.and_then(|sizes| sizes.iter().copied().collect()) {
        return Some(sizes);
    }
    let all = view.iter().try_fold(1_usize, |all, axis| all.checked_mul(axis.size?))?;
    if node.input(1).is_none() && node.attribute("shape").is_none() {
        let rows = view.get(..axis_of(node, view.len()).unwrap_or(1))?;
        let rows = rows.iter().try_fold(1_usize, |all, axis| all.checked_mul(axis.size?))?;
        return Some(vec![rows, all.checked_div(rows)?]);
    }
    let wanted = integers::of(links, node.input(1)?)?;
    let known = |(i, &size): (usize, &i64)| match size {
        0 => view.get(i)?.size,
        size => usize::try_from(size).ok(),
    };
    let sizes: Vec<Option<usize>> = wanted.iter().enumerate().map(known).collect();
    let rest = all.checked_div(sizes.iter().flatten().product())?;
    Some(sizes.into_iter().map(|size| size.unwrap_or(rest)).collect())
}

/// The axes after a reshape: runs of axes of equal length in all stand for each other.
fn regrouped(view: &[Axis], target: &[usize]) -> Option<Vec<Axis>> {
    let mut made = vec![Axis { of: Vec::new(), size: Some(1) }; target.len()];
    let (mut from, mut to) = (0, 0);
    while from < view.len() && to < target.len() {
        let (first, start) = (from, to);
        let (mut old, mut new) = (view[from].size?, target[to]);
        (from, to) = (from + 1, to + 1);
        while old != new {
            if old < new {
                old = old.checked_mul(view.get(from)?.size?)?;
                from += 1;
            } else {
                new = new.checked_mul(*target.get(to)?)?;
                to += 1;
            }
        }
        let long = view[first..from].iter().filter(|axis| axis.size != Some(1));
        let mut of: Vec<usize> = long.flat_map(|axis| axis.of.clone()).collect();
        if of.is_empty() {
            of = view[first..from].iter().flat_map(|axis| axis.of.clone()).collect();
        }
        let is_one = to - start == 1;
        for (axis, size) in made[start..to].iter_mut().zip(&target[start..to]) {
            let of = if *size == 1 && !is_one { Vec::new() } else { of.clone() };
            *axis = Axis { of, size: Some(*size) };
        }
    }
    for (axis, size) in made.iter_mut().zip(target) {
        axis.size = Some(*size);
    }
    Some(made)
}
