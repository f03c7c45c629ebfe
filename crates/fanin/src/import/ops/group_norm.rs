//! Normalization of groups of channels, each image for itself.

use crate::Result;
use crate::import::{Call, Lowering, Value};

use super::{Import, Part};

pub const IMPORT: Import = Import::new(&["GroupNormalization", "InstanceNormalization"], lower)
    .parameters(&[(1, Part::Gain), (2, Part::Shift)])
    .floats(&[0, 1, 2]);

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let inputs = [call.input(0)?, call.input(1)?, call.input(2)?];
    let epsilon = call.float("epsilon", f64::from(1e-5_f32))?;
    let channels = inputs[0].axes().get(1).copied().unwrap_or(0);
    let groups = if call.node.op_type == "InstanceNormalization" {
        channels
    } else {
        usize::try_from(call.int("num_groups", 0)?).unwrap_or(0)
    };
    if groups == 0 || channels % groups != 0 {
        let found = format!("{groups} groups of {channels} channels");
        return Err(call.refuse(found, "groups that divide the channels"));
    }
    let made = lowering.apply(&inputs, |g, w| {
        let spread = |g: &mut fanin_engine::Graph, by| {
            // Version 18 gives one gain for each group, version 21 one for each channel.
            let given = g.shape(by).elements();
            if given == channels || given != groups {
                return Ok(by);
            }
            let column = g.reshape(by, [groups, 1])?;
            let wide = g.broadcast_to(column, [groups, channels / groups])?;
            g.reshape(wide, [channels])
        };
        let (gain, shift) = (spread(g, w[1])?, spread(g, w[2])?);
        g.group_norm(w[0], groups, gain, shift, epsilon)
    })?;
    Ok(vec![made])
}
