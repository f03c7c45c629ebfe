//! Elements put at places given by index.

use fanin_engine::ops::{Addressing, Reduction};

use crate::Result;
use crate::import::{Call, Lowering, Value};

use super::{Import, gather};

pub const IMPORT: Import =
    Import::new(&["ScatterElements", "ScatterND", "Scatter"], lower).carries(&[0]).places();

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let inputs = [call.input(0)?, call.input(1)?, call.input(2)?];
    let way = match call.node.op_type {
        "ScatterND" => Addressing::Tuples(0),
        _ => gather::way(call, inputs[0])?,
    };
    let reduction = match call.text("reduction", "none")? {
        "none" => Reduction::Replace,
        "add" => Reduction::Add,
        "mul" => Reduction::Multiply,
        "max" => Reduction::Larger,
        "min" => Reduction::Smaller,
        other => {
            let expected = "none, add, mul, max or min";
            return Err(call.refuse(format!("reduction `{other}`"), expected));
        }
    };
    let made = lowering.apply(&inputs, |g, w| g.scatter(way, reduction, w[0], w[1], w[2]))?;
    Ok(vec![made])
}
