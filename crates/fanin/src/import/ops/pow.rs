//! Powers.

use crate::Result;
use crate::import::{Call, Lowering, Value};

use super::Import;

pub const IMPORT: Import = Import::new(&["Pow"], lower).settings(&[1]);

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let (x, exponent) = (call.input(0)?, call.input(1)?);
    if !x.is_float() {
        let exponent = lowering.apply(&[exponent], |g, w| g.to_integer(w[0]))?;
        return Ok(vec![lowering.apply(&[x, &exponent], |g, w| g.power(w[0], w[1]))?]);
    }
    let known = exponent.known_scalar().filter(|_| exponent.rank() <= x.rank());
    let made = lowering.apply(&[x, exponent], |g, w| match known {
        Some(1.0) => Ok(w[0]),
        Some(0.5) => g.sqrt(w[0]),
        Some(-0.5) => g.reciprocal_sqrt(w[0]),
        Some(2.0) => g.multiply(w[0], w[0]),
        Some(3.0) => {
            let square = g.multiply(w[0], w[0])?;
            g.multiply(square, w[0])
        }
        _ => g.power(w[0], w[1]),
    })?;
    Ok(vec![made])
}
