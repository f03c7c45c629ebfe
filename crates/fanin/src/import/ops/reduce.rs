//! Sums, means, norms and extremes over axes.

use fanin_engine::ops::{IntegerOperation, Span};
use fanin_engine::{Graph, Kind, Result as EngineResult, Wire};

use crate::Result;
use crate::import::{Call, Lowering, Value};

use super::Import;
use super::elementary::activation;

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
    let empty = axes.iter().any(|axis| x.axes()[*axis] == 0);
    let whole = matches!(
        name,
        "ReduceSum" | "ReduceMean" | "ReduceMax" | "ReduceMin" | "ReduceProd" | "ReduceSumSquare"
    );
    if !x.is_float() && !whole {
        return Err(call.refuse("whole numbers", "floating-point numbers"));
    }
    if empty && !matches!(name, "ReduceSum" | "ReduceL1" | "ReduceL2" | "ReduceSumSquare") {
        return of_nothing(call, x, &axes, lowering);
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

/// What a reduction of no elements gives.
fn of_nothing(
    call: &Call<'_, '_>,
    x: &Value,
    axes: &[usize],
    lowering: &mut Lowering<'_, '_>,
) -> Result<Vec<Value>> {
    let keep = call.int("keepdims", 1)? != 0;
    let number = match call.node.op_type {
        "ReduceProd" => 1.0,
        "ReduceMin" => f64::INFINITY,
        "ReduceMean" => f64::NAN,
        _ => f64::NEG_INFINITY,
    };
    if !x.is_float() {
        return Err(call.refuse(format!("shape {}", x.shape()), "elements along the axes"));
    }
    let sizes = x.axes().iter().enumerate();
    let kept = sizes.filter(|(axis, _)| keep || !axes.contains(axis));
    let kept: Vec<usize> =
        kept.map(|(axis, &size)| if axes.contains(&axis) { 1 } else { size }).collect();
    Ok(vec![lowering.filled(kept, number)?])
}

/// The shape with these axes of one element.
fn flattened(g: &Graph, x: Wire, axes: &[usize]) -> Vec<usize> {
    let sizes = g.shape(x).axes().iter().enumerate();
    sizes.map(|(axis, &size)| if axes.contains(&axis) { 1 } else { size }).collect()
}

/// What ONNX calls `name` over these axes, which stay with one element each.
pub(super) fn reduce(g: &mut Graph, name: &str, x: Wire, axes: &[usize]) -> EngineResult<Wire> {
    let shape = flattened(g, x, axes);
    let relu = activation("relu", None);
    let integers = g.type_of(x).kind == Kind::Integer;
    match name {
        "ReduceSum" => g.sum_to(x, shape),
        "ReduceMean" if integers => {
            let count = g.shape(x).elements() / shape.iter().product::<usize>().max(1);
            let (sum, count) = (g.sum_to(x, shape)?, g.integer(count as i64)?);
            g.integer_binary(IntegerOperation::Divide, sum, count)
        }
        "ReduceMean" => g.mean_to(x, shape),
        "ReduceL1" => {
            let turned = g.affine(x, -1.0, 0.0)?;
            let (above, below) = (g.activate(x, &*relu)?, g.activate(turned, &*relu)?);
            let size = g.add(above, below)?;
            g.sum_to(size, shape)
        }
        "ReduceL2" | "ReduceSumSquare" => {
            let square = g.multiply(x, x)?;
            let sum = g.sum_to(square, shape)?;
            if name == "ReduceL2" { g.sqrt(sum) } else { Ok(sum) }
        }
        "ReduceLogSum" => {
            let sum = g.sum_to(x, shape)?;
            g.ln(sum)
        }
        // ln Σ eˣ = m + ln Σ eˣ⁻ᵐ, m the largest.
        "ReduceLogSumExp" => {
            let largest = reduce(g, "ReduceMax", x, axes)?;
            let below = g.subtract(x, largest)?;
            let exp = g.exp(below)?;
            let sum = g.sum_to(exp, shape)?;
            let logarithm = g.ln(sum)?;
            g.add(largest, logarithm)
        }
        _ => halved(g, name, x, axes),
    }
}

/// Folds one axis after the other by combining its halves, log₂ n times.
fn halved(g: &mut Graph, name: &str, x: Wire, axes: &[usize]) -> EngineResult<Wire> {
    let mut x = x;
    for &axis in axes {
        loop {
            let size = g.shape(x).axes()[axis];
            if size == 1 {
                break;
            }
            let half = size / 2;
            let first = g.slice_axis(x, axis, Span::neighbors(0, half))?;
            let second = g.slice_axis(x, axis, Span::neighbors(half, half))?;
            let pair = combine(g, name, first, second)?;
            x = if size % 2 == 1 {
                let last = g.slice_axis(x, axis, Span::neighbors(size - 1, 1))?;
                g.concat(&[pair, last], axis)?
            } else {
                pair
            };
        }
    }
    Ok(x)
}

fn combine(g: &mut Graph, name: &str, a: Wire, b: Wire) -> EngineResult<Wire> {
    let integers = g.type_of(a).kind == Kind::Integer;
    match (name, integers) {
        ("ReduceProd", _) => g.multiply(a, b),
        ("ReduceMax", true) => g.integer_binary(IntegerOperation::Larger, a, b),
        (_, true) => g.integer_binary(IntegerOperation::Smaller, a, b),
        ("ReduceMax", false) => g.larger(a, b),
        (_, false) => g.smaller(a, b),
    }
}

/// The largest or smallest over one axis, which stays with one element.
pub(super) fn extreme(g: &mut Graph, larger: bool, x: Wire, axis: usize) -> EngineResult<Wire> {
    halved(g, if larger { "ReduceMax" } else { "ReduceMin" }, x, &[axis])
}
