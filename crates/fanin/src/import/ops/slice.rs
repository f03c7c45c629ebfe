//! Positions in equal steps along axes.

use fanin_engine::ops::Span;

use crate::Result;
use crate::import::{Call, Lowering, Value};

use super::Import;

pub const IMPORT: Import = Import::new(&["Slice"], lower).settings(&[1, 2, 3, 4]).carries(&[0]);

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let read = |index: usize, name: &str, lowering: &Lowering<'_, '_>| match call.optional(index) {
        Some(given) => lowering.integers(given, name).map(Some),
        None => call.ints(name),
    };
    let missing = |name: &str| call.refuse(format!("no {name}"), "some");
    let starts = read(1, "starts", lowering)?.ok_or_else(|| missing("starts"))?;
    let ends = read(2, "ends", lowering)?.ok_or_else(|| missing("ends"))?;
    let axes = read(3, "axes", lowering)?.unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = read(4, "steps", lowering)?.unwrap_or_else(|| vec![1; starts.len()]);
    if [ends.len(), axes.len(), steps.len()].iter().any(|n| *n != starts.len()) {
        return Err(
            call.refuse("starts, ends, axes and steps of different numbers", "as many of each")
        );
    }
    let axes = call.axes(&axes, x.rank())?;
    let mut spans: Vec<Span> = x.axes().iter().map(|&size| Span::whole(size)).collect();
    for (index, &axis) in axes.iter().enumerate() {
        spans[axis] = Span::between(x.axes()[axis], starts[index], ends[index], steps[index])
            .ok_or_else(|| call.refuse("a step of 0", "another one"))?;
    }
    Ok(vec![lowering.apply(&[x], |g, w| g.slice(w[0], &spans))?])
}
