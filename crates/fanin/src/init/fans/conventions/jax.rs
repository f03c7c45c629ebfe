//! `jax.nn.initializers`, as Flax's layers call them.

use super::Convention;
use crate::init::Fans;

/// (k…, in / g, out) with declared axes: the one library that leaves a batch out.
pub static JAX: Convention = Convention {
    name: "jax",
    formula: "fan-in in·k, fan-out out·k, by in_axis, out_axis and batch_axis",
    differs: "grouped: fan-out is g times too large; an embedding has the features as both fans",
    fans: |layer| {
        if layer.is_table {
            let features = layer.output();
            return Ok(Fans { fan_in: features, fan_out: features });
        }
        let taps = layer.taps();
        Ok(Fans { fan_in: layer.input() * taps, fan_out: layer.output() * taps })
    },
};
