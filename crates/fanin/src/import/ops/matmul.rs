//! Matrix products.

use crate::Result;
use crate::import::{Call, Lowering, Value};

use super::{Import, Part};

pub const IMPORT: Import = Import::new(&["MatMul"], lower)
    .parameters(&[(0, Part::Left), (1, Part::Right)])
    .floats(&[0, 1]);

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let (a, b) = (call.input(0)?, call.input(1)?);
    if a.rank() == 0 || b.rank() == 0 {
        return Err(call.refuse("a scalar", "one axis or more on both sides"));
    }
    let (row, column) = (a.rank() == 1, b.rank() == 1);
    let made = lowering.apply(&[a, b], |g, w| {
        let (mut a, mut b) = (w[0], w[1]);
        if row {
            a = g.reshape(a, [1, g.shape(a).elements()])?;
        }
        if column {
            b = g.reshape(b, [g.shape(b).elements(), 1])?;
        }
        let product = g.matmul(a, b)?;
        let mut axes = g.shape(product).axes().to_vec();
        if column {
            axes.pop();
        }
        if row {
            axes.remove(axes.len() - usize::from(!column) - 1);
        }
        if row || column { g.reshape(product, axes) } else { Ok(product) }
    })?;
    Ok(vec![made])
}
