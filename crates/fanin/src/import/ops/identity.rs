//! Values that pass on unchanged; dropout among them, which a start does not want.

use crate::Result;
use crate::formats::onnx::ElementType;
use crate::import::{Call, Lowering, Value};

use super::Import;

pub const IMPORT: Import =
    Import::new(&["Identity", "Dropout"], lower).settings(&[1, 2]).carries(&[0]);

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let x = call.input(0)?.clone();
    let mut made = vec![x.clone()];
    if call.node.output(1).is_some() {
        let kept = lowering.filled(x.shape().clone(), 1.0)?;
        let kept = lowering.apply(&[&kept], |g, w| g.to_integer(w[0]))?;
        made.push(kept.of(ElementType::Bool));
    }
    Ok(made)
}
