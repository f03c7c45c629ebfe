//! Names for the classes of a matrix of scores, as scikit-learn's exporter adds them: left out.

use crate::Result;
use crate::import::{Call, Lowering, Value};

use super::Import;

pub const IMPORT: Import = Import::new(&["ZipMap"], lower).domain("ai.onnx.ml").carries(&[0]);

fn lower(call: &Call<'_, '_>, _lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    Ok(vec![call.input(0)?.clone()])
}
