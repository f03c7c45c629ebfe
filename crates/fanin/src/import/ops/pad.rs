//! Elements around a tensor: one value, the ends, a mirror image, or the other side.

use fanin_engine::Array;
use fanin_engine::ops::{Addressing, Span};
use fanin_engine::run::Number;

use crate::Result;
use crate::import::{Call, Lowering, Value};

use super::Import;

pub const IMPORT: Import = Import::new(&["Pad"], lower).settings(&[1, 2, 3]).carries(&[0]).places();

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let pads = match call.optional(1) {
        Some(pads) => lowering.integers(pads, "the pads")?,
        None => call.ints("pads")?.ok_or_else(|| call.refuse("no pads", "some"))?,
    };
    let axes: Vec<i64> = match call.optional(3) {
        Some(axes) => lowering.integers(axes, "the axes")?,
        None => (0..x.rank() as i64).collect(),
    };
    let axes = call.axes(&axes, x.rank())?;
    if pads.len() != 2 * axes.len() {
        let found = format!("{} pads", pads.len());
        return Err(call.refuse(found, format!("two for each of {} axes", axes.len())));
    }
    let mode = call.text("mode", "constant")?;
    let value = match call.optional(2) {
        Some(value) => lowering.number(value, "the value of the padding")?,
        None => call.float("value", 0.0)?,
    };
    let number = if x.is_float() { Number::Float(value) } else { Number::Integer(value as i64) };
    let mut made = x.clone();
    for (index, &axis) in axes.iter().enumerate() {
        let (before, after) = (pads[index], pads[index + axes.len()]);
        if (before, after) == (0, 0) {
            continue;
        }
        made = match mode {
            "constant" => constant(call, &made, axis, (before, after), number, lowering)?,
            _ => mirrored(call, &made, axis, (before, after), mode, lowering)?,
        };
    }
    Ok(vec![made])
}

/// The length of an axis after padding; negative pads cut.
fn padded(call: &Call<'_, '_>, size: usize, (before, after): (i64, i64)) -> Result<usize> {
    let length = i128::from(before) + i128::from(after) + size as i128;
    usize::try_from(length)
        .ok()
        .filter(|length| *length <= fanin_engine::tensor::MAX_ELEMENTS)
        .ok_or_else(|| call.refuse(format!("an axis of {length} elements"), "0 to 2⁴⁰"))
}

fn constant(
    call: &Call<'_, '_>,
    x: &Value,
    axis: usize,
    (before, after): (i64, i64),
    number: Number,
    lowering: &mut Lowering<'_, '_>,
) -> Result<Value> {
    let size = x.axes()[axis];
    padded(call, size, (before, after))?;
    let (cut_before, cut_after) = ((-before).max(0) as usize, (-after).max(0) as usize);
    let kept = size.checked_sub(cut_before + cut_after);
    let kept = kept.ok_or_else(|| call.refuse("pads that cut more than there is", "less"))?;
    let (before, after) = (before.max(0) as usize, after.max(0) as usize);
    lowering.apply(&[x], |g, w| {
        let inner = if kept == size {
            w[0]
        } else {
            g.slice_axis(w[0], axis, Span::neighbors(cut_before, kept))?
        };
        let mut axes = g.shape(inner).axes().to_vec();
        let mut spans: Vec<Span> = axes.iter().map(|&size| Span::whole(size)).collect();
        spans[axis] = Span::neighbors(before, kept);
        axes[axis] = before + kept + after;
        g.embed(inner, axes, &spans, number)
    })
}

fn mirrored(
    call: &Call<'_, '_>,
    x: &Value,
    axis: usize,
    (before, after): (i64, i64),
    mode: &str,
    lowering: &mut Lowering<'_, '_>,
) -> Result<Value> {
    let size = x.axes()[axis] as i64;
    let length = padded(call, size as usize, (before, after))?;
    if size == 0 {
        return Err(call.refuse("an empty axis", "elements to repeat"));
    }
    lowering.count(length)?;
    let position = |i: i64| match mode {
        "edge" => i.clamp(0, size - 1),
        "wrap" => i.rem_euclid(size),
        // A mirror has period 2(n − 1); of one element there is only that.
        _ if size == 1 => 0,
        _ => {
            let place = i.rem_euclid(2 * (size - 1));
            place.min(2 * (size - 1) - place)
        }
    };
    let indices: Vec<i64> = (0..length as i64).map(|i| position(i - before)).collect();
    let indices = Value::constant(Array::integer([length], indices)?);
    lowering.apply(&[x, &indices], |g, w| g.gather_by(Addressing::Along(axis), w[0], w[1]))
}
