//! α · A · B + β · C, with A and B transposed or not.

use crate::Result;
use crate::import::{Call, Lowering, Value};

use super::{Import, Part, products};

pub const IMPORT: Import = Import::new(&["Gemm"], lower)
    .parameters(&[(0, Part::Gemm), (1, Part::Gemm), (2, Part::Bias)])
    .floats(&[0, 1, 2]);

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let (alpha, beta) = (call.float("alpha", 1.0)?, call.float("beta", 1.0)?);
    let (turn_a, turn_b) = (call.flag("transA")?, call.flag("transB")?);
    let (a, b) = (call.input(0)?, call.input(1)?);
    if a.rank() != 2 || b.rank() != 2 {
        let found = format!("shapes {} and {}", a.shape(), b.shape());
        return Err(call.refuse(found, "two matrices"));
    }
    let mut inputs = vec![a, b];
    inputs.extend(call.optional(2));
    let made = lowering.apply(&inputs, |g, w| {
        let a = if turn_a { products::turned(g, w[0])? } else { w[0] };
        let product = if turn_b { g.matmul_transposed(a, w[1])? } else { g.matmul(a, w[1])? };
        let scaled = if alpha == 1.0 { product } else { g.affine(product, alpha, 0.0)? };
        let Some(&c) = w.get(2) else { return Ok(scaled) };
        let c = if beta == 1.0 { c } else { g.affine(c, beta, 0.0)? };
        let shape = g.shape(scaled).clone();
        let sum = g.add(scaled, c)?;
        g.reshape(sum, shape)
    })?;
    Ok(vec![made])
}
