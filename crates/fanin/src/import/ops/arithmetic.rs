//! Sums, differences, products and quotients, element by element, stretched to a common shape.

use fanin_engine::{Graph, Result as EngineResult, Wire};

use crate::Result;
use crate::import::integers::Integers;
use crate::import::{Call, Lowering, Value};

use super::{Import, Part};

const EITHER: &[(usize, Part)] = &[(0, Part::Term), (1, Part::Term)];

pub const IMPORT: Import =
    Import::new(&["Add", "Sub"], lower).parameters(EITHER).meets().integers(whole);
pub const SCALE: Import = Import::new(&["Mul", "Div"], lower)
    .parameters(&[(0, Part::Factor), (1, Part::Factor)])
    .meets()
    .integers(whole);
pub const MANY: Import = Import::new(&["Sum", "Mean"], lower_many).parameters(EITHER);

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let (a, b) = (call.input(0)?, call.input(1)?);
    if a.is_float() && b.is_float() {
        let fits = |number: &Value, other: &Value| {
            number.rank() <= other.rank() && other.known().is_none()
        };
        if let Some(c) = b.known_scalar().filter(|_| fits(b, a)) {
            let (scale, shift) = match call.node.op_type {
                "Add" => (1.0, c),
                "Sub" => (1.0, -c),
                "Mul" => (c, 0.0),
                _ => (1.0 / c, 0.0),
            };
            if scale.is_finite() && shift.is_finite() {
                return Ok(vec![lowering.apply(&[a], |g, w| g.affine(w[0], scale, shift))?]);
            }
        }
        if let Some(c) = a.known_scalar().filter(|_| fits(a, b)) {
            let factors = match call.node.op_type {
                "Add" => Some((1.0, c)),
                "Sub" => Some((-1.0, c)),
                "Mul" => Some((c, 0.0)),
                _ => None,
            };
            if let Some((scale, shift)) = factors.filter(|f| f.0.is_finite() && f.1.is_finite()) {
                return Ok(vec![lowering.apply(&[b], |g, w| g.affine(w[0], scale, shift))?]);
            }
        }
    }
    let operation: fn(&mut Graph, Wire, Wire) -> EngineResult<Wire> = match call.node.op_type {
        "Add" => Graph::add,
        "Sub" => Graph::subtract,
        "Mul" => Graph::multiply,
        _ => Graph::divide,
    };
    Ok(vec![lowering.apply(&[a, b], |g, w| operation(g, w[0], w[1]))?])
}

/// Of lists, or of a list and a number.
fn whole(of: &mut Integers<'_>) -> Option<Vec<i64>> {
    let (a, b) = (of.input(0)?, of.input(1)?);
    let operation = match of.node.op_type {
        "Add" => i64::checked_add,
        "Sub" => i64::checked_sub,
        "Mul" => i64::checked_mul,
        _ => i64::checked_div,
    };
    let at = |list: &[i64], i| list.get(if list.len() == 1 { 0 } else { i }).copied();
    (0..a.len().max(b.len())).map(|i| operation(at(&a, i)?, at(&b, i)?)).collect()
}

fn lower_many(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let inputs = call.all();
    let scale = if call.node.op_type == "Mean" { 1.0 / inputs.len() as f64 } else { 1.0 };
    call.input(0)?;
    let sum = lowering.apply(&inputs, |g, w| {
        let mut sum = w[0];
        for &next in &w[1..] {
            sum = g.add(sum, next)?;
        }
        g.affine(sum, scale, 0.0)
    })?;
    Ok(vec![sum])
}
