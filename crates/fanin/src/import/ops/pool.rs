//! The largest element, the average or the norm of each window.

use fanin_engine::ops::{Divisor, IntegerOperation, Rounding};
use fanin_engine::{Graph, Result as EngineResult, Wire};

use crate::Result;
use crate::formats::onnx::ElementType;
use crate::import::{Call, Lowering, Value};

use super::{Import, window};

pub const IMPORT: Import = Import::new(&["MaxPool", "AveragePool"], lower);
pub const GLOBAL: Import =
    Import::new(&["GlobalAveragePool", "GlobalMaxPool"], lower_global).floats(&[0]);

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let positions = window::positions(call, x)?;
    let axes = positions.len();
    let kernel = window::sizes(call, "kernel_shape", axes, axes)?
        .ok_or_else(|| call.refuse("no kernel_shape", "one"))?;
    let round = if call.flag("ceil_mode")? { Rounding::Up } else { Rounding::Down };
    let window = window::window(call, positions, &kernel, round)?;
    let divisor = if call.flag("count_include_pad")? { Divisor::Padded } else { Divisor::Inside };
    if call.node.op_type == "AveragePool" {
        if !x.is_float() {
            return Err(call.refuse("whole numbers", "floating-point numbers"));
        }
        let made =
            lowering.apply(&[x], |g, w| g.average_pool(w[0], &kernel, &window, round, divisor))?;
        return Ok(vec![made]);
    }
    let indices = call.node.output(1).is_some();
    let column_major = call.flag("storage_order")?;
    // Whole numbers go through floating ones, exact up to 2⁵³ where all is known and 2²⁴ else.
    let made = lowering.apply_many(&[x], |g, w| {
        let float = g.to_float(w[0])?;
        let (largest, places) = g.max_pool(float, &kernel, &window, round)?;
        let largest = if x.is_float() { largest } else { g.to_integer(largest)? };
        if !indices {
            return Ok(vec![largest]);
        }
        let places = g.to_integer(places)?;
        let places = if column_major { turned(g, places, positions)? } else { places };
        Ok(vec![largest, in_all(g, places, positions)?])
    })?;
    let kinds = [x.element, ElementType::I64];
    Ok(made.into_iter().zip(kinds).map(|(value, kind)| value.of(kind)).collect())
}

/// Places in one plane, counted through all planes of all rows.
fn in_all(g: &mut Graph, places: Wire, positions: &[usize]) -> EngineResult<Wire> {
    let axes = g.shape(places).axes().to_vec();
    let planes = g.counting(axes[0] * axes[1])?;
    let size = g.integer(positions.iter().product::<usize>() as i64)?;
    let first = g.multiply(planes, size)?;
    let mut column = vec![1; axes.len()];
    column[..2].copy_from_slice(&axes[..2]);
    let first = g.reshape(first, column)?;
    g.add(places, first)
}

/// Places in a plane whose first axis runs fastest.
fn turned(g: &mut Graph, places: Wire, positions: &[usize]) -> EngineResult<Wire> {
    let mut rest = places;
    let mut made = g.integer(0)?;
    for (axis, &size) in positions.iter().enumerate().rev() {
        let size = g.integer(size as i64)?;
        let step = g.integer(positions[..axis].iter().product::<usize>() as i64)?;
        let here = g.modulo(rest, size)?;
        rest = g.integer_binary(IntegerOperation::Divide, rest, size)?;
        let here = g.multiply(here, step)?;
        made = g.add(made, here)?;
    }
    Ok(made)
}

fn lower_global(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let positions = window::positions(call, x)?.to_vec();
    let mut axes = vec![1; x.rank()];
    axes[..2].copy_from_slice(&x.axes()[..2]);
    let mean = call.node.op_type == "GlobalAveragePool";
    let made = lowering.apply(&[x], |g, w| {
        if mean {
            return g.mean_to(w[0], axes);
        }
        let window = fanin_engine::ops::Window::new(positions.len());
        Ok(g.max_pool(w[0], &positions, &window, Rounding::Down)?.0)
    })?;
    Ok(vec![made])
}
