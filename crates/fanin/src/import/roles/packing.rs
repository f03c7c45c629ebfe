//! Several matrices in one parameter: query, key and value, or the gates of a recurrent layer.

use super::links::Links;
use super::trace::Use;
use crate::formats::onnx::{Attribute, Node};
use crate::import::{Move, Part, find, integers};
use crate::init::Component::{self, Key, Query, Value};
use crate::init::Packing;

/// The gates that lie side by side in a parameter of this shape.
pub(super) fn recurrent(
    links: &Links<'_, '_>,
    used: &Use,
    name: &str,
    shape: &[usize],
) -> Option<Packing> {
    let node = links.node(used.node);
    let gates = find(node).map_or(&[][..], |import| import.gates);
    let is_bias = used.part == Some(Part::RecurrentBias);
    if gates.len() < 2
        || !matches!(used.part?, Part::RecurrentInput | Part::RecurrentState) && !is_bias
    {
        return None;
    }
    if used.first == (used.node, used.input) {
        let all = if is_bias { [gates, gates].concat() } else { gates.to_vec() };
        let size = shape.get(1)?.checked_div(all.len())?;
        let parts = all.into_iter().map(|gate| (gate, size)).collect();
        return Some(Packing { axis: 1, parts });
    }
    let mut pieces = pieces(links, name, gates)?;
    pieces.sort_unstable_by_key(|(start, _)| *start);
    let size = shape.first()?.checked_div(gates.len())?;
    let is_whole = pieces.len() == gates.len();
    let parts = pieces.into_iter().map(|(_, gate)| (gate, size)).collect();
    is_whole.then_some(Packing { axis: 0, parts })
}

/// Where the pieces of an initializer begin, with the gate that each becomes.
fn pieces(links: &Links<'_, '_>, name: &str, gates: &[Component]) -> Option<Vec<(i64, Component)>> {
    let piece = |&(index, _): &(usize, usize)| {
        let slice = links.node(index);
        let start = *integers::of(links, slice.input(1)?)?.first()?;
        let output = slice.output(0)?;
        let [(joined, input)] = *links.takers(output) else { return None };
        let is_cut = find(slice).is_some_and(|import| import.moves == Move::Cuts && !import.joins);
        let is_joined = is_cut && find(links.node(joined)).is_some_and(|import| import.joins);
        Some((start, *gates.get(input).filter(|_| is_joined)?))
    };
    links
        .takers(name)
        .iter()
        .filter(|(index, _)| !find(links.node(*index)).is_some_and(|import| import.measures))
        .map(piece)
        .collect()
}

/// Query, key and value in one product, of so many units in all; or why they are not side by side.
///
/// The order is query, key, value: every framework has them so.
pub(super) fn attention(
    links: &Links<'_, '_>,
    node: &Node<'_>,
    components: &[Component],
    units: usize,
) -> Result<Option<Vec<(Component, usize)>>, &'static str> {
    let order = [Query, Key, Value];
    let own: Vec<Component> = order.into_iter().filter(|c| components.contains(c)).collect();
    if own.len() < 2 {
        return Ok(None);
    }
    let sizes = node.output(0).and_then(|output| split(links, output, own.len()));
    let sizes = match sizes {
        Some(Split::Interleaved) => return Err("query, key and value are interleaved by head"),
        Some(Split::Sizes(sizes)) if sizes.len() == own.len() => sizes,
        _ if units.is_multiple_of(own.len()) => vec![units / own.len(); own.len()],
        _ => return Err("query, key and value of unknown sizes in one"),
    };
    let fits = sizes.iter().sum::<usize>() == units;
    Ok(fits.then(|| own.into_iter().zip(sizes).collect()))
}

enum Split {
    Sizes(Vec<usize>),
    Interleaved,
}

/// How a packed product is taken apart.
fn split<'a>(links: &Links<'_, 'a>, mut value: &'a str, parts: usize) -> Option<Split> {
    const STEPS: usize = 4;
    for _ in 0..STEPS {
        let &(index, _) = links.takers(value).first()?;
        let node = links.node(index);
        let import = find(node)?;
        let adds = import.parameters.iter().any(|(_, part)| *part == Part::Term);
        match import.moves {
            Move::Splits => {
                let sizes = node.attribute("split").and_then(Attribute::ints).map(<[i64]>::to_vec);
                let sizes = sizes.or_else(|| integers::of(links, node.input(1)?))?;
                let sizes = sizes.iter().map(|size| usize::try_from(*size).ok());
                return Some(Split::Sizes(sizes.collect::<Option<_>>()?));
            }
            Move::Regroups => {
                let rank = links.sizes(value).map_or(3, |sizes| sizes.len());
                let target = integers::of(links, node.input(1)?)?;
                let parts = i64::try_from(parts).ok()?;
                let has =
                    |axis: Option<usize>| axis.is_some_and(|axis| target.get(axis) == Some(&parts));
                let is_apart = has(Some(rank)) && !has(rank.checked_sub(1));
                return is_apart.then_some(Split::Interleaved);
            }
            _ if adds => value = node.output(0)?,
            _ => return None,
        }
    }
    None
}
