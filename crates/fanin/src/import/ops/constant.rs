//! Values that stand in the file, shapes, and counts.

use fanin_engine::Array;

use crate::Result;
use crate::formats::onnx::{Attribute, AttributeValue, ElementType};
use crate::import::integers::{Integers, clamped};
use crate::import::{Call, Lowering, Value};

use super::Import;

pub const IMPORT: Import = Import::new(&["Constant"], lower).integers(listed);
pub const FILLED: Import = Import::new(&["ConstantOfShape"], lower_filled).settings(&[0]);
pub const SHAPE: Import =
    Import::new(&["Shape"], lower_shape).settings(&[0]).measures().integers(lengths);
pub const SIZE: Import = Import::new(&["Size"], lower_size).settings(&[0]).measures();
pub const RANGE: Import = Import::new(&["Range"], lower_range).settings(&[0, 1, 2]);
pub const EYE: Import = Import::new(&["EyeLike"], lower_eye);

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let names = ["value", "value_float", "value_floats", "value_int", "value_ints"];
    let set = names.iter().find_map(|name| call.attribute(name));
    let array = match set.map(|set| &set.value) {
        Some(AttributeValue::Tensor(tensor)) => return Ok(vec![lowering.tensor(tensor, false)?]),
        Some(AttributeValue::Float(x)) => Array::float([], vec![f64::from(*x)]),
        Some(AttributeValue::Floats(x)) => {
            Array::float([x.len()], x.iter().map(|x| f64::from(*x)).collect())
        }
        Some(AttributeValue::Int(n)) => Array::integer([], vec![*n]),
        Some(AttributeValue::Ints(n)) => Array::integer([n.len()], n.clone()),
        _ => return Err(call.refuse("a value of another kind", "a tensor or numbers")),
    };
    Ok(vec![Value::constant(array?)])
}

fn listed(of: &mut Integers<'_>) -> Option<Vec<i64>> {
    let set = |name| of.node.attribute(name);
    let list = set("value_ints").and_then(|a| a.ints()).map(<[i64]>::to_vec);
    list.or_else(|| set("value_int").and_then(Attribute::int).map(|one| vec![one]))
}

fn lengths(of: &mut Integers<'_>) -> Option<Vec<i64>> {
    let sizes = of.sizes(0)?;
    let bound = |name: &str, default: usize| {
        let at = of.node.attribute(name).and_then(Attribute::int);
        at.map_or(default, |at| clamped(at, sizes.len()))
    };
    let wanted = sizes.get(bound("start", 0)..bound("end", sizes.len()))?;
    wanted.iter().map(|size| i64::try_from((*size)?).ok()).collect()
}

/// The only element of the tensor `value`, 0 without one, and its type.
fn fill(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<(f64, ElementType)> {
    let Some(attribute) = call.attribute("value") else { return Ok((0.0, ElementType::F32)) };
    let Some(tensor) = attribute.tensor() else {
        return Err(call.refuse(attribute.kind(), "a tensor"));
    };
    let value = lowering.tensor(tensor, false)?;
    Ok((lowering.number(&value, "the value")?, value.element))
}

fn lower_filled(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let (number, element) = fill(call, lowering)?;
    let asked = lowering.integers(call.input(0)?, "the shape")?;
    let axes: Option<Vec<usize>> = asked.iter().map(|n| usize::try_from(*n).ok()).collect();
    let axes = axes.ok_or_else(|| call.refuse(format!("shape {asked:?}"), "sizes of 0 or more"))?;
    let floats = lowering.filled(axes, number)?;
    let made = if element.is_float() {
        floats
    } else {
        lowering.apply(&[&floats], |g, w| g.to_integer(w[0]))?
    };
    Ok(vec![made.of(element)])
}

fn lower_shape(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let rank = x.rank() as i64;
    let place = |n: i64| clamped(n, x.rank());
    let (start, end) = (place(call.int("start", 0)?), place(call.int("end", rank)?));
    let axes = x.axes().get(start..end).unwrap_or_default();
    Ok(vec![lowering.whole(axes.iter().map(|n| *n as i64).collect())?])
}

fn lower_size(call: &Call<'_, '_>, _: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let elements = call.input(0)?.elements();
    Ok(vec![Value::constant(Array::integer([], vec![elements as i64])?)])
}

fn lower_range(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let first = call.input(0)?;
    let [start, limit, step] = [0, 1, 2]
        .map(|index| call.input(index).and_then(|value| lowering.number(value, "the range")));
    let (start, limit, step) = (start?, limit?, step?);
    let count = ((limit - start) / step).ceil().max(0.0);
    if !count.is_finite() || count > lowering.options.limit as f64 {
        return Err(call.refuse(format!("{count} steps"), "as many as the limit of elements"));
    }
    lowering.count(count as usize)?;
    let numbers = (0..count as usize).map(|i| start + i as f64 * step);
    let array = if first.is_float() {
        Array::float([count as usize], numbers.collect())
    } else {
        Array::integer([count as usize], numbers.map(|x| x as i64).collect())
    };
    Ok(vec![Value::constant(array?).of(first.element)])
}

fn lower_eye(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let &[rows, columns] = x.axes() else {
        return Err(call.refuse(format!("shape {}", x.shape()), "a matrix"));
    };
    let element = match call.attribute("dtype") {
        Some(_) => ElementType::from_number(call.int("dtype", 1)?),
        None => x.element,
    };
    let shift = i128::from(call.int("k", 0)?);
    lowering.count(x.elements())?;
    let one = |i: usize| i64::from((i / columns) as i128 + shift == (i % columns) as i128);
    let whole: Vec<i64> = (0..rows * columns).map(one).collect();
    let array = if element.is_float() {
        Array::float([rows, columns], whole.iter().map(|n| *n as f64).collect())
    } else {
        Array::integer([rows, columns], whole)
    };
    Ok(vec![Value::constant(array?).of(element)])
}
