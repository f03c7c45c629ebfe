//! Branches whose condition is known, and loops of a known number of rounds, written out.

use crate::formats::onnx::{Attribute, Graph};
use crate::import::{Call, Content, Value, Walk};
use crate::{Error, Result};

use super::{Binds, Import};

pub const IMPORT: Import =
    Import::control(&["If"], Binds { input: 1, output: 0 }, lower_if).settings(&[0]);
pub const LOOP: Import =
    Import::control(&["Loop"], Binds { input: 2, output: 1 }, lower_loop).settings(&[0, 1]);
pub const SCAN: Import = Import::control(&["Scan"], Binds { input: 0, output: 0 }, lower_scan);

fn body<'b, 'a>(call: &Call<'b, 'a>, name: &str) -> Result<&'b Graph<'a>> {
    let missing = || call.refuse(format!("no `{name}`"), "a graph");
    call.attribute(name).and_then(Attribute::graph).ok_or_else(missing)
}

fn lower_if<'b, 'a>(call: &Call<'b, 'a>, walk: &mut Walk<'b, 'a>) -> Result<Vec<Value>> {
    let condition = walk.lowering.number(call.input(0)?, "the condition of a branch")?;
    let branch = body(call, if condition == 0.0 { "else_branch" } else { "then_branch" })?;
    walk.inner(branch, Vec::new(), &call.bindings)
}

fn lower_loop<'b, 'a>(call: &Call<'b, 'a>, walk: &mut Walk<'b, 'a>) -> Result<Vec<Value>> {
    let body = body(call, "body")?;
    let rounds = match call.optional(0) {
        Some(rounds) => Some(walk.lowering.number(rounds, "the number of rounds of a loop")?),
        None => None,
    };
    let mut goes_on = match call.optional(1) {
        Some(condition) => walk.lowering.number(condition, "the condition of a loop")? != 0.0,
        None => true,
    };
    let mut state: Vec<Value> = call.inputs.iter().skip(2).flatten().cloned().collect();
    let carried = state.len();
    let collected = body.outputs.len().checked_sub(1 + carried);
    let collected =
        collected.ok_or_else(|| call.refuse("a body of too few outputs", "all states"))?;
    let mut rows: Vec<Vec<Value>> = vec![Vec::new(); collected];
    let mut round = 0_i64;
    while goes_on && rounds.is_none_or(|rounds| (round as f64) < rounds) {
        walk.lowering.work()?;
        let count = Value::constant(fanin_engine::Array::integer([], vec![round])?);
        let on = Value::constant(fanin_engine::Array::integer([], vec![1])?);
        let inputs = [vec![count, on], std::mem::take(&mut state)].concat();
        let mut made = walk.inner(body, inputs, &call.bindings)?.into_iter();
        if let Some(condition) = made.next() {
            goes_on = walk.lowering.number(&condition, "the condition of a loop")? != 0.0;
        }
        state = made.by_ref().take(carried).collect();
        rows.iter_mut().zip(made).for_each(|(rows, row)| rows.push(row));
        round += 1;
    }
    for row in rows {
        state.push(stacked(call, &row, (0, false), walk)?);
    }
    Ok(state)
}

fn lower_scan<'b, 'a>(call: &Call<'b, 'a>, walk: &mut Walk<'b, 'a>) -> Result<Vec<Value>> {
    let body = body(call, "body")?;
    if call.opset < 9 {
        return Err(call.refuse(format!("version {}", call.opset), "9 or later"));
    }
    let scanned = usize::try_from(call.int("num_scan_inputs", 0)?).unwrap_or(0);
    let inputs: Vec<Value> = call.inputs.iter().flatten().cloned().collect();
    let carried = inputs.len().checked_sub(scanned).filter(|_| scanned > 0);
    let carried = carried.ok_or_else(|| call.refuse("too few inputs", "all that are scanned"))?;
    let list = |name: &str| -> Result<Vec<i64>> { Ok(call.ints(name)?.unwrap_or_default()) };
    let (in_axes, in_turned) = (list("scan_input_axes")?, list("scan_input_directions")?);
    let (out_axes, out_turned) = (list("scan_output_axes")?, list("scan_output_directions")?);
    let at = |list: &[i64], i: usize| list.get(i).copied().unwrap_or(0);
    let (mut state, sequences) = (inputs[..carried].to_vec(), &inputs[carried..]);
    let mut axes = Vec::new();
    for (i, sequence) in sequences.iter().enumerate() {
        axes.push(call.axis(at(&in_axes, i), sequence.rank())?);
    }
    let length = sequences[0].axes()[axes[0]];
    let mut rows: Vec<Vec<Value>> = vec![Vec::new(); body.outputs.len().saturating_sub(carried)];
    for step in 0..length {
        walk.lowering.work()?;
        let mut given = std::mem::take(&mut state);
        for (i, sequence) in sequences.iter().enumerate() {
            let place = if at(&in_turned, i) == 0 { step } else { length - 1 - step };
            given.push(picked(call, sequence, axes[i], place, walk)?);
        }
        let mut made = walk.inner(body, given, &call.bindings)?.into_iter();
        state = made.by_ref().take(carried).collect();
        rows.iter_mut().zip(made).for_each(|(rows, row)| rows.push(row));
    }
    for (i, row) in rows.iter().enumerate() {
        let turned = at(&out_turned, i) != 0;
        state.push(stacked(call, row, (at(&out_axes, i), turned), walk)?);
    }
    Ok(state)
}

fn picked(
    call: &Call<'_, '_>,
    x: &Value,
    axis: usize,
    place: usize,
    walk: &mut Walk<'_, '_>,
) -> Result<Value> {
    if place >= x.axes()[axis] {
        return Err(call.refuse(format!("position {place} of {}", x.shape()), "as many of each"));
    }
    let mut shape = x.axes().to_vec();
    shape.remove(axis);
    walk.lowering.apply(&[x], |g, w| {
        let span = fanin_engine::ops::Span::neighbors(place, 1);
        let row = g.slice_axis(w[0], axis, span)?;
        g.reshape(row, shape)
    })
}

/// Values of all rounds along a new axis.
fn stacked(
    call: &Call<'_, '_>,
    rows: &[Value],
    (axis, turned): (i64, bool),
    walk: &mut Walk<'_, '_>,
) -> Result<Value> {
    let first = rows.first().ok_or_else(|| Error::Setting {
        place: call.node.op_type.to_owned(),
        found: "a loop of no rounds that collects values".to_owned(),
        expected: "one round or more".to_owned(),
    })?;
    if let Content::Sequence(_) = first.content {
        return Err(call.refuse("a sequence in every round", "tensors"));
    }
    let axis = call.axis(axis, first.rank() + 1)?;
    let mut shape = first.axes().to_vec();
    shape.insert(axis, 1);
    let mut parts: Vec<&Value> = rows.iter().collect();
    if turned {
        parts.reverse();
    }
    walk.lowering.apply(&parts, |g, w| {
        let rows: Vec<_> = w
            .iter()
            .map(|row| g.reshape(*row, shape.clone()))
            .collect::<fanin_engine::Result<_>>()?;
        g.concat(&rows, axis)
    })
}
