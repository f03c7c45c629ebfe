//! Where the largest or smallest element of an axis stands; sums up to each position.

use fanin_engine::ops::{Running, Tie};

use crate::Result;
use crate::formats::onnx::ElementType;
use crate::import::{Call, Lowering, Value};

use super::Import;

pub const IMPORT: Import = Import::new(&["ArgMax", "ArgMin"], lower);

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let axis = call.axis(call.int("axis", 0)?, x.rank())?;
    let tie = if call.flag("select_last_index")? { Tie::Last } else { Tie::First };
    let keep = call.int("keepdims", 1)? != 0;
    let made = lowering.apply(&[x], |g, w| {
        let place = match call.node.op_type {
            "ArgMax" => g.arg_max(w[0], axis, tie)?,
            _ => g.arg_min(w[0], axis, tie)?,
        };
        if keep {
            return Ok(place);
        }
        let mut sizes = g.shape(place).axes().to_vec();
        sizes.remove(axis);
        g.reshape(place, sizes)
    })?;
    Ok(vec![made.of(ElementType::I64)])
}

pub const SUM: Import = Import::new(&["CumSum"], lower_sum).settings(&[1]);

fn lower_sum(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let axis = lowering.number(call.input(1)?, "the axis")? as i64;
    let axis = call.axis(axis, x.rank())?;
    let running = Running { reverse: call.flag("reverse")?, exclusive: call.flag("exclusive")? };
    Ok(vec![lowering.apply(&[x], |g, w| g.cumulative_sum(w[0], axis, running))?])
}
