//! One of two values by a condition, element by element.

use crate::Result;
use crate::import::{Call, Lowering, Value};

use super::Import;

pub const IMPORT: Import = Import::new(&["Where"], lower).carries(&[1, 2]).meets().places();

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let inputs = [call.input(0)?, call.input(1)?, call.input(2)?];
    let element = inputs[1].element;
    let made = lowering.apply(&inputs, |g, w| g.choose(w[0], w[1], w[2]))?;
    Ok(vec![made.of(element)])
}
