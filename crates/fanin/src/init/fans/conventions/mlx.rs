//! What MLX's layers and its `nn.init` take.

use super::Convention;
use crate::init::Fans;

/// (out, k…, in / g): all input channels, whatever the groups.
pub static MLX: Convention = Convention {
    name: "mlx",
    formula: "fan-in in·k, fan-out out·k",
    differs: "grouped: fan-in is g times too large, so weights are √g too narrow (mlx#4536)",
    fans: |layer| {
        let groups = if layer.is_transposed { 1 } else { layer.groups.max(1) };
        let taps = layer.taps();
        if layer.is_table {
            return Ok(Fans { fan_in: layer.output(), fan_out: layer.input() });
        }
        Ok(Fans { fan_in: layer.input() * groups * taps, fan_out: layer.output() * taps })
    },
};
