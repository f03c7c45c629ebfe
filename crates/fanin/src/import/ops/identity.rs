//! Values that pass on unchanged.

use crate::Result;
use crate::import::{Call, Lowering, Value};

use super::Import;

pub const IMPORT: Import = Import::new(&["Identity"], lower).carries(&[0]);

fn lower(call: &Call<'_, '_>, _lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    Ok(vec![call.input(0)?.clone()])
}
