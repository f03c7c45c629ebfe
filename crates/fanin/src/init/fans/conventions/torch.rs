//! `torch.nn.init._calculate_fan_in_and_fan_out`.

use super::{Convention, Layer};
use crate::init::Fans;

/// (out, in / g, k…): the second axis, and the first, each times all after the second.
pub static TORCH: Convention = Convention {
    name: "torch",
    formula: "fan-in size(1)·k, fan-out size(0)·k",
    differs: "grouped: fan-out is g times too large (pytorch#23854); transposed convolution: the \
              two are exchanged; packed matrices count as one; experts count as a convolution; an \
              embedding has the features as fan-in",
    fans: |layer| Ok(of(layer)),
};

pub(super) fn of(layer: &Layer) -> Fans {
    let shape = layer.torch();
    let taps: usize = shape[2..].iter().product();
    Fans { fan_in: shape[1] * taps, fan_out: shape[0] * taps }
}
