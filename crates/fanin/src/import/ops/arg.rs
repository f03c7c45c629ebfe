//! Where the largest or smallest element of an axis stands.

use fanin_engine::ops::{Relation, Span};

use crate::Result;
use crate::formats::onnx::ElementType;
use crate::import::{Call, Lowering, Value};

use super::{Import, reduce};

pub const IMPORT: Import = Import::new(&["ArgMax", "ArgMin"], lower);

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let axis = call.axis(call.int("axis", 0)?, x.rank())?;
    let (largest, last) = (call.node.op_type == "ArgMax", call.flag("select_last_index")?);
    let keep = call.int("keepdims", 1)? != 0;
    let size = x.axes()[axis];
    if size == 0 {
        return Err(call.refuse(format!("shape {}", x.shape()), "elements along the axis"));
    }
    let made = lowering.apply(&[x], |g, w| {
        let best = reduce::extreme(g, largest, w[0], axis)?;
        let hit = g.compare(Relation::Equal, w[0], best)?;
        let mut column = vec![1; g.shape(w[0]).rank()];
        column[axis] = size;
        let places = g.counting(size)?;
        let places = g.reshape(places, column)?;
        let nowhere = g.integer(if last { -1 } else { size as i64 })?;
        let places = g.choose(hit, places, nowhere)?;
        let place = reduce::extreme(g, last, places, axis)?;
        if keep {
            return Ok(place);
        }
        let mut sizes = g.shape(place).axes().to_vec();
        sizes.remove(axis);
        g.reshape(place, sizes)
    })?;
    Ok(vec![made.of(ElementType::I64)])
}

pub const SUM: Import = Import::new(&["CumSum"], lower_sum).settings(&[1]);

/// Sums up to each position: log₂ n times, every element is added to the one 2ⁱ places on.
fn lower_sum(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let axis = lowering.number(call.input(1)?, "the axis")? as i64;
    let axis = call.axis(axis, x.rank())?;
    let (before, turned) = (call.flag("exclusive")?, call.flag("reverse")?);
    let size = x.axes()[axis];
    let float = x.is_float();
    let made = lowering.apply(&[x], |g, w| {
        use fanin_engine::run::Number;
        let zero = if float { Number::Float(0.0) } else { Number::Integer(0) };
        let backwards = Span { start: size.saturating_sub(1), step: -1, count: size };
        let mut sum = if turned { g.slice_axis(w[0], axis, backwards)? } else { w[0] };
        let shape = g.shape(w[0]).axes().to_vec();
        let shifted = |g: &mut fanin_engine::Graph, x, by: usize| {
            let kept = g.slice_axis(x, axis, Span::neighbors(0, size - by))?;
            let mut spans: Vec<Span> = shape.iter().map(|&size| Span::whole(size)).collect();
            spans[axis] = Span::neighbors(by, size - by);
            g.embed(kept, shape.clone(), &spans, zero)
        };
        let mut step = 1;
        while step < size {
            let earlier = shifted(g, sum, step)?;
            sum = g.add(sum, earlier)?;
            step *= 2;
        }
        if before && size > 0 {
            sum = shifted(g, sum, 1)?;
        }
        if turned { g.slice_axis(sum, axis, backwards) } else { Ok(sum) }
    })?;
    Ok(vec![made])
}
