//! Sequences turned around, each up to its own length.

use crate::Result;
use crate::import::{Call, Lowering, Value};

use super::Import;

pub const IMPORT: Import = Import::new(&["ReverseSequence"], lower).settings(&[1]);

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let (x, lengths) = (call.input(0)?, call.input(1)?);
    let time = call.axis(call.int("time_axis", 0)?, x.rank())?;
    let batch = call.axis(call.int("batch_axis", 1)?, x.rank())?;
    let made = lowering.apply(&[x, lengths], |g, w| g.reverse_sequence(w[0], w[1], time, batch))?;
    Ok(vec![made])
}
