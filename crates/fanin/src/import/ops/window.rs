//! Windows of convolutions and pools, as settings of a node say.

use fanin_engine::ops::{Rounding, Window};

use crate::Result;
use crate::import::Call;

/// The most positions that a setting of a window may name.
const FAR: usize = 1 << 32;

/// The window of a node over inputs of these positions, with a kernel of so many taps.
pub(super) fn window(
    call: &Call<'_, '_>,
    input: &[usize],
    kernel: &[usize],
    round: Rounding,
) -> Result<Window> {
    let axes = input.len();
    let strides = sizes(call, "strides", axes, axes)?.unwrap_or_else(|| vec![1; axes]);
    let dilations = sizes(call, "dilations", axes, axes)?.unwrap_or_else(|| vec![1; axes]);
    let automatic = call.text("auto_pad", "NOTSET")?;
    let pads = match automatic {
        "SAME_UPPER" | "SAME_LOWER" => (0..axes)
            .map(|axis| {
                let outputs = input[axis].div_ceil(strides[axis].max(1));
                let last = outputs.saturating_sub(1).saturating_mul(strides[axis]);
                let reach = kernel[axis].saturating_sub(1).saturating_mul(dilations[axis]);
                let total = last.saturating_add(reach).saturating_add(1);
                let total = total.saturating_sub(input[axis]);
                let (less, more) = (total / 2, total - total / 2);
                if automatic == "SAME_UPPER" { (less, more) } else { (more, less) }
            })
            .collect(),
        "VALID" => vec![(0, 0); axes],
        _ => pads(call, axes)?,
    };
    let window = Window { strides, dilations, pads };
    if window.output(input, kernel, round).is_none() {
        let found = format!("{input:?} positions under a kernel of {kernel:?} with {window:?}");
        return Err(call.refuse(found, "one to three spatial axes in which the window has a place"));
    }
    Ok(window)
}

/// The setting `pads`: all that come before, then all that come after.
pub(super) fn pads(call: &Call<'_, '_>, axes: usize) -> Result<Vec<(usize, usize)>> {
    let both = sizes(call, "pads", 2 * axes, axes)?.unwrap_or_else(|| vec![0; 2 * axes]);
    Ok((0..axes).map(|axis| (both[axis], both[axis + axes])).collect())
}

/// A setting with as many sizes as it should have.
pub(super) fn sizes(
    call: &Call<'_, '_>,
    name: &str,
    count: usize,
    axes: usize,
) -> Result<Option<Vec<usize>>> {
    let Some(sizes) = call.sizes(name)? else { return Ok(None) };
    if sizes.len() != count || sizes.iter().any(|&size| size > FAR) {
        let expected = format!("{count} sizes for {axes} spatial axes");
        return Err(call.refuse(format!("{name} {sizes:?}"), expected));
    }
    Ok(Some(sizes))
}

/// Positions of x (batch, channels, positions…).
pub(super) fn positions<'v>(
    call: &Call<'_, '_>,
    x: &'v crate::import::Value,
) -> Result<&'v [usize]> {
    match x.axes() {
        [_, _, positions @ ..] if !positions.is_empty() => Ok(positions),
        _ => Err(call.refuse(format!("shape {}", x.shape()), "(batch, channels, positions…)")),
    }
}
