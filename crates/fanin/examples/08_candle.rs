//! Starting weights for candle layers. Run with `--features candle`.

use candle_core::{Device, Tensor};
use fanin::init::{Parameter, tensors::candle::tensor};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let device = Device::Cpu;
    let hidden = Parameter::linear("hidden.weight", 256, 784).followed_by("relu");
    let weights = tensor("he-normal", &hidden, 42, &device)?;
    let input = Tensor::ones((1, 784), candle_core::DType::F32, &device)?;
    let signal = input.matmul(&weights.t()?)?.relu()?;
    println!("signal: shape {:?}, second moment {}", signal.dims(), signal.sqr()?.mean_all()?);
    Ok(())
}
