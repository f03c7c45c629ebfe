//! Sign, size and rounding of numbers of either kind.

use fanin_engine::ops::IntegerFunction;

use crate::Result;
use crate::import::{Call, Lowering, Value};

use super::Import;

pub const IMPORT: Import = Import::new(&["Neg", "Abs", "Sign", "Floor", "Ceil", "Round"], lower);

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let name = call.node.op_type;
    if !x.is_float() {
        let function = match name {
            "Neg" => IntegerFunction::Negate,
            "Abs" => IntegerFunction::Absolute,
            "Sign" => IntegerFunction::Sign,
            _ => return Ok(vec![x.clone()]),
        };
        return Ok(vec![lowering.apply(&[x], |g, w| g.integer_unary(function, w[0]))?]);
    }
    let made = lowering.apply(&[x], |g, w| match name {
        "Neg" => g.affine(w[0], -1.0, 0.0),
        "Abs" => g.absolute(w[0]),
        "Sign" => g.sign(w[0]),
        "Floor" => g.floor(w[0]),
        "Ceil" => g.ceil(w[0]),
        _ => g.round(w[0]),
    })?;
    Ok(vec![made])
}
