//! Batch normalization, by running statistics or by the batch's own.

use fanin_engine::compose::Statistics;

use crate::Result;
use crate::import::{BatchNorm, Call, Lowering, Value};

use super::{Import, Part};

pub const IMPORT: Import = Import::new(&["BatchNormalization"], lower)
    .settings(&[3, 4])
    .parameters(&[
        (1, Part::Gain),
        (2, Part::Shift),
        (3, Part::RunningMean),
        (4, Part::RunningVariance),
    ])
    .floats(&[0, 1, 2, 3, 4]);

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let epsilon = call.float("epsilon", 1e-5)?;
    let momentum = call.float("momentum", 0.9)?;
    // Up to version 13, a node trains that gives statistics; later one says so.
    let trains = call.flag("training_mode")? || call.opset < 14 && call.node.output(1).is_some();
    let batch = match lowering.options.batch_norm {
        BatchNorm::File => trains,
        BatchNorm::Batch => true,
        BatchNorm::Running => false,
    };
    let (x, gain, shift) = (call.input(0)?, call.input(1)?, call.input(2)?);
    let (mean, variance) = (call.input(3)?, call.input(4)?);
    if batch {
        let mut statistics = None;
        let made = lowering.apply_many(&[x, gain, shift, mean, variance], |g, w| {
            let (y, found) = g.batch_norm(w[0], w[1], w[2], epsilon)?;
            statistics = Some([found.mean, found.variance]);
            let mut moved = |old, new| {
                let (old, new) =
                    (g.affine(old, momentum, 0.0)?, g.affine(new, 1.0 - momentum, 0.0)?);
                g.add(old, new)
            };
            Ok(vec![y, moved(w[3], found.mean)?, moved(w[4], found.variance)?])
        })?;
        let count = x.elements() / gain.elements().max(1);
        for (value, batch) in [mean, variance].into_iter().zip(statistics.into_iter().flatten()) {
            lowering.track(value, batch, count);
        }
        return Ok(made);
    }
    let y = lowering.apply(&[x, gain, shift, mean, variance], |g, w| {
        let statistics = Statistics { mean: w[3], variance: w[4] };
        g.batch_norm_by(w[0], statistics, epsilon, w[1], w[2])
    })?;
    Ok(vec![y, mean.clone(), variance.clone()])
}
