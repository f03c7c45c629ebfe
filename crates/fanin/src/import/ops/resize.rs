//! Images of another size.

use fanin_engine::compose::{Coordinates, Interpolation, Nearest, Resize};

use crate::Result;
use crate::import::{Call, Lowering, Value};

use super::Import;

pub const IMPORT: Import =
    Import::new(&["Resize", "Upsample"], lower).settings(&[1, 2, 3]).floats(&[0]);

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let axes = match call.ints("axes")? {
        Some(axes) => call.axes(&axes, x.rank())?,
        None => (0..x.rank()).collect(),
    };
    let resize = settings(call)?;
    // Version 10 and `Upsample` know scales alone, as input 1.
    let old = call.node.op_type == "Upsample" || call.opset < 11;
    let (scales, sizes) = if old { (1, usize::MAX) } else { (2, 3) };
    let full = |value: &&Value| value.elements() > 0;
    let sizes = call.optional(sizes).filter(full);
    let scales = call.optional(scales).filter(full);
    let mut wanted: Vec<(usize, f64)> = Vec::new();
    if let Some(sizes) = sizes {
        let given = lowering.integers(sizes, "the sizes")?;
        let before: Vec<usize> = axes.iter().map(|axis| x.axes()[*axis]).collect();
        wanted = lengths(call, &given, &before)?;
    } else {
        let scales = match (scales, call.floats("scales")?) {
            (Some(scales), _) => lowering.numbers(scales, "the scales")?,
            (None, Some(scales)) => scales,
            (None, None) => return Err(call.refuse("neither scales nor sizes", "one of them")),
        };
        for (axis, scale) in axes.iter().zip(scales) {
            let length = (x.axes()[*axis] as f64 * scale).floor();
            if !(1.0..=fanin_engine::tensor::MAX_ELEMENTS as f64).contains(&length) {
                return Err(call.refuse(format!("a scale of {scale}"), "one that leaves elements"));
            }
            wanted.push((length as usize, scale));
        }
    }
    if wanted.len() != axes.len() {
        let found = format!("{} lengths", wanted.len());
        return Err(call.refuse(found, format!("one for each of {} axes", axes.len())));
    }
    let mut made = x.clone();
    for (&axis, &(length, scale)) in axes.iter().zip(&wanted) {
        let same = length == x.axes()[axis] && (scale - 1.0).abs() < f64::EPSILON;
        if !same {
            lowering.count(length.saturating_mul(4))?;
            made = lowering
                .apply(&[&made], |g, w| g.resize_axis(w[0], axis, (length, scale), &resize))?;
        }
    }
    Ok(vec![made])
}

/// Lengths and scales for sizes asked for, kept in proportion where the node says so.
fn lengths(call: &Call<'_, '_>, given: &[i64], before: &[usize]) -> Result<Vec<(usize, f64)>> {
    let policy = call.text("keep_aspect_ratio_policy", "stretch")?;
    let mut lengths = Vec::new();
    for (&length, &from) in given.iter().zip(before) {
        match usize::try_from(length) {
            Ok(length) if length > 0 && from > 0 => {
                lengths.push((length, length as f64 / from as f64));
            }
            _ => return Err(call.refuse(format!("size {length}"), "1 or more")),
        }
    }
    if policy != "stretch" {
        let scales = lengths.iter().map(|(_, scale)| *scale);
        let scale = if policy == "not_larger" {
            scales.fold(f64::INFINITY, f64::min)
        } else {
            scales.fold(0.0, f64::max)
        };
        for (entry, &from) in lengths.iter_mut().zip(before) {
            *entry = (((scale * from as f64) + 0.5).floor().max(1.0) as usize, scale);
        }
    }
    Ok(lengths)
}

fn settings(call: &Call<'_, '_>) -> Result<Resize> {
    let upsample = call.node.op_type == "Upsample" || call.opset < 11;
    let unknown = |what: &str, name: &str| call.refuse(format!("{what} `{name}`"), "a known one");
    let coordinates = if upsample {
        "asymmetric"
    } else {
        call.text("coordinate_transformation_mode", "half_pixel")?
    };
    let coordinates = match coordinates {
        "half_pixel" => Coordinates::HalfPixel,
        "half_pixel_symmetric" => Coordinates::HalfPixelSymmetric,
        "pytorch_half_pixel" => Coordinates::HalfPixelOrFirst,
        "tf_half_pixel_for_nn" => Coordinates::HalfPixelEdge,
        "align_corners" => Coordinates::AlignCorners,
        "asymmetric" => Coordinates::Asymmetric,
        other => return Err(unknown("coordinates", other)),
    };
    let nearest = if upsample { "floor" } else { call.text("nearest_mode", "round_prefer_floor")? };
    let nearest = match nearest {
        "round_prefer_floor" => Nearest::RoundDown,
        "round_prefer_ceil" => Nearest::RoundUp,
        "floor" => Nearest::Floor,
        "ceil" => Nearest::Ceil,
        other => return Err(unknown("rounding", other)),
    };
    let interpolation = match call.text("mode", "nearest")? {
        "nearest" => Interpolation::Nearest(nearest),
        "linear" => Interpolation::Linear,
        "cubic" => Interpolation::Cubic(call.float("cubic_coeff_a", -0.75)?),
        other => return Err(unknown("mode", other)),
    };
    let mut resize = Resize::new(interpolation, coordinates);
    resize.antialias = call.flag("antialias")?;
    resize.exclude_outside = call.flag("exclude_outside")?;
    Ok(resize)
}
