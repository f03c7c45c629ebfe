//! Elements by index.

use fanin_engine::ops::Addressing;

use crate::Result;
use crate::import::integers::{Integers, from_end};
use crate::import::{Call, Lowering, Value};

use super::{Import, Move, Part};

pub const IMPORT: Import = Import::new(&["Gather"], lower)
    .parameters(&[(0, Part::Table)])
    .carries(&[0])
    .moves(Move::Picks)
    .integers(picked);
pub const ELEMENTS: Import =
    Import::new(&["GatherElements"], lower).parameters(&[(0, Part::Table)]).carries(&[0]);
pub const TUPLES: Import = Import::new(&["GatherND"], lower)
    .parameters(&[(0, Part::Table)])
    .carries(&[0])
    .moves(Move::Cuts);

fn picked(of: &mut Integers<'_>) -> Option<Vec<i64>> {
    let (list, indices) = (of.input(0)?, of.input(1)?);
    indices.iter().map(|&at| list.get(from_end(at, list.len())?).copied()).collect()
}

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let (data, indices) = (call.input(0)?, call.input(1)?);
    let way = way(call, data)?;
    let counted = call.beside.and_then(|beside| beside.indices(way, data.axes(), indices));
    let indices = counted.as_ref().unwrap_or(indices);
    require_inside(call, way, data, indices)?;
    let made = lowering.apply(&[data, indices], |g, w| g.gather_by(way, w[0], w[1]))?;
    Ok(vec![made])
}

/// How the indices of a node point into its data.
pub(super) fn way(call: &Call<'_, '_>, data: &Value) -> Result<Addressing> {
    let axis = || call.axis(call.int("axis", 0)?, data.rank());
    Ok(match call.node.op_type {
        "Gather" => Addressing::Along(axis()?),
        "GatherElements" | "ScatterElements" | "Scatter" => Addressing::Elements(axis()?),
        _ => {
            let shared = call.int("batch_dims", 0)?;
            let wrong = |_| call.refuse(format!("batch_dims {shared}"), "0 or more");
            Addressing::Tuples(usize::try_from(shared).map_err(wrong)?)
        }
    })
}

/// Refuses known indices that point outside.
fn require_inside(
    call: &Call<'_, '_>,
    way: Addressing,
    data: &Value,
    indices: &Value,
) -> Result<()> {
    let Some(known) = indices.known().and_then(|array| array.integers()) else { return Ok(()) };
    let (Addressing::Along(axis) | Addressing::Elements(axis)) = way else { return Ok(()) };
    let size = data.axes()[axis] as i64;
    match known.iter().find(|index| !(-size..size).contains(index)) {
        Some(index) => {
            Err(call.refuse(format!("index {index}"), format!("one of {size} positions")))
        }
        None => Ok(()),
    }
}
