//! Powers.

use fanin_engine::ops::IntegerOperation;

use crate::Result;
use crate::import::{Call, Lowering, Value};

use super::Import;

pub const IMPORT: Import = Import::new(&["Pow"], lower).settings(&[1]);

/// The highest whole exponent that is written as products.
const PRODUCTS: f64 = 16.0;

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let (x, exponent) = (call.input(0)?, call.input(1)?);
    if !x.is_float() {
        let exponent = lowering.apply(&[exponent], |g, w| g.to_integer(w[0]))?;
        let made = lowering
            .apply(&[x, &exponent], |g, w| g.integer_binary(IntegerOperation::Power, w[0], w[1]))?;
        return Ok(vec![made]);
    }
    let known = lowering.constant(exponent, "the exponent").ok();
    let number = known.as_ref().and_then(|_| lowering.number(exponent, "the exponent").ok());
    if let Some(power) = number.filter(|_| exponent.rank() <= x.rank()) {
        let whole = power.fract() == 0.0 && power.abs() <= PRODUCTS;
        if whole || power == 0.5 || power == -0.5 {
            return Ok(vec![lowering.apply(&[x], |g, w| {
                let root = if whole { w[0] } else { g.sqrt(w[0])? };
                let times = if whole { power.abs() as usize } else { 1 };
                let mut product = None;
                for _ in 0..times {
                    product = Some(match product {
                        Some(so_far) => g.multiply(so_far, root)?,
                        None => root,
                    });
                }
                let one = g.constant([], 1.0)?;
                match product {
                    Some(product) if power < 0.0 => g.divide(one, product),
                    Some(product) => Ok(product),
                    None => {
                        let zero = g.affine(root, 0.0, 1.0)?;
                        Ok(zero)
                    }
                }
            })?]);
        }
    }
    // x^p = exp(p · ln x), for x > 0; below 0 only a whole exponent has a value.
    let exponent = lowering.apply(&[exponent], |g, w| g.to_float(w[0]))?;
    if x.known().is_some() && exponent.known().is_some() {
        return folded(call, x, &exponent, lowering);
    }
    let made = lowering.apply(&[x, &exponent], |g, w| {
        let logarithm = g.ln(w[0])?;
        let scaled = g.multiply(w[1], logarithm)?;
        g.exp(scaled)
    })?;
    Ok(vec![made])
}

/// Both sides known: powers as the machine computes them, for every sign.
fn folded(
    call: &Call<'_, '_>,
    x: &Value,
    exponent: &Value,
    lowering: &mut Lowering<'_, '_>,
) -> Result<Vec<Value>> {
    let stretched = lowering.apply_many(&[x, exponent], |g, w| {
        let ones = g.affine(w[1], 0.0, 1.0)?;
        let shape = g.multiply(w[0], ones)?;
        let shape = g.shape(shape).clone();
        Ok(vec![g.broadcast_to(w[0], shape.clone())?, g.broadcast_to(w[1], shape)?])
    })?;
    let bases = lowering.numbers(&stretched[0], "the base")?;
    let exponents = lowering.numbers(&stretched[1], "the exponent")?;
    let powers = bases.iter().zip(&exponents).map(|(x, p)| x.powf(*p)).collect();
    let array = fanin_engine::Array::float(stretched[0].shape().clone(), powers);
    Ok(vec![Value::constant(array?).of(call.input(0)?.element)])
}
