//! Booleans, bits, and the remainder of a division.

use fanin_engine::ops::{IntegerFunction, IntegerOperation};

use crate::Result;
use crate::import::{Call, Lowering, Value};

use super::{Import, cast};

pub const IMPORT: Import =
    Import::new(&["And", "Or", "Xor", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "BitShift"], lower)
        .meets();
pub const REMAINDER: Import = Import::new(&["Mod"], lower_remainder).meets();
pub const NOT: Import = Import::new(&["Not", "BitwiseNot"], lower_not);

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let operation = match call.node.op_type {
        "And" => IntegerOperation::And,
        "Or" => IntegerOperation::Or,
        "Xor" => IntegerOperation::ExclusiveOr,
        "BitwiseAnd" => IntegerOperation::BitAnd,
        "BitwiseOr" => IntegerOperation::BitOr,
        "BitwiseXor" => IntegerOperation::BitExclusiveOr,
        "BitShift" if call.text("direction", "LEFT")? == "LEFT" => IntegerOperation::ShiftLeft,
        _ => IntegerOperation::ShiftRight,
    };
    let inputs = [call.input(0)?, call.input(1)?];
    Ok(vec![lowering.apply(&inputs, |g, w| g.integer_binary(operation, w[0], w[1]))?])
}

fn lower_remainder(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let cut = call.flag("fmod")?;
    let made = lowering.apply(&[call.input(0)?, call.input(1)?], |g, w| {
        if cut { g.remainder(w[0], w[1]) } else { g.modulo(w[0], w[1]) }
    })?;
    Ok(vec![made])
}

fn lower_not(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let bits = call.node.op_type == "BitwiseNot";
    let function = if bits { IntegerFunction::BitNot } else { IntegerFunction::Not };
    let x = call.input(0)?;
    let made = lowering.apply(&[x], |g, w| g.integer_unary(function, w[0]))?;
    Ok(vec![if bits { cast::cast(call, &made, x.element, lowering)? } else { made }])
}
