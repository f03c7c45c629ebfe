//! The largest or smallest elements of an axis, in order, with their places.

use fanin_engine::ops::Relation;

use crate::Result;
use crate::formats::onnx::ElementType;
use crate::import::{Call, Lowering, Value};

use super::{Import, reduce};

pub const IMPORT: Import = Import::new(&["TopK"], lower).settings(&[1]);

/// One element after the other: the best that is left, then left out.
fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let axis = call.axis(call.int("axis", -1)?, x.rank())?;
    let size = x.axes()[axis];
    let asked = match call.optional(1) {
        Some(count) => lowering.number(count, "the number of elements")?,
        None => call.int("k", 0)? as f64,
    };
    if !(1.0..=size as f64).contains(&asked) {
        let found = format!("{asked} of {size} elements");
        return Err(call.refuse(found, "1 up to all"));
    }
    let largest = call.int("largest", 1)? != 0;
    let float = x.is_float();
    let (mut left, mut values, mut places) = (x.clone(), Vec::new(), Vec::new());
    for _ in 0..asked as usize {
        lowering.work()?;
        let made = lowering.apply_many(&[&left, x], |g, w| {
            let best = reduce::extreme(g, largest, w[0], axis)?;
            let hit = g.compare(Relation::Equal, w[0], best)?;
            let mut column = vec![1; g.shape(w[0]).rank()];
            column[axis] = size;
            let counted = g.counting(size)?;
            let counted = g.reshape(counted, column)?;
            let nowhere = g.integer(size as i64)?;
            let hits = g.choose(hit, counted, nowhere)?;
            let place = reduce::extreme(g, false, hits, axis)?;
            let here = g.compare(Relation::Equal, counted, place)?;
            let end = match (float, largest) {
                (true, true) => g.constant([], f64::NEG_INFINITY)?,
                (true, false) => g.constant([], f64::INFINITY)?,
                (false, true) => g.integer(i64::MIN)?,
                (false, false) => g.integer(i64::MAX)?,
            };
            let left = g.choose(here, end, w[0])?;
            let by = fanin_engine::ops::Addressing::Elements(axis);
            let value = g.gather_by(by, w[1], place)?;
            Ok(vec![left, value, place])
        })?;
        let [next, value, place] = <[Value; 3]>::try_from(made).expect("three wires were named");
        left = next;
        values.push(value);
        places.push(place);
    }
    let joined = |parts: &[Value], lowering: &mut Lowering<'_, '_>| {
        let parts: Vec<&Value> = parts.iter().collect();
        lowering.apply(&parts, |g, w| g.concat(w, axis))
    };
    let values = joined(&values, lowering)?.of(x.element);
    Ok(vec![values, joined(&places, lowering)?.of(ElementType::I64)])
}
