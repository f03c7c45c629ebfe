//! The largest or smallest elements of an axis, in order, with their places.

use crate::Result;
use crate::formats::onnx::ElementType;
use crate::import::{Call, Lowering, Value};

use super::Import;

pub const IMPORT: Import = Import::new(&["TopK"], lower).settings(&[1]);

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let axis = call.axis(call.int("axis", -1)?, x.rank())?;
    let size = x.axes()[axis];
    let asked = match call.optional(1) {
        Some(count) => lowering.number(count, "the number of elements")?,
        None => call.int("k", 0)? as f64,
    };
    if !(0.0..=size as f64).contains(&asked) {
        return Err(call.refuse(format!("{asked} of {size} elements"), "0 up to all"));
    }
    let largest = call.int("largest", 1)? != 0;
    let made = lowering.apply_many(&[x], |g, w| {
        let (values, places) = g.top_k(w[0], axis, asked as usize, largest)?;
        Ok(vec![values, places])
    })?;
    let [values, places] = <[Value; 2]>::try_from(made).expect("two wires were named");
    Ok(vec![values.of(x.element), places.of(ElementType::I64)])
}
