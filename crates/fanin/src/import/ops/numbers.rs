//! Sign, size and rounding of numbers of either kind.

use fanin_engine::ops::{IntegerFunction, Relation};

use crate::Result;
use crate::import::{Call, Lowering, Value};

use super::Import;
use super::elementary::activation;

pub const IMPORT: Import = Import::new(&["Neg", "Abs", "Sign", "Floor", "Ceil", "Round"], lower);

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let name = call.node.op_type;
    if !x.is_float() {
        let function = match name {
            "Neg" => IntegerFunction::Negate,
            "Abs" => IntegerFunction::Absolute,
            "Sign" => IntegerFunction::Sign,
            _ => return Ok(vec![x.clone()]),
        };
        return Ok(vec![lowering.apply(&[x], |g, w| g.integer_unary(function, w[0]))?]);
    }
    let relu = activation("relu", None);
    let made = lowering.apply(&[x], |g, w| {
        let x = w[0];
        match name {
            "Neg" => g.affine(x, -1.0, 0.0),
            "Abs" => {
                let turned = g.affine(x, -1.0, 0.0)?;
                let (above, below) = (g.activate(x, &*relu)?, g.activate(turned, &*relu)?);
                g.add(above, below)
            }
            "Sign" => {
                let zero = g.constant([], 0.0)?;
                let above = g.compare(Relation::Greater, x, zero)?;
                let below = g.compare(Relation::Less, x, zero)?;
                let sign = g.subtract(above, below)?;
                g.to_float(sign)
            }
            _ => round(g, x, name),
        }
    })?;
    Ok(vec![made])
}

/// Down, up, or to the nearest with ties to even, through whole numbers.
fn round(
    g: &mut fanin_engine::Graph,
    x: fanin_engine::Wire,
    name: &str,
) -> fanin_engine::Result<fanin_engine::Wire> {
    let floor = |g: &mut fanin_engine::Graph, x| {
        let whole = g.to_integer(x)?;
        let cut = g.to_float(whole)?;
        let beyond = g.compare(Relation::Greater, cut, x)?;
        let beyond = g.to_float(beyond)?;
        g.subtract(cut, beyond)
    };
    match name {
        "Floor" => floor(g, x),
        "Ceil" => {
            let turned = g.affine(x, -1.0, 0.0)?;
            let down = floor(g, turned)?;
            g.affine(down, -1.0, 0.0)
        }
        _ => {
            // ⌊x + ½⌋, less 1 where x + ½ is whole and odd.
            let shifted = g.affine(x, 1.0, 0.5)?;
            let up = floor(g, shifted)?;
            let tie = g.compare(Relation::Equal, up, shifted)?;
            let half = g.affine(up, 0.5, 0.0)?;
            let even = floor(g, half)?;
            let odd = g.compare(Relation::NotEqual, even, half)?;
            let less = g.multiply(tie, odd)?;
            let less = g.to_float(less)?;
            g.subtract(up, less)
        }
    }
}
