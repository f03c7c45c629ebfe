//! The largest element, the average or the norm of each window.

use fanin_engine::ops::{Divisor, Rounding};

use crate::Result;
use crate::import::{Call, Lowering, Value};

use super::{Import, window};

pub const IMPORT: Import = Import::new(&["MaxPool", "AveragePool"], lower).floats(&[0]);
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
        let made =
            lowering.apply(&[x], |g, w| g.average_pool(w[0], &kernel, &window, round, divisor))?;
        return Ok(vec![made]);
    }
    if call.node.output(1).is_some() {
        return Err(call.refuse("an output of indices", "the largest elements alone"));
    }
    Ok(vec![lowering.apply(&[x], |g, w| Ok(g.max_pool(w[0], &kernel, &window, round)?.0))?])
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
