//! Dropout: on while a network is trained, where the file asks for training; off otherwise.

use fanin_engine::ops::Relation;

use crate::Result;
use crate::formats::onnx::ElementType;
use crate::import::{Call, Lowering, Value};

use super::Import;

pub const IMPORT: Import = Import::new(&["Dropout"], lower).settings(&[1, 2]).carries(&[0]);

/// The ratio of ONNX where a node has none.
const USUAL: f64 = 0.5;

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let rate = match call.optional(1) {
        Some(rate) => lowering.number(rate, "the ratio")?,
        None => call.float("ratio", USUAL)?,
    };
    if !(0.0..1.0).contains(&rate) {
        return Err(call.refuse(format!("ratio {rate}"), "0 or more, and less than 1"));
    }
    let asked = match call.optional(2) {
        Some(training) => lowering.number(training, "the training mode")? != 0.0,
        None => false,
    };
    let clock = if asked && rate > 0.0 && x.known().is_none() { lowering.clock() } else { None };
    let wants_mask = call.node.output(1).is_some_and(|name| !name.is_empty());
    let ones = if wants_mask { Some(lowering.filled(x.shape().clone(), 1.0)?) } else { None };
    let Some(clock) = clock else {
        let all = ones.map(|ones| lowering.apply(&[&ones], |g, w| g.to_integer(w[0])));
        let all = all.transpose()?.map(|all| all.of(ElementType::Bool));
        return Ok([x.clone()].into_iter().chain(all).collect());
    };
    let number = lowering.draws;
    lowering.draws += 1;
    let mut made = vec![lowering.apply(&[x], |g, w| g.dropout(w[0], clock, rate, number))?];
    if let Some(ones) = ones {
        // The same number draws the same places.
        let mask = lowering.apply(&[x, &ones], |g, w| {
            let kept = g.dropout(w[1], clock, rate, number)?;
            let zero = g.constant([], 0.0)?;
            g.compare(Relation::Greater, kept, zero)
        })?;
        made.push(mask.of(ElementType::Bool));
    }
    Ok(made)
}
