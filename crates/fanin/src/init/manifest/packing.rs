//! Which matrices lie side by side in one tensor, and how long each is.

use super::Settings;
use super::names::{Kind, Layout, Packed, parts};
use super::roles::{Known, Tensors};
use crate::init::Component::{
    self, Candidate, ForgetGate, Gate, InputGate, Key, OutputGate, Query, ResetGate, Up,
    UpdateGate, Value,
};
use crate::init::Packing;

/// Why a tensor cannot be parted as its entry says.
pub(super) struct Misfit {
    pub key: &'static str,
    pub found: String,
    pub expected: String,
}

/// What a parameter is packed of along `axis`, and what could not be told.
pub(super) fn packing(
    known: &Known<'_>,
    tensors: &Tensors<'_>,
    settings: &Settings,
    layout: Layout,
    axis: usize,
) -> Result<(Option<Packing>, Option<String>), Misfit> {
    let entry = known.entry;
    let Some(&total) = entry.shape.get(axis) else { return Ok((None, None)) };
    if let Some(components) = &entry.parts {
        return said(components, entry.part_sizes.as_deref(), total)
            .map(|parts| (Some(Packing { axis, parts }), None));
    }
    let equal = |components: &[Component]| {
        let size = total / components.len();
        let fits = size * components.len() == total;
        fits.then(|| components.iter().map(|&component| (component, size)).collect::<Vec<_>>())
    };
    let parts = match known.meaning.packed {
        None => return Ok((None, None)),
        Some(Packed::QueryKeyValue) => {
            query_key_value(known, tensors, total).or_else(|| equal(&[Query, Key, Value]))
        }
        Some(Packed::KeyValue) => equal(&[Key, Value]),
        Some(Packed::GateUp) => equal(&[Gate, Up]),
        Some(Packed::Gates) => match gates(known, tensors) {
            Some(4) => equal(&[InputGate, ForgetGate, Candidate, OutputGate]),
            Some(3) if layout == Layout::Keras => equal(&[UpdateGate, ResetGate, Candidate]),
            Some(3) => equal(&[ResetGate, UpdateGate, Candidate]),
            Some(1) => return Ok((None, None)),
            _ => None,
        },
        Some(Packed::QueryKeyValueByHead) => match settings.heads {
            Some(heads) if heads > 0 && total.is_multiple_of(3 * heads) => {
                let size = total / (3 * heads);
                let head = [Query, Key, Value].map(|component| (component, size));
                Some(std::iter::repeat_n(head, heads).flatten().collect())
            }
            _ => {
                let text =
                    "one matrix: query, key and value lie head by head; say `heads` to part them";
                return Ok((None, Some(text.to_owned())));
            }
        },
    };
    let guess = parts.is_none().then(|| {
        format!("one matrix: {total} along axis {axis} fits no parts; say `parts` and `part_sizes`")
    });
    Ok((parts.map(|parts| Packing { axis, parts }), guess))
}

/// The parts that an entry names itself.
fn said(
    components: &[Component],
    sizes: Option<&[usize]>,
    total: usize,
) -> Result<Vec<(Component, usize)>, Misfit> {
    let misfit = |key, found: String, expected: String| Err(Misfit { key, found, expected });
    match sizes {
        _ if components.is_empty() => {
            misfit("parts", "no part".to_owned(), "one or more".to_owned())
        }
        Some(sizes) if sizes.len() != components.len() => {
            let expected = format!("{}, one for each part", components.len());
            misfit("part_sizes", format!("{} sizes", sizes.len()), expected)
        }
        Some(sizes) => {
            let sum = sizes.iter().try_fold(0_usize, |sum, &size| sum.checked_add(size));
            if sum == Some(total) && !sizes.contains(&0) {
                return Ok(components.iter().copied().zip(sizes.iter().copied()).collect());
            }
            misfit(
                "part_sizes",
                format!("{sizes:?}"),
                format!("sizes of 1 or more with the sum {total}"),
            )
        }
        None if total.is_multiple_of(components.len()) => {
            let size = total / components.len();
            Ok(components.iter().map(|&component| (component, size)).collect())
        }
        None => {
            let found = format!("{} parts of {total} rows", components.len());
            misfit("parts", found, "`part_sizes` beside them".to_owned())
        }
    }
}

/// Query, and fewer keys and values, as long as the layer behind them has inputs for.
fn query_key_value(
    known: &Known<'_>,
    tensors: &Tensors<'_>,
    total: usize,
) -> Option<Vec<(Component, usize)>> {
    let output = tensors.neighbor(&known.entry.name, "o_proj.weight")?;
    let query = *output.shape.get(1)?;
    let rest = total.checked_sub(query).filter(|rest| *rest > 0 && rest.is_multiple_of(2))?;
    Some(vec![(Query, query), (Key, rest / 2), (Value, rest / 2)])
}

/// Gates of a recurrent layer: rows of its recurrent weight for each unit of its state.
fn gates(known: &Known<'_>, tensors: &Tensors<'_>) -> Option<usize> {
    match known.meaning.kind {
        Some(Kind::Lstm) => return Some(4),
        Some(Kind::Gru) => return Some(3),
        Some(Kind::Rnn) => return Some(1),
        _ => {}
    }
    let name = known.entry.name.as_str();
    let leaf = *parts(name).last()?;
    if ["kernel", "recurrent_kernel", "bias"].contains(&leaf) {
        let recurrent = tensors.sibling(name, "recurrent_kernel")?;
        return ratio(*recurrent.shape.get(1)?, *recurrent.shape.first()?);
    }
    let suffix = leaf.split_once("_ih").or_else(|| leaf.split_once("_hh"))?.1;
    let recurrent = tensors.sibling(name, &format!("weight_hh{suffix}"))?;
    let projection = tensors.sibling(name, &format!("weight_hr{suffix}"));
    let state = *projection.unwrap_or(recurrent).shape.get(1)?;
    ratio(*recurrent.shape.first()?, state)
}

fn ratio(rows: usize, state: usize) -> Option<usize> {
    (state > 0 && rows.is_multiple_of(state)).then(|| rows / state)
}
