//! A start mended for a burn module, which keeps linear layers as (in, out). Run with
//! `--features burn-flex`.

use burn_tensor::{Device, Tensor, TensorData};
use fanin::recommend::Options;
use fanin::spec::Spec;
use fanin::weights::Weights;

/// Layers of the module; activations stand between them.
const LAYERS: usize = 20;

/// What `nn::Linear` keeps as its weight: the transpose of (out, in).
fn weight(weights: &Weights, layer: usize, device: &Device) -> Tensor<2> {
    let tensor = weights.get(&format!("{}.weight", 2 * layer)).expect("the text names every layer");
    let axes = [tensor.shape().axes()[0], tensor.shape().axes()[1]];
    Tensor::from_data(TensorData::new(tensor.data().to_vec(), axes), device).transpose()
}

/// The mean square of the last hidden layer for inputs of ones, which a sound start keeps.
fn signal(weights: &Weights) -> String {
    let device = Device::default();
    let mut x = Tensor::<2>::ones([1, 64], &device);
    for layer in 0..LAYERS {
        x = x.matmul(weight(weights, layer, &device)).tanh();
    }
    x.clone().mul(x).mean().to_string()
}

fn main() -> fanin::Result<()> {
    let model = format!("64 -> {LAYERS}x64 tanh -> 10").parse()?;
    let mut spec = Spec { model, ..Spec::default() };
    "burn-default".clone_into(&mut spec.init.scheme);
    let (data, model) = fanin::open_or_stand_in(&mut spec)?;
    let weights = fanin::initialize(&spec, &model, 0)?;
    let repair = fanin::recommend(&spec, &model, &weights, &data, &Options::default())?;
    println!("before: {}\n{}", repair.before.forecast, signal(&weights));
    if let Some(found) = &repair.recommendation {
        println!("after: {}\n{}", repair.result().forecast, signal(&found.weights));
    }
    Ok(())
}
