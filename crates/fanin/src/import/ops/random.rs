//! Noise: off, which is its mean, or drawn once from the seed of the options.

use fanin_engine::Array;
use fanin_kernels::random::{Stream, fill_normal, fill_uniform};

use crate::Result;
use crate::formats::onnx::ElementType;
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
    let made = lowering.filled(axes, mean)?;
    let Noise::Seed(seed) = lowering.options.noise else { return Ok(vec![made]) };
    let stream = Stream::new(seed, &format!("noise {}", lowering.draws));
    lowering.draws += 1;
    let mut drawn = vec![0.0_f32; made.elements()];
    if normal {
        fill_normal(stream, 0, a, b, &mut drawn);
    } else {
        fill_uniform(stream, 0, a as f32, b as f32, &mut drawn);
    }
    let data = drawn.into_iter().map(f64::from).collect();
    let array = Array::float(made.shape().clone(), data)?;
    Ok(vec![Value::constant(array).of(ElementType::F32)])
}
