//! The larger and the smaller of several values, element by element.

use fanin_engine::ops::{IntegerOperation, Relation};
use fanin_engine::{Graph, Result as EngineResult, Wire};

use crate::Result;
use crate::import::{Call, Lowering, Value};

use super::Import;

pub const IMPORT: Import = Import::new(&["Max", "Min"], lower).meets();
pub const CLIP: Import = Import::new(&["Clip"], lower_clip).settings(&[1, 2]);

/// The larger of two wires, or the smaller; NaN if either is.
fn extreme(g: &mut Graph, larger: bool, float: bool, a: Wire, b: Wire) -> EngineResult<Wire> {
    if !float {
        let operation = if larger { IntegerOperation::Larger } else { IntegerOperation::Smaller };
        return g.integer_binary(operation, a, b);
    }
    let relation = if larger { Relation::GreaterOrEqual } else { Relation::LessOrEqual };
    let chosen = g.compare(relation, a, b)?;
    let not_a_number = g.compare(Relation::NotEqual, a, a)?;
    let chosen = g.add(chosen, not_a_number)?;
    g.choose(chosen, a, b)
}

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    call.input(0)?;
    let inputs = call.all();
    let (larger, float) = (call.node.op_type == "Max", inputs[0].is_float());
    let made = lowering.apply(&inputs, |g, w| {
        let mut so_far = w[0];
        for &next in &w[1..] {
            so_far = extreme(g, larger, float, so_far, next)?;
        }
        Ok(so_far)
    })?;
    Ok(vec![made])
}

fn lower_clip(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let mut clipped = x.clone();
    for (index, name, larger) in [(1, "min", true), (2, "max", false)] {
        let bound = match (call.optional(index), call.attribute(name)) {
            (Some(bound), _) => bound.clone(),
            (None, Some(_)) if call.opset < 11 => {
                let bound = call.float(name, 0.0)?;
                lowering.scalar_like(x, bound)?
            }
            _ => continue,
        };
        let float = x.is_float();
        clipped = lowering.apply(&[&clipped, &bound], |g, w| {
            // PyTorch lets the gradient through at the bound itself.
            extreme(g, larger, float, w[0], w[1])
        })?;
    }
    Ok(vec![clipped])
}
