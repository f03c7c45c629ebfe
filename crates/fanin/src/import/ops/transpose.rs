//! Axes in another order.

use crate::Result;
use crate::import::{Call, Lowering, Value};

use super::{Import, Move};

pub const IMPORT: Import = Import::new(&["Transpose"], lower).carries(&[0]).moves(Move::Permutes);

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let order = call.sizes("perm")?.unwrap_or_else(|| (0..x.rank()).rev().collect());
    Ok(vec![lowering.apply(&[x], |g, w| g.transpose(w[0], &order))?])
}
