//! Triangles of matrices.

use fanin_engine::Array;

use crate::Result;
use crate::import::{Call, Lowering, Value};

use super::Import;

pub const IMPORT: Import = Import::new(&["Trilu"], lower).settings(&[1]);

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let [.., rows, columns] = *x.axes() else {
        return Err(call.refuse(format!("shape {}", x.shape()), "two axes or more"));
    };
    let shift = match call.optional(1) {
        Some(shift) => lowering.number(shift, "the diagonal")? as i64,
        None => 0,
    };
    let upper = call.int("upper", 1)? != 0;
    lowering.count(rows.saturating_mul(columns))?;
    let kept = |i: usize| {
        let above = i128::try_from(i % columns).unwrap_or(0) - (i / columns) as i128;
        i64::from(if upper { above >= i128::from(shift) } else { above <= i128::from(shift) })
    };
    let mask = Array::integer([rows, columns], (0..rows * columns).map(kept).collect())?;
    let (mask, zero) = (Value::constant(mask), lowering.scalar_like(x, 0.0)?);
    let made = lowering.apply(&[&mask, x, &zero], |g, w| g.choose(w[0], w[1], w[2]))?;
    Ok(vec![made.of(x.element)])
}
