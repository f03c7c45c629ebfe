//! Elements put at places given by index.

use fanin_engine::ops::{Addressing, Relation};

use crate::Result;
use crate::import::{Call, Lowering, Value};

use super::{Import, gather, reduce};

pub const IMPORT: Import =
    Import::new(&["ScatterElements", "ScatterND", "Scatter"], lower).carries(&[0]);

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let inputs = [call.input(0)?, call.input(1)?, call.input(2)?];
    let way = match call.node.op_type {
        "ScatterND" => Addressing::Tuples(0),
        _ => gather::way(call, inputs[0])?,
    };
    let reduction = call.text("reduction", "none")?;
    if matches!(reduction, "max" | "min" | "mul") {
        return Ok(vec![folded(call, inputs, way, reduction, lowering)?]);
    }
    if !matches!(reduction, "none" | "add") {
        let expected = "none, add, mul, max or min";
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

/// Every place of the data with all updates that point to it, folded: places · updates elements.
fn folded(
    call: &Call<'_, '_>,
    [data, indices, updates]: [&Value; 3],
    way: Addressing,
    reduction: &str,
    lowering: &mut Lowering<'_, '_>,
) -> Result<Value> {
    let Addressing::Elements(axis) = way else {
        let expected = "reduction `none` or `add`";
        return Err(call.refuse(format!("reduction `{reduction}` by tuples"), expected));
    };
    let (name, neutral) = match reduction {
        "max" => ("ReduceMax", f64::NEG_INFINITY),
        "min" => ("ReduceMin", f64::INFINITY),
        _ => ("ReduceProd", 1.0),
    };
    let others = |value: &Value| {
        let mut axes = value.axes().to_vec();
        axes[axis] = 0;
        axes
    };
    if indices.rank() != data.rank() || others(indices) != others(data) || !data.is_float() {
        let found = format!("indices of shape {} for {}", indices.shape(), data.shape());
        return Err(call.refuse(found, "floating numbers that agree on all other axes"));
    }
    let (places, count) = (data.axes()[axis], indices.axes()[axis]);
    let before: usize = data.axes()[..axis].iter().product();
    let after: usize = data.axes()[axis + 1..].iter().product();
    if count == 0 {
        return Ok(data.clone());
    }
    lowering.apply(&[data, indices, updates], |g, w| {
        let row = [before, 1, count, after];
        let (indices, updates) = (g.reshape(w[1], row)?, g.reshape(w[2], row)?);
        let (zero, size) = (g.integer(0)?, g.integer(places as i64)?);
        let negative = g.compare(Relation::Less, indices, zero)?;
        let moved = g.multiply(negative, size)?;
        let indices = g.add(indices, moved)?;
        let counted = g.counting(places)?;
        let counted = g.reshape(counted, [places, 1, 1])?;
        let hit = g.compare(Relation::Equal, indices, counted)?;
        let nothing = g.constant([], neutral)?;
        let pointed = g.choose(hit, updates, nothing)?;
        let best = reduce::reduce(g, name, pointed, &[2])?;
        let best = g.reshape(best, g.shape(w[0]).clone())?;
        match name {
            "ReduceMax" => g.larger(w[0], best),
            "ReduceMin" => g.smaller(w[0], best),
            _ => g.multiply(w[0], best),
        }
    })
}
