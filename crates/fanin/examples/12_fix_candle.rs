//! A start mended for a candle model, which names its tensors as PyTorch does. Run with
//! `--features candle`.

use candle_core::{D, Device, Tensor};
use fanin::recommend::Options;
use fanin::spec::Spec;
use fanin::weights::Weights;

/// Layers of the model; the modules of activations stand between them.
const LAYERS: usize = 20;

/// The tensor called `name`, as candle has it.
fn tensor(weights: &Weights, name: &str) -> candle_core::Result<Tensor> {
    let tensor = weights.get(name).expect("the text names every layer");
    Tensor::from_vec(tensor.data().to_vec(), tensor.shape().axes(), &Device::Cpu)
}

/// The mean square of the last hidden layer, which a sound start keeps.
fn signal(weights: &Weights) -> candle_core::Result<f32> {
    let mut x = Tensor::randn(0_f32, 1.0, (256, 64), &Device::Cpu)?;
    for layer in 0..LAYERS {
        let w = tensor(weights, &format!("{}.weight", 2 * layer))?;
        let b = tensor(weights, &format!("{}.bias", 2 * layer))?;
        x = x.matmul(&w.t()?)?.broadcast_add(&b)?.tanh()?;
    }
    x.sqr()?.mean_keepdim(D::Minus1)?.mean_all()?.to_scalar()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let model = format!("64 -> {LAYERS}x64 tanh -> 10").parse()?;
    let mut spec = Spec { model, ..Spec::default() };
    // candle's own default for a linear layer.
    "candle-default".clone_into(&mut spec.init.scheme);
    let (data, model) = fanin::open_or_stand_in(&mut spec)?;
    let weights = fanin::initialize(&spec, &model, 0)?;
    let repair = fanin::recommend(&spec, &model, &weights, &data, &Options::default())?;
    println!("before: {}, signal {:.1e}", repair.before.forecast, signal(&weights)?);
    if let Some(found) = &repair.recommendation {
        println!("after: {}, signal {:.1e}", repair.result().forecast, signal(&found.weights)?);
    }
    Ok(())
}
