//! Features less an offset, times a scale, as scikit-learn's exporter writes it.

use fanin_engine::Array;

use crate::Result;
use crate::import::{Call, Lowering, Value};

use super::Import;

pub const IMPORT: Import = Import::new(&["Scaler"], lower).domain("ai.onnx.ml");

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let row = |name: &str, default: f64| {
        let data = call.floats(name)?.unwrap_or_else(|| vec![default]);
        Result::Ok(Value::constant(Array::float([data.len()], data)?))
    };
    let (offset, scale) = (row("offset", 0.0)?, row("scale", 1.0)?);
    let made = lowering.apply(&[call.input(0)?, &offset, &scale], |g, w| {
        let x = g.to_float(w[0])?;
        let moved = g.subtract(x, w[1])?;
        g.multiply(moved, w[2])
    })?;
    Ok(vec![made])
}
