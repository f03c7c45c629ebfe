//! Positions in equal steps along axes.

use fanin_engine::ops::Span;

use crate::Result;
use crate::import::integers::{Integers, clamped};
use crate::import::{Call, Lowering, Value};

use super::{Import, Move};

pub const IMPORT: Import = Import::new(&["Slice"], lower)
    .settings(&[1, 2, 3, 4])
    .carries(&[0])
    .moves(Move::Cuts)
    .integers(cut);

fn cut(of: &mut Integers<'_>) -> Option<Vec<i64>> {
    let (list, start, end) = (of.input(0)?, of.input(1)?, of.input(2)?);
    let bound = |at: &[i64]| Some(clamped(*at.first()?, list.len()));
    list.get(bound(&start)?..bound(&end)?).map(<[i64]>::to_vec)
}

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
