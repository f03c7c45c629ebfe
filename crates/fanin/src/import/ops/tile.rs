//! Tensors repeated or stretched.

use crate::Result;
use crate::import::{Call, Lowering, Value};

use super::{Import, Move, products};

pub const IMPORT: Import =
    Import::new(&["Expand"], lower).settings(&[1]).carries(&[0]).moves(Move::Stretches).places();
pub const TILE: Import = Import::new(&["Tile"], lower_tile).settings(&[1]).places();

fn sizes(call: &Call<'_, '_>, index: usize, lowering: &Lowering<'_, '_>) -> Result<Vec<usize>> {
    let given = lowering.integers(call.input(index)?, "the shape")?;
    let sizes: Option<Vec<usize>> = given.iter().map(|n| usize::try_from(*n).ok()).collect();
    sizes.ok_or_else(|| call.refuse(format!("{given:?}"), "sizes of 0 or more"))
}

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let asked = sizes(call, 1, lowering)?;
    let literal: Vec<i64> = asked.iter().map(|&n| n as i64).collect();
    let shape = call.beside.and_then(|beside| beside.stretched(x.axes(), &literal));
    let shape = shape.unwrap_or_else(|| products::stretched(x.axes(), &asked));
    Ok(vec![lowering.apply(&[x], |g, w| g.broadcast_to(w[0], shape))?])
}

fn lower_tile(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let mut made = call.input(0)?.clone();
    let repeats = sizes(call, 1, lowering)?;
    if repeats.len() != made.rank() {
        let found = format!("{} repeats", repeats.len());
        return Err(call.refuse(found, format!("one for each of {} axes", made.rank())));
    }
    for (axis, &times) in repeats.iter().enumerate().filter(|(_, times)| **times != 1) {
        made = lowering.apply(&[&made], |g, w| {
            // (before, 1, axis and after) stretched to (before, times, axis and after).
            let shape = g.shape(w[0]).axes().to_vec();
            let before: usize = shape[..axis].iter().product();
            let after: usize = shape[axis..].iter().product();
            let column = g.reshape(w[0], [before, 1, after])?;
            let wide = g.broadcast_to(column, [before, times, after])?;
            let mut tiled = shape;
            tiled[axis] = tiled[axis].saturating_mul(times);
            g.reshape(wide, tiled)
        })?;
    }
    Ok(vec![made])
}
