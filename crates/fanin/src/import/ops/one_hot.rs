//! Indices as rows that hold one value at their place and another elsewhere.

use fanin_engine::ops::{Relation, Span};

use crate::Result;
use crate::import::{Call, Lowering, Value};

use super::Import;

pub const IMPORT: Import = Import::new(&["OneHot"], lower).settings(&[1]);

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let (indices, values) = (call.input(0)?, call.input(2)?);
    let depth = lowering.number(call.input(1)?, "the depth")?;
    if !(0.0..=lowering.options.limit as f64).contains(&depth) {
        return Err(call.refuse(format!("depth {depth}"), "0 up to the limit of elements"));
    }
    let depth = depth as usize;
    let axis = call.axis(call.int("axis", -1)?, indices.rank() + 1)?;
    let mut column = indices.axes().to_vec();
    column.insert(axis, 1);
    let mut places = vec![1; column.len()];
    places[axis] = depth;
    lowering.count(depth)?;
    let made = lowering.apply(&[values, indices], |g, w| {
        let indices = g.to_integer(w[1])?;
        let zero = g.integer(0)?;
        let size = g.integer(depth as i64)?;
        let below = g.compare(Relation::Less, indices, zero)?;
        let moved = g.multiply(below, size)?;
        let indices = g.add(indices, moved)?;
        let indices = g.reshape(indices, column)?;
        let counted = g.counting(depth)?;
        let counted = g.reshape(counted, places)?;
        let hit = g.compare(Relation::Equal, indices, counted)?;
        let pick = |g: &mut fanin_engine::Graph, at| {
            let one = g.slice_axis(w[0], 0, Span::neighbors(at, 1))?;
            g.reshape(one, [])
        };
        let (off, on) = (pick(g, 0)?, pick(g, 1)?);
        g.choose(hit, on, off)
    })?;
    Ok(vec![made.of(values.element)])
}
