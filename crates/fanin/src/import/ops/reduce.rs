//! Sums, means, norms and extremes over axes.

use fanin_engine::ops::IntegerOperation;
use fanin_engine::{Graph, Kind, Result as EngineResult, Wire};

use crate::Result;
use crate::import::{Call, Lowering, Value};

use super::Import;

pub const IMPORT: Import = Import::new(
    &[
        "ReduceSum",
        "ReduceMean",
        "ReduceMax",
        "ReduceMin",
        "ReduceProd",
        "ReduceL1",
        "ReduceL2",
        "ReduceSumSquare",
        "ReduceLogSum",
        "ReduceLogSumExp",
    ],
    lower,
)
.settings(&[1]);

/// The axes of a node, as an input or a setting; none for all of them.
fn axes(call: &Call<'_, '_>, rank: usize, lowering: &Lowering<'_, '_>) -> Result<Vec<usize>> {
    let given = match call.optional(1) {
        Some(axes) => Some(lowering.integers(axes, "the axes")?),
        None => call.ints("axes")?,
    };
    match given.filter(|axes| !axes.is_empty()) {
        Some(axes) => call.axes(&axes, rank),
        None if call.flag("noop_with_empty_axes")? => Ok(Vec::new()),
        None => Ok((0..rank).collect()),
    }
}

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let axes = axes(call, x.rank(), lowering)?;
    let keep = call.int("keepdims", 1)? != 0;
    let name = call.node.op_type;
    let whole = !matches!(name, "ReduceL2" | "ReduceLogSum" | "ReduceLogSumExp");
    if !x.is_float() && !whole {
        return Err(call.refuse("whole numbers", "floating-point numbers"));
    }
    let made = lowering.apply(&[x], |g, w| {
        let reduced = reduce(g, name, w[0], &axes)?;
        if keep {
            return Ok(reduced);
        }
        let sizes = g.shape(reduced).axes().to_vec();
        let kept = (0..sizes.len()).filter(|axis| !axes.contains(axis)).map(|axis| sizes[axis]);
        let kept: Vec<usize> = kept.collect();
        g.reshape(reduced, kept)
    })?;
    Ok(vec![made])
}

/// The shape with these axes of one element.
fn flattened(g: &Graph, x: Wire, axes: &[usize]) -> Vec<usize> {
    let sizes = g.shape(x).axes().iter().enumerate();
    sizes.map(|(axis, &size)| if axes.contains(&axis) { 1 } else { size }).collect()
}

/// What ONNX calls `name` over these axes, which stay with one element each.
fn reduce(g: &mut Graph, name: &str, x: Wire, axes: &[usize]) -> EngineResult<Wire> {
    let shape = flattened(g, x, axes);
    let integers = g.type_of(x).kind == Kind::Integer;
    match name {
        "ReduceSum" => g.sum_to(x, shape),
        "ReduceMean" if integers => {
            let count = g.shape(x).elements() / shape.iter().product::<usize>().max(1);
            let (sum, count) = (g.sum_to(x, shape)?, g.integer(count as i64)?);
            g.integer_binary(IntegerOperation::Divide, sum, count)
        }
        "ReduceMean" => g.mean_to(x, shape),
        "ReduceMax" => g.largest_to(x, shape),
        "ReduceMin" => g.smallest_to(x, shape),
        "ReduceProd" => g.product_to(x, shape),
        "ReduceL1" => g.l1_norm_to(x, shape),
        "ReduceL2" => g.l2_norm_to(x, shape),
        "ReduceSumSquare" => g.sum_of_squares_to(x, shape),
        "ReduceLogSum" => {
            let sum = g.sum_to(x, shape)?;
            g.ln(sum)
        }
        _ => g.log_sum_exp_to(x, shape),
    }
}
