//! Softmax and its logarithm.

use fanin_engine::{Graph, Result as EngineResult, Wire};

use crate::Result;
use crate::import::{Call, Lowering, Value};

use super::{Import, reduce};

pub const IMPORT: Import = Import::new(&["Softmax", "LogSoftmax"], lower);

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
            let made = over_last(g, rows, log)?;
            return g.reshape(made, shape);
        }
        let mut order: Vec<usize> = (0..shape.rank()).collect();
        let last = shape.rank() - 1;
        if axis == last {
            return over_last(g, w[0], log);
        }
        order.swap(axis, last);
        let turned = g.transpose(w[0], &order)?;
        let made = over_last(g, turned, log)?;
        g.transpose(made, &order)
    })?;
    Ok(vec![made])
}

fn over_last(g: &mut Graph, x: Wire, log: bool) -> EngineResult<Wire> {
    if !log {
        return g.softmax(x);
    }
    let last = g.shape(x).rank() - 1;
    let logarithm = reduce::reduce(g, "ReduceLogSumExp", x, &[last])?;
    g.subtract(x, logarithm)
}
