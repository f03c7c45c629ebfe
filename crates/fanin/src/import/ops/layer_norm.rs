//! Normalization over trailing axes: by mean and variance, or by the mean square.

use crate::Result;
use crate::import::{Call, Lowering, Value};

use super::{Import, Part};

pub const IMPORT: Import =
    Import::new(&["LayerNormalization", "RMSNormalization", "SimplifiedLayerNormalization"], lower)
        .parameters(&[(1, Part::Gain), (2, Part::Shift)])
        .floats(&[0, 1, 2]);

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let axis = call.axis(call.int("axis", -1)?, x.rank())?;
    let epsilon = call.float("epsilon", f64::from(1e-5_f32))?;
    let centered = call.node.op_type == "LayerNormalization";
    let mut inputs = vec![x, call.input(1)?];
    inputs.extend(call.optional(2));
    let made = lowering.apply(&inputs, |g, w| {
        let shape = g.shape(w[0]).clone();
        let inner: usize = shape.axes()[axis..].iter().product();
        let rows = g.reshape(w[0], [1, shape.elements() / inner.max(1), inner])?;
        let unit = if centered {
            g.standardize(rows, epsilon)?.elements
        } else {
            g.standardize_square(rows, epsilon)?
        };
        let unit = g.reshape(unit, shape)?;
        let scaled = g.multiply(unit, w[1])?;
        match w.get(2) {
            Some(&shift) => g.add(scaled, shift),
            None => Ok(scaled),
        }
    })?;
    let mut outputs = vec![made];
    if call.node.output(1).is_some() || call.node.output(2).is_some() {
        outputs.extend(statistics(x, axis, epsilon, lowering)?);
    }
    Ok(outputs)
}

/// Mean, and 1 over the standard deviation, over the axes from `axis` on.
fn statistics(
    x: &Value,
    axis: usize,
    epsilon: f64,
    lowering: &mut Lowering<'_, '_>,
) -> Result<Vec<Value>> {
    let mut shape = x.axes().to_vec();
    shape[axis..].fill(1);
    lowering.apply_many(&[x], |g, w| {
        let found = g.statistics(w[0], shape)?;
        let safe = g.affine(found.variance, 1.0, epsilon)?;
        Ok(vec![found.mean, g.reciprocal_sqrt(safe)?])
    })
}
