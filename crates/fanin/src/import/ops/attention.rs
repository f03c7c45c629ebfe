//! Scaled dot-product attention (Vaswani et al. 2017), with masks, groups of heads and soft caps.
//!
//! Key: B batch, h heads, Q queries, K keys, d features.

use fanin_engine::{Array, Graph, Result as EngineResult, Wire};

use crate::Result;
use crate::import::{Call, Lowering, Value};

use super::elementary::activation;
use super::{Import, products};

pub const IMPORT: Import = Import::new(&["Attention"], lower).floats(&[0, 1, 2, 4, 5]).attends();

/// What masked scores are: exp of it is 0, and a row of nothing else is even, not NaN.
const MASKED: f64 = -1e30;

/// x as (B, h, positions, d).
fn headed(
    call: &Call<'_, '_>,
    x: &Value,
    heads: &str,
    lowering: &mut Lowering<'_, '_>,
) -> Result<Value> {
    let &[batch, positions, wide] = x.axes() else {
        return match x.rank() {
            4 => Ok(x.clone()),
            _ => Err(call.refuse(format!("shape {}", x.shape()), "three or four axes")),
        };
    };
    let heads = usize::try_from(call.int(heads, 0)?).ok().filter(|h| *h > 0 && wide % h == 0);
    let heads = heads.ok_or_else(|| call.refuse("no such number of heads", "one that divides"))?;
    lowering.apply(&[x], |g, w| {
        let cut = g.reshape(w[0], [batch, positions, heads, wide / heads])?;
        g.transpose(cut, &[0, 2, 1, 3])
    })
}

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let flat = call.input(0)?.rank() == 3;
    let q = headed(call, call.input(0)?, "q_num_heads", lowering)?;
    let mut k = headed(call, call.input(1)?, "kv_num_heads", lowering)?;
    let mut v = headed(call, call.input(2)?, "kv_num_heads", lowering)?;
    for (past, now) in [(4, &mut k), (5, &mut v)] {
        if let Some(past) = call.optional(past) {
            *now = lowering.apply(&[past, now], |g, w| g.concat(w, 2))?;
        }
    }
    let past = call.optional(4).map_or(0, |past| past.axes()[2]);
    let present = [k.clone(), v.clone()];
    if call.optional(6).is_some() {
        return Err(call.refuse("lengths without padding", "a mask instead"));
    }
    let shown = call.int("qk_matmul_output_mode", 0)?;
    let (heads, groups) = (q.axes()[1], k.axes()[1]);
    if groups == 0 || heads % groups != 0 || v.axes()[1] != groups {
        let found = format!("{heads} heads of queries and {groups} of keys");
        return Err(call.refuse(found, "a multiple"));
    }
    let features = q.axes()[3];
    let scale = call.float("scale", 1.0 / (features as f64).sqrt())?;
    let softcap = call.float("softcap", 0.0)?;
    let causal = call.flag("is_causal")?;
    let mut inputs = vec![&q, &k, &v];
    let mask = match call.optional(3) {
        Some(mask) => Some(additive(mask, lowering)?),
        None => None,
    };
    let (queries, keys) = (q.axes()[2], k.axes()[2]);
    let triangle = if causal { Some(future(queries, keys, past, lowering)?) } else { None };
    inputs.extend(mask.iter().chain(&triangle));
    let made = lowering.apply_many(&inputs, |g, w| {
        let (k, v) = (repeated(g, w[1], heads)?, repeated(g, w[2], heads)?);
        let turned = products::turned(g, k)?;
        let scores = g.matmul(w[0], turned)?;
        let mut scores = g.affine(scores, scale, 0.0)?;
        let mut steps = vec![scores];
        for &mask in &w[3..] {
            scores = g.add(scores, mask)?;
        }
        let masked = scores;
        // Version 23 caps what is masked already.
        if softcap > 0.0 {
            let inner = g.affine(scores, 1.0 / softcap, 0.0)?;
            let tanh = g.activate(inner, &*activation("tanh", None))?;
            scores = g.affine(tanh, softcap, 0.0)?;
        }
        let shares = g.softmax(scores)?;
        steps.extend([masked, scores, shares]);
        let seen = steps[usize::try_from(shown).unwrap_or(0).min(3)];
        let y = g.matmul(shares, v)?;
        if !flat {
            return Ok(vec![y, seen]);
        }
        let &[batch, heads, queries, features] = g.shape(y).axes() else {
            unreachable!("attention of four axes")
        };
        let y = g.transpose(y, &[0, 2, 1, 3])?;
        Ok(vec![g.reshape(y, [batch, queries, heads * features])?, seen])
    })?;
    let [k, v] = present;
    let [made, seen] = <[Value; 2]>::try_from(made).expect("two wires were named");
    Ok(vec![made, k, v, seen])
}

/// Every head of keys or values as often as queries share it.
fn repeated(g: &mut Graph, x: Wire, heads: usize) -> EngineResult<Wire> {
    let &[batch, groups, positions, features] = g.shape(x).axes() else {
        unreachable!("four axes, as has been seen")
    };
    if groups == heads {
        return Ok(x);
    }
    let column = g.reshape(x, [batch, groups, 1, positions, features])?;
    let wide = g.broadcast_to(column, [batch, groups, heads / groups, positions, features])?;
    g.reshape(wide, [batch, heads, positions, features])
}

/// A mask as numbers to add: booleans say what is seen.
fn additive(mask: &Value, lowering: &mut Lowering<'_, '_>) -> Result<Value> {
    if mask.is_float() {
        return Ok(mask.clone());
    }
    lowering.apply(&[mask], |g, w| {
        let seen = g.truth(w[0])?;
        let seen = g.to_float(seen)?;
        g.affine(seen, -MASKED, MASKED)
    })
}

/// Hides keys after the query's own place.
fn future(
    queries: usize,
    keys: usize,
    past: usize,
    lowering: &mut Lowering<'_, '_>,
) -> Result<Value> {
    lowering.count(queries.saturating_mul(keys))?;
    let hidden = |i: usize| if i % keys > i / keys + past { MASKED } else { 0.0 };
    let data = (0..queries * keys).map(hidden).collect();
    Ok(Value::constant(Array::float([queries, keys], data)?))
}
