//! `keras.initializers.compute_fans`.

use super::Convention;
use crate::init::Fans;

/// (k…, in / g, out): the last axis but one, and the last, each times all before them.
pub static KERAS: Convention = Convention {
    name: "keras",
    formula: "fan-in shape[-2]·k, fan-out shape[-1]·k",
    differs: "grouped: fan-out is g times too large; depthwise kernels (k…, in, multiplier) have \
              fan-in in·k (keras#11773); transposed convolution: the two are exchanged; an \
              embedding has the rows as fan-in; heads count as inputs or taps (until keras#22789)",
    fans: |layer| {
        let shape = layer.keras();
        let [taps @ .., input, output] = shape.as_slice() else {
            return Err("two axes or more");
        };
        let taps: usize = taps.iter().product();
        Ok(Fans { fan_in: input * taps, fan_out: output * taps })
    },
};
