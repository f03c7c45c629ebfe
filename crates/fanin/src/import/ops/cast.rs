//! Numbers as another type.

use fanin_engine::ops::{IntegerFunction, Relation};

use crate::Result;
use crate::formats::onnx::ElementType;
use crate::import::{Call, Lowering, Value};

use super::Import;

pub const IMPORT: Import = Import::new(&["Cast", "CastLike"], lower).settings(&[1]).carries(&[0]);

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let wanted = if call.node.op_type == "Cast" {
        ElementType::from_number(call.int("to", 0)?)
    } else {
        call.input(1)?.element
    };
    Ok(vec![cast(call, x, wanted, lowering)?])
}

/// The value as elements of another type; float16 and its like stay as exact as the graph runs.
pub(super) fn cast(
    call: &Call<'_, '_>,
    x: &Value,
    wanted: ElementType,
    lowering: &mut Lowering<'_, '_>,
) -> Result<Value> {
    if wanted.is_float() {
        let same = x.is_float();
        let made = if same { x.clone() } else { lowering.apply(&[x], |g, w| g.to_float(w[0]))? };
        return Ok(made.of(wanted));
    }
    if wanted == ElementType::Bool {
        let made = if x.element == ElementType::Bool {
            x.clone()
        } else if x.is_float() {
            lowering.apply(&[x], |g, w| {
                let zero = g.constant([], 0.0)?;
                g.compare(Relation::NotEqual, w[0], zero)
            })?
        } else {
            lowering.apply(&[x], |g, w| g.truth(w[0]))?
        };
        return Ok(made.of(wanted));
    }
    if !wanted.is_integer() {
        return Err(call.refuse(format!("elements of type {wanted}"), "numbers or booleans"));
    }
    let bits = wanted.bits().unwrap_or(64) as u32;
    let function = match wanted {
        ElementType::U2
        | ElementType::U4
        | ElementType::U8
        | ElementType::U16
        | ElementType::U32
        | ElementType::U64 => IntegerFunction::Unsigned(bits),
        _ => IntegerFunction::Signed(bits),
    };
    let made = lowering.apply(&[x], |g, w| {
        let whole = g.to_integer(w[0])?;
        if bits == 64 { Ok(whole) } else { g.integer_unary(function, whole) }
    })?;
    Ok(made.of(wanted))
}
