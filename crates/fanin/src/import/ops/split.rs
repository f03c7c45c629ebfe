//! A tensor in pieces along an axis.

use fanin_engine::ops::Span;

use crate::Result;
use crate::import::{Call, Lowering, Value};

use super::{Import, Move};

pub const IMPORT: Import =
    Import::new(&["Split"], lower).settings(&[1]).carries(&[0]).moves(Move::Splits);
pub const LIST: Import =
    Import::new(&["SplitToSequence"], lower_list).settings(&[1]).carries(&[0]).moves(Move::Splits);

/// The pieces of x along an axis, in one application each.
fn pieces(
    x: &Value,
    axis: usize,
    sizes: &[usize],
    lowering: &mut Lowering<'_, '_>,
) -> Result<Vec<Value>> {
    let mut start = 0;
    let mut made = Vec::new();
    for &size in sizes {
        let span = Span::neighbors(start, size);
        made.push(lowering.apply(&[x], |g, w| g.slice_axis(w[0], axis, span))?);
        start += size;
    }
    Ok(made)
}

fn fitting(call: &Call<'_, '_>, sizes: &[i64], length: usize) -> Result<Vec<usize>> {
    let whole: Option<Vec<usize>> = sizes.iter().map(|n| usize::try_from(*n).ok()).collect();
    whole
        .filter(|s| s.iter().try_fold(0_usize, |n, size| n.checked_add(*size)) == Some(length))
        .ok_or_else(|| {
            call.refuse(format!("pieces of {sizes:?}"), format!("{length} elements together"))
        })
}

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let axis = call.axis(call.int("axis", 0)?, x.rank())?;
    let length = x.axes()[axis];
    let given = match call.optional(1) {
        Some(sizes) => Some(lowering.integers(sizes, "the sizes of the pieces")?),
        None => call.ints("split")?,
    };
    let sizes = if let Some(given) = given {
        fitting(call, &given, length)?
    } else {
        let outputs = call.node.outputs.len();
        let count = usize::try_from(call.int("num_outputs", outputs as i64)?).ok();
        let count = count.filter(|count| (1..=outputs).contains(count));
        let count = count.ok_or_else(|| call.refuse("pieces without outputs", "one for each"))?;
        chunks(length, length.div_ceil(count), count)
    };
    pieces(x, axis, &sizes, lowering)
}

/// So many pieces, the last ones smaller if they must be.
fn chunks(length: usize, size: usize, count: usize) -> Vec<usize> {
    (0..count).map(|i| length.saturating_sub(i * size).min(size)).collect()
}

fn lower_list(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let axis = call.axis(call.int("axis", 0)?, x.rank())?;
    let length = x.axes()[axis];
    let Some(split) = call.optional(1) else {
        let made = pieces(x, axis, &vec![1; length], lowering)?;
        if call.int("keepdims", 1)? != 0 {
            return Ok(vec![Value::sequence(made)]);
        }
        let squeezed = |piece: Value, lowering: &mut Lowering<'_, '_>| {
            let mut axes = piece.axes().to_vec();
            axes.remove(axis);
            lowering.apply(&[&piece], |g, w| g.reshape(w[0], axes))
        };
        let made =
            made.into_iter().map(|piece| squeezed(piece, lowering)).collect::<Result<_>>()?;
        return Ok(vec![Value::sequence(made)]);
    };
    let given = lowering.integers(split, "the sizes of the pieces")?;
    let sizes = match given[..] {
        [size] if split.rank() == 0 => {
            let size = usize::try_from(size).ok().filter(|size| *size > 0);
            let size = size.ok_or_else(|| call.refuse("an empty piece", "1 or more"))?;
            chunks(length, size, length.div_ceil(size))
        }
        _ => fitting(call, &given, length)?,
    };
    Ok(vec![Value::sequence(pieces(x, axis, &sizes, lowering)?)])
}
