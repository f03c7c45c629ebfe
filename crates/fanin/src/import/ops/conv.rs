//! Convolutions and transposed convolutions.

use fanin_engine::ops::{Rounding, Window};
use fanin_engine::{Graph, Result as EngineResult, Wire};

use crate::Result;
use crate::import::{Call, Lowering, Value};

use super::{Import, Part, window};

pub const IMPORT: Import = Import::new(&["Conv"], lower)
    .parameters(&[(1, Part::Kernel), (2, Part::Bias)])
    .floats(&[0, 1, 2]);
pub const TRANSPOSED: Import = Import::new(&["ConvTranspose"], lower_transposed)
    .parameters(&[(1, Part::TransposedKernel), (2, Part::Bias)])
    .floats(&[0, 1, 2]);

/// Adds a bias of shape (channels) to y (batch, channels, positions…).
fn biased(g: &mut Graph, y: Wire, bias: Option<&Wire>) -> EngineResult<Wire> {
    let Some(&bias) = bias else { return Ok(y) };
    let mut axes = vec![1; g.shape(y).rank() - 1];
    axes[0] = g.shape(bias).elements();
    let bias = g.reshape(bias, axes)?;
    g.add(y, bias)
}

fn kernel<'v>(call: &Call<'_, '_>, w: &'v Value, axes: usize) -> Result<&'v [usize]> {
    match w.axes() {
        [_, _, kernel @ ..] if kernel.len() == axes => Ok(kernel),
        _ => Err(call.refuse(
            format!("weights of shape {}", w.shape()),
            format!("two axes and {axes} of positions"),
        )),
    }
}

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let (x, w) = (call.input(0)?, call.input(1)?);
    let positions = window::positions(call, x)?;
    let kernel = kernel(call, w, positions.len())?;
    let window = window::window(call, positions, kernel, Rounding::Down)?;
    let groups = usize::try_from(call.int("group", 1)?).unwrap_or(0);
    let mut inputs = vec![x, w];
    inputs.extend(call.optional(2));
    let made = lowering.apply(&inputs, |g, w| {
        let y = g.convolution(w[0], w[1], &window, groups)?;
        biased(g, y, w.get(2))
    })?;
    Ok(vec![made])
}

fn lower_transposed(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let (x, w) = (call.input(0)?, call.input(1)?);
    let positions = window::positions(call, x)?;
    let axes = positions.len();
    let kernel = kernel(call, w, axes)?;
    let one = || vec![1; axes];
    let strides = window::sizes(call, "strides", axes, axes)?.unwrap_or_else(one);
    let dilations = window::sizes(call, "dilations", axes, axes)?.unwrap_or_else(one);
    let mut extra =
        window::sizes(call, "output_padding", axes, axes)?.unwrap_or_else(|| vec![0; axes]);
    let mut pads = window::pads(call, axes)?;
    let automatic = call.text("auto_pad", "NOTSET")?;
    let asked = window::sizes(call, "output_shape", axes, axes)?;
    let same = automatic.starts_with("SAME");
    if asked.is_some() || same {
        for axis in 0..axes {
            let reach =
                kernel[axis].saturating_sub(1).saturating_mul(dilations[axis]).saturating_add(1);
            let whole = positions[axis].saturating_sub(1).saturating_mul(strides[axis]);
            let whole = whole.saturating_add(extra[axis]).saturating_add(reach);
            let length = asked
                .as_ref()
                .map_or(positions[axis].saturating_mul(strides[axis]), |asked| asked[axis]);
            let total = whole.saturating_sub(length);
            extra[axis] += length.saturating_sub(whole);
            let (less, more) = (total / 2, total - total / 2);
            // The larger half stands before, unless the node asks for SAME_UPPER.
            pads[axis] = if automatic == "SAME_UPPER" { (less, more) } else { (more, less) };
        }
    }
    let window = Window { strides, dilations, pads };
    let groups = usize::try_from(call.int("group", 1)?).unwrap_or(0);
    let mut inputs = vec![x, w];
    inputs.extend(call.optional(2));
    let made = lowering.apply(&inputs, |g, w| {
        let y = g.transposed_convolution(w[0], w[1], &window, &extra, groups)?;
        biased(g, y, w.get(2))
    })?;
    Ok(vec![made])
}
