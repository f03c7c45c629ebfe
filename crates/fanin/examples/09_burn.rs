//! Starting weights for burn layers. Run with `--features burn-flex`.

use burn_tensor::{Device, Tensor};
use fanin::init::{Parameter, fans::Axes, tensors::burn::data};

fn main() -> fanin::Result<()> {
    let device = Device::default();
    // burn keeps the weight of a linear layer as (in, out).
    let hidden =
        Parameter::weight("hidden.weight", [784, 256], Axes::keras(2))?.followed_by("relu");
    let weights = Tensor::<2>::from_data(data("he-normal", &hidden, 42)?, &device);
    let signal = Tensor::<2>::ones([1, 784], &device).matmul(weights);
    println!("signal: shape {:?}, mean {}", signal.dims(), signal.mean());
    Ok(())
}
