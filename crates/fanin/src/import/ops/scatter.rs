//! Elements put at places given by index.

use fanin_engine::ops::Addressing;

use crate::Result;
use crate::import::{Call, Lowering, Value};

use super::{Import, gather};

pub const IMPORT: Import =
    Import::new(&["ScatterElements", "ScatterND", "Scatter"], lower).carries(&[0]);

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let inputs = [call.input(0)?, call.input(1)?, call.input(2)?];
    let way = match call.node.op_type {
        "ScatterND" => Addressing::Tuples(0),
        _ => gather::way(call, inputs[0])?,
    };
    let reduction = call.text("reduction", "none")?;
    if !matches!(reduction, "none" | "add") {
        let expected = "`none` or `add`; try --output NAME to leave out this part";
        return Err(call.refuse(format!("reduction `{reduction}`"), expected));
    }
    let made = lowering.apply(&inputs, |g, w| {
        let (data, indices, updates) = (w[0], w[1], w[2]);
        let shape = g.shape(data).clone();
        let put = g.scatter_add(way, updates, indices, shape.clone())?;
        if reduction == "add" {
            return g.add(data, put);
        }
        let one = g.integer(1)?;
        let ones = g.broadcast_to(one, g.shape(updates).clone())?;
        let hit = g.scatter_add(way, ones, indices, shape)?;
        g.choose(hit, put, data)
    })?;
    Ok(vec![made])
}
