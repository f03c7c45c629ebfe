//! Rotary position embedding (Su et al. 2021).

use fanin_engine::ops::{Addressing, Span};

use crate::Result;
use crate::import::{Call, Lowering, Value};

use super::Import;

pub const IMPORT: Import =
    Import::new(&["RotaryEmbedding"], lower).settings(&[1, 2, 3]).floats(&[0, 1, 2]);

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let mut tables = vec![call.input(1)?.clone(), call.input(2)?.clone()];
    if let Some(places) = call.optional(3) {
        for table in &mut tables {
            *table = lowering
                .apply(&[table, places], |g, w| g.gather_by(Addressing::Along(0), w[0], w[1]))?;
        }
    }
    let interleaved = call.flag("interleaved")?;
    // Positions before heads: (batch, positions, heads, features).
    let (turned, shape) = match *x.axes() {
        [b, h, s, d] => (true, [b, s, h, d]),
        [b, s, wide] => {
            let heads = usize::try_from(call.int("num_heads", 0)?).unwrap_or(0);
            if heads == 0 || wide % heads != 0 {
                return Err(call.refuse(format!("{heads} heads"), "heads that divide the features"));
            }
            (false, [b, s, heads, wide / heads])
        }
        _ => return Err(call.refuse(format!("shape {}", x.shape()), "three or four axes")),
    };
    let rotated = match usize::try_from(call.int("rotary_embedding_dim", 0)?).unwrap_or(0) {
        0 => shape[3],
        some => some,
    };
    let half = rotated / 2;
    if half == 0 || rotated > shape[3] || tables.iter().any(|t| t.elements() % half != 0) {
        return Err(call.refuse(format!("{rotated} features to rotate"), "at most all"));
    }
    let original = x.axes().to_vec();
    let made = lowering.apply(&[x, &tables[0], &tables[1]], |g, w| {
        let x = if turned { g.transpose(w[0], &[0, 2, 1, 3])? } else { g.reshape(w[0], shape)? };
        let mut row = g.shape(w[1]).axes().to_vec();
        row.insert(row.len() - 1, 1);
        let (cosine, sine) = (g.reshape(w[1], row.clone())?, g.reshape(w[2], row)?);
        let span = |start: usize| {
            if interleaved {
                Span { start, step: 2, count: half }
            } else {
                Span::neighbors(start * half, half)
            }
        };
        let (a, b) = (g.slice_axis(x, 3, span(0))?, g.slice_axis(x, 3, span(1))?);
        let (ac, bs) = (g.multiply(a, cosine)?, g.multiply(b, sine)?);
        let (bc, as_) = (g.multiply(b, cosine)?, g.multiply(a, sine)?);
        let (real, imaginary) = (g.subtract(ac, bs)?, g.add(bc, as_)?);
        let mut parts = if interleaved {
            let column = [shape[0], shape[1], shape[2], half, 1];
            let (real, imaginary) = (g.reshape(real, column)?, g.reshape(imaginary, column)?);
            let pairs = g.concat(&[real, imaginary], 4)?;
            vec![g.reshape(pairs, [shape[0], shape[1], shape[2], rotated])?]
        } else {
            vec![real, imaginary]
        };
        if rotated < shape[3] {
            parts.push(g.slice_axis(x, 3, Span::neighbors(rotated, shape[3] - rotated))?);
        }
        let y = g.concat(&parts, 3)?;
        if turned { g.transpose(y, &[0, 2, 1, 3]) } else { g.reshape(y, original) }
    })?;
    Ok(vec![made])
}
