//! What the axes of a parameter mean to the node that takes it.

use super::trace::Use;
use super::view::Axis;
use crate::formats::onnx::{Attribute, Node};
use crate::import::{Part, find};
use crate::init::fans::Axes;

/// The axes of a parameter, by the node that takes it; none if they could not be followed.
pub(super) fn of(used: &Use, node: &Node<'_>) -> Option<Axes> {
    let view = used.view.as_deref()?;
    let integer = |name: &str, default: i64| {
        let value = node.attribute(name).and_then(Attribute::int).unwrap_or(default);
        usize::try_from(value).ok()
    };
    let rank = view.len();
    let last = rank.checked_sub(1)?;
    let leading = |from: usize| (0..from).collect::<Vec<_>>();
    if let Some(own) = find(node).and_then(|import| import.axes) {
        return back(&own(node, used.input, rank)?, view);
    }
    let seen = match used.part? {
        Part::Right | Part::Left if rank == 1 => Axes { output: Vec::new(), ..Axes::new(0, 0) },
        Part::Right => Axes { batch: leading(last - 1), ..Axes::new(last - 1, last) },
        Part::Left => Axes { batch: leading(last - 1), ..Axes::new(last, last - 1) },
        Part::Gemm if rank == 2 => match (used.input, integer("transA", 0)?, integer("transB", 0)?)
        {
            (0, 0, _) | (1, _, 1) => Axes::new(1, 0),
            _ => Axes::new(0, 1),
        },
        Part::Kernel if rank > 1 => Axes::convolution(integer("group", 1)?),
        Part::TransposedKernel if rank > 1 => Axes::transposed_convolution(integer("group", 1)?),
        Part::RecurrentInput | Part::RecurrentState if rank == 3 => {
            Axes { batch: vec![0], ..Axes::new(2, 1) }
        }
        _ => return None,
    };
    back(&seen, view)
}

/// A table of vectors, its last axis the vectors' own.
pub(super) fn table(rank: usize) -> Axes {
    match rank {
        0 | 1 => Axes { input: Vec::new(), ..Axes::new(0, 0) },
        _ => Axes { batch: (0..rank - 2).collect(), ..Axes::new(rank - 2, rank - 1) },
    }
}

/// Axes of a view as axes of the parameter; none if one of them serves two ends.
fn back(seen: &Axes, view: &[Axis]) -> Option<Axes> {
    let of = |axes: &[usize]| -> Option<Vec<usize>> {
        let lists = axes.iter().map(|&axis| Some(view.get(axis)?.of.clone()));
        let mut all: Vec<usize> = lists.collect::<Option<Vec<_>>>()?.concat();
        all.dedup();
        Some(all)
    };
    let axes = Axes {
        input: of(&seen.input)?,
        output: of(&seen.output)?,
        batch: of(&seen.batch)?,
        ..seen.clone()
    };
    let mut all = [axes.input.as_slice(), &axes.output, &axes.batch].concat();
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    (all.len() == count).then_some(axes)
}
