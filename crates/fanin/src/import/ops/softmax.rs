//! Softmax and its logarithm.

use crate::Result;
use crate::import::{Call, Lowering, Value};

use super::Import;

pub const IMPORT: Import =
    Import::new(&["Softmax", "LogSoftmax"], lower).floats(&[0]).normalizes_scores();

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    // Up to version 12 all axes from this one on count as one.
    let flattened = call.opset < 13;
    let axis = call.axis(call.int("axis", if flattened { 1 } else { -1 })?, x.rank())?;
    let log = call.node.op_type == "LogSoftmax";
    let made = lowering.apply(&[x], |g, w| {
        let shape = g.shape(w[0]).clone();
        if flattened {
            let inner: usize = shape.axes()[axis..].iter().product();
            let rows = g.reshape(w[0], [shape.elements() / inner.max(1), inner])?;
            let made = if log { g.log_softmax(rows, 1)? } else { g.softmax_along(rows, 1)? };
            return g.reshape(made, shape);
        }
        if log { g.log_softmax(w[0], axis) } else { g.softmax_along(w[0], axis) }
    })?;
    Ok(vec![made])
}
