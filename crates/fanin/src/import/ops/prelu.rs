//! Rectifiers with a slope of their own for each channel.

use crate::Result;
use crate::import::{Call, Lowering, Value};

use super::elementary::activation;
use super::{Import, Part};

/// What the slopes of a fresh `PReLU` are in PyTorch.
const FRESH: &str = "leaky_relu:0.25";

pub const IMPORT: Import = Import::new(&["PRelu"], lower)
    .parameters(&[(1, Part::Slope)])
    .floats(&[0, 1])
    .activates(|_| Some(FRESH.to_owned()));

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let relu = activation("relu", None);
    let made = lowering.apply(&[call.input(0)?, call.input(1)?], |g, w| {
        // max(0, x) − slope · max(0, −x)
        let turned = g.affine(w[0], -1.0, 0.0)?;
        let (above, below) = (g.activate(w[0], &*relu)?, g.activate(turned, &*relu)?);
        let scaled = g.multiply(below, w[1])?;
        g.subtract(above, scaled)
    })?;
    Ok(vec![made])
}
