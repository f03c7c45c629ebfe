//! Channels laid out as positions, and back.

use crate::Result;
use crate::import::{Call, Lowering, Value};

use super::Import;

pub const IMPORT: Import = Import::new(&["DepthToSpace", "SpaceToDepth"], lower).carries(&[0]);

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let block = usize::try_from(call.int("blocksize", 0)?).unwrap_or(0);
    let deep = call.node.op_type == "DepthToSpace";
    let [batch, channels, height, width] = *x.axes() else {
        return Err(call.refuse(format!("shape {}", x.shape()), "four axes"));
    };
    let fits = match block.checked_mul(block) {
        Some(0) | None => false,
        Some(area) if deep => channels % area == 0,
        Some(_) => height % block == 0 && width % block == 0,
    };
    if !fits {
        let found = format!("blocks of {block} in shape {}", x.shape());
        return Err(call.refuse(found, "blocks that divide it"));
    }
    let rows_first = call.text("mode", "DCR")? == "CRD";
    let made = lowering.apply(&[x], |g, w| {
        if !deep {
            let (rows, columns) = (height / block, width / block);
            let cut = g.reshape(w[0], [batch, channels, rows, block, columns, block])?;
            let moved = g.transpose(cut, &[0, 3, 5, 1, 2, 4])?;
            return g.reshape(moved, [batch, channels * block * block, rows, columns]);
        }
        let inner = channels / (block * block);
        let (cut, order) = if rows_first {
            (g.reshape(w[0], [batch, inner, block, block, height, width])?, [0, 1, 4, 2, 5, 3])
        } else {
            (g.reshape(w[0], [batch, block, block, inner, height, width])?, [0, 3, 4, 1, 5, 2])
        };
        let moved = g.transpose(cut, &order)?;
        g.reshape(moved, [batch, inner, height * block, width * block])
    })?;
    Ok(vec![made])
}
