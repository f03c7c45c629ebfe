//! The same elements under another shape.

use crate::Result;
use crate::import::{Call, Lowering, Value};

use super::{Import, Move};

pub const IMPORT: Import =
    Import::new(&["Reshape"], lower).settings(&[1]).carries(&[0]).moves(Move::Regroups);
pub const SQUEEZE: Import =
    Import::new(&["Squeeze"], lower_axes).settings(&[1]).carries(&[0]).moves(Move::Drops);
pub const UNSQUEEZE: Import =
    Import::new(&["Unsqueeze"], lower_axes).settings(&[1]).carries(&[0]).moves(Move::Inserts);
pub const FLATTEN: Import =
    Import::new(&["Flatten"], lower_axes).carries(&[0]).moves(Move::Regroups);

/// What helps where a shape was made for one number of rows.
const ANY_BATCH: &str =
    "a shape for any number of rows; export the model with a batch axis that is left open";

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let target = match call.optional(1) {
        Some(target) => lowering.integers(target, "the shape")?,
        None => call.ints("shape")?.ok_or_else(|| call.refuse("no shape", "one"))?,
    };
    if let Some(beside) = call.beside
        && let Some(made) = beside.reshaped(x.axes(), lowering.within(x), &target)
    {
        let (axes, within) = made.map_err(|found| call.refuse(found, ANY_BATCH))?;
        let made = lowering.apply(&[x], |g, w| g.reshape(w[0], axes))?;
        lowering.lies_within(&made, within);
        return Ok(vec![made]);
    }
    let zero_copies = !call.flag("allowzero")?;
    let mut axes = Vec::new();
    let mut open = None;
    for (index, &length) in target.iter().enumerate() {
        axes.push(match length {
            0 if zero_copies => x.axes().get(index).copied().unwrap_or(0),
            -1 if open.is_none() => {
                open = Some(index);
                1
            }
            length => usize::try_from(length)
                .map_err(|_| call.refuse(format!("shape {target:?}"), "one -1 at most"))?,
        });
    }
    if let Some(open) = open {
        let others = axes.iter().try_fold(1_usize, |n, axis| n.checked_mul(*axis)).unwrap_or(0);
        let rest = x.elements().checked_div(others).filter(|r| r * others == x.elements());
        axes[open] = match rest {
            Some(rest) => rest,
            // A caller without elements may leave open what cannot be told: nothing is there.
            None if x.elements() == 0 => 0,
            None => {
                let found = format!("shape {target:?} for {}", x.shape());
                return Err(call.refuse(found, "a shape of as many elements"));
            }
        };
    }
    Ok(vec![lowering.apply(&[x], |g, w| g.reshape(w[0], axes))?])
}

fn lower_axes(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let sizes = x.axes();
    let given = match (call.optional(1), call.node.op_type) {
        (_, "Flatten") => None,
        (Some(axes), _) => Some(lowering.integers(axes, "the axes")?),
        (None, _) => call.ints("axes")?,
    };
    let axes = match call.node.op_type {
        "Flatten" => {
            let axis = call.int("axis", 1)?;
            let cut = if axis == x.rank() as i64 { x.rank() } else { call.axis(axis, x.rank())? };
            vec![sizes[..cut].iter().product(), sizes[cut..].iter().product()]
        }
        "Squeeze" => {
            let dropped = match given {
                Some(given) => call.axes(&given, x.rank())?,
                None => (0..x.rank()).filter(|axis| sizes[*axis] == 1).collect(),
            };
            if let Some(axis) = dropped.iter().find(|axis| sizes[**axis] != 1) {
                let found = format!("axis {axis} of {} elements", sizes[*axis]);
                return Err(call.refuse(found, "an axis of one element"));
            }
            (0..x.rank()).filter(|axis| !dropped.contains(axis)).map(|axis| sizes[axis]).collect()
        }
        _ => {
            let given = given.ok_or_else(|| call.refuse("no axes", "some"))?;
            let rank = x.rank() + given.len();
            let new = call.axes(&given, rank)?;
            let mut old = sizes.iter();
            let axis = |axis| if new.contains(&axis) { 1 } else { *old.next().unwrap_or(&1) };
            (0..rank).map(axis).collect()
        }
    };
    Ok(vec![lowering.apply(&[x], |g, w| g.reshape(w[0], axes))?])
}
