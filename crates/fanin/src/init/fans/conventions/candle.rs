//! `candle_nn::Init`.

use super::{Convention, torch};

/// As PyTorch.
pub static CANDLE: Convention = Convention {
    name: "candle",
    formula: "fan-in dims[1]·k, fan-out dims[0]·k",
    differs: "as torch; besides, its layers bound a convolution's bias by 1/√in, without kernel \
              and groups, and a transposed one's by 1/√(out·k), without groups",
    fans: |layer| Ok(torch::of(layer)),
};
