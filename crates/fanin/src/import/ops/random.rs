//! Noise: off, which is its mean, or drawn once from the seed of the options.

use fanin_engine::ops::{Law, Seed};

use crate::Result;
use crate::import::{Call, Lowering, Noise, Value};

use super::Import;

pub const IMPORT: Import = Import::new(
    &["RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Bernoulli"],
    lower,
);

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let name = call.node.op_type;
    if name == "Bernoulli" {
        return Err(call
            .refuse("a random choice", "a model without it; try `fanin run --output-name NAME`"));
    }
    let axes = match call.optional(0) {
        Some(like) => like.axes().to_vec(),
        None => call.sizes("shape")?.ok_or_else(|| call.refuse("no shape", "one"))?,
    };
    let normal = name.starts_with("RandomNormal");
    let (first, second) = if normal { ("mean", "scale") } else { ("low", "high") };
    let (a, b) = (call.float(first, 0.0)?, call.float(second, 1.0)?);
    let mean = if normal { a } else { f64::midpoint(a, b) };
    let Noise::Seed(seed) = lowering.options.noise else {
        return Ok(vec![lowering.filled(axes, mean)?]);
    };
    let law = if normal {
        Law::Normal { mean: a, deviation: b }
    } else {
        Law::Uniform { low: a as f32, high: b as f32 }
    };
    let number = lowering.draws;
    lowering.draws += 1;
    let made = lowering.apply(&[], |g, _| g.noise(axes, law, Seed::Fixed(seed), number))?;
    Ok(vec![made])
}
