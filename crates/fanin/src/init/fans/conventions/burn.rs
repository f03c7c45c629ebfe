//! What burn's layers hand to its `Initializer`.

use super::Convention;
use crate::init::Fans;

/// Fans that the layer passes, not the shape.
pub static BURN: Convention = Convention {
    name: "burn",
    formula: "linear: in, out; convolution: in/g·k, out/g·k; transposed: out/g·k, none",
    differs: "transposed convolution: fan-in counts outputs, and without a fan-out Xavier panics; \
              a linear layer of layout Col is given its two fans exchanged",
    fans: |layer| {
        let taps = layer.taps();
        if layer.is_transposed {
            return Ok(Fans { fan_in: layer.output() * taps, fan_out: 0 });
        }
        let fan_out = layer.output() / layer.groups.max(1) * taps;
        Ok(Fans { fan_in: layer.input() * taps, fan_out })
    },
};
