//! The larger and the smaller of several values, element by element.

use fanin_engine::Graph;

use crate::Result;
use crate::import::{Call, Lowering, Value};

use super::Import;

pub const IMPORT: Import = Import::new(&["Max", "Min"], lower).meets();
pub const CLIP: Import = Import::new(&["Clip"], lower_clip).settings(&[1, 2]);

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    call.input(0)?;
    let inputs = call.all();
    let extreme = if call.node.op_type == "Max" { Graph::larger } else { Graph::smaller };
    let made = lowering.apply(&inputs, |g, w| {
        let mut so_far = w[0];
        for &next in &w[1..] {
            so_far = extreme(g, so_far, next)?;
        }
        Ok(so_far)
    })?;
    Ok(vec![made])
}

fn lower_clip(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let bound = |index, name: &str, lowering: &mut Lowering<'_, '_>| match (
        call.optional(index),
        call.attribute(name),
    ) {
        (Some(bound), _) => Ok(Some(bound.clone())),
        (None, Some(_)) if call.opset < 11 => {
            lowering.scalar_like(x, call.float(name, 0.0)?).map(Some)
        }
        _ => Ok(None),
    };
    let low = bound(1, "min", lowering)?;
    let high = bound(2, "max", lowering)?;
    let number = |bound: &Option<Value>, none: f64| match bound {
        Some(bound) => bound.known_scalar(),
        None => Some(none),
    };
    let known = number(&low, f64::NEG_INFINITY).zip(number(&high, f64::INFINITY));
    if let Some((low, high)) = known.filter(|_| x.is_float()) {
        return Ok(vec![lowering.apply(&[x], |g, w| g.clamp(w[0], low, high))?]);
    }
    let inputs: Vec<&Value> =
        [Some(x), low.as_ref(), high.as_ref()].into_iter().flatten().collect();
    let made = lowering.apply(&inputs, |g, w| {
        let high = high.as_ref().and(w.last().copied());
        g.clamp_between(w[0], low.as_ref().map(|_| w[1]), high)
    })?;
    Ok(vec![made])
}
