//! Tensors one after the other, and lists of tensors.

use crate::Result;
use crate::import::integers::Integers;
use crate::import::{Call, Content, Lowering, Value};

use super::{Import, Move};

pub const IMPORT: Import = Import::new(&["Concat"], lower)
    .meets()
    .joins()
    .places()
    .moves(Move::Cuts)
    .integers(one_after_another);
pub const LIST: Import = Import::new(&["SequenceConstruct"], lower_list).joins();
pub const OF_LIST: Import = Import::new(&["ConcatFromSequence"], lower_of_list);
pub const ITEM: Import = Import::new(&["SequenceAt"], lower_item).joins();
pub const LENGTH: Import = Import::new(&["SequenceLength"], lower_length);

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    call.input(0)?;
    let default = i64::from(call.opset < 4);
    Ok(vec![concatenated(call, &call.all(), call.int("axis", default)?, lowering)?])
}

fn concatenated(
    call: &Call<'_, '_>,
    parts: &[&Value],
    axis: i64,
    lowering: &mut Lowering<'_, '_>,
) -> Result<Value> {
    let first = parts.first().ok_or_else(|| call.refuse("no tensor", "one or more"))?;
    let axis = call.axis(axis, first.rank())?;
    lowering.apply(parts, |g, w| g.concat(w, axis))
}

fn lower_list(call: &Call<'_, '_>, _: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    call.input(0)?;
    Ok(vec![Value::sequence(call.all().into_iter().cloned().collect())])
}

/// The values of a list.
fn items<'v>(call: &Call<'_, '_>, value: &'v Value) -> Result<&'v [Value]> {
    match &value.content {
        Content::Sequence(items) => Ok(items),
        _ => Err(call.refuse("a tensor", "a sequence")),
    }
}

fn lower_of_list(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let items = items(call, call.input(0)?)?;
    let axis = call.int("axis", 0)?;
    if !call.flag("new_axis")? {
        let parts: Vec<&Value> = items.iter().collect();
        return Ok(vec![concatenated(call, &parts, axis, lowering)?]);
    }
    let rank = items.first().map_or(0, Value::rank) + 1;
    let axis = call.axis(axis, rank)?;
    let stacked = |item: &Value, lowering: &mut Lowering<'_, '_>| {
        let mut axes = item.axes().to_vec();
        axes.insert(axis, 1);
        lowering.apply(&[item], |g, w| g.reshape(w[0], axes))
    };
    let parts = items.iter().map(|item| stacked(item, lowering)).collect::<Result<Vec<Value>>>()?;
    let parts: Vec<&Value> = parts.iter().collect();
    Ok(vec![concatenated(call, &parts, axis as i64, lowering)?])
}

fn one_after_another(of: &mut Integers<'_>) -> Option<Vec<i64>> {
    let lists = (0..of.node.inputs.len()).map(|index| of.input(index));
    Some(lists.collect::<Option<Vec<_>>>()?.concat())
}

fn lower_length(call: &Call<'_, '_>, _: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let items = items(call, call.input(0)?)?;
    let length = fanin_engine::Array::integer([], vec![items.len() as i64])?;
    Ok(vec![Value::constant(length)])
}

fn lower_item(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let items = items(call, call.input(0)?)?;
    let position = lowering.integers(call.input(1)?, "the position in a sequence")?;
    let [position] = position[..] else {
        return Err(call.refuse(format!("{} positions", position.len()), "one"));
    };
    Ok(vec![items[call.axis(position, items.len())?].clone()])
}
