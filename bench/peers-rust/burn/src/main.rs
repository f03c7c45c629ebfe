//! burn as a peer of `bench/training.py`, by its backend `flex`.

mod network;

use burn::module::Param;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::optim::{AdamConfig, GradientsParams, SgdConfig, momentum::MomentumConfig};
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Int, Tensor, TensorData};
use network::Network;
use talk::{Failure, Job};

fn main() -> Result<(), Failure> {
    let job = Job::read()?;
    let device = Device::flex().autodiff();
    if job.optimizer == "none" { one_convolution(&job, &device) } else { steps(&job, &device) }
}

fn tensor<const D: usize>(numbers: Vec<f32>, shape: Vec<usize>, device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(numbers, shape), device)
}

fn steps(job: &Job, device: &Device) -> Result<(), Failure> {
    let mut network = Some(Network::new(job, device)?);
    let features = job.data("features")?;
    let columns = features.shape[1];
    let labels = job.labels()?;
    let rows = features.numbers.chunks_exact(job.batch * columns);
    let batches: Vec<(Tensor<2>, Tensor<1, Int>)> = rows
        .zip(labels.chunks_exact(job.batch))
        .map(|(x, y)| {
            let y: Vec<i32> = y.iter().map(|&label| label as i32).collect();
            let x = tensor(x.to_vec(), vec![job.batch, columns], device);
            (x, Tensor::from_data(TensorData::new(y, [job.batch]), device))
        })
        .collect();
    let loss_of = CrossEntropyLossConfig::new().init(device);
    let momentum = MomentumConfig::new().with_momentum(job.momentum).with_dampening(0.0);
    let mut optimizer = if job.optimizer == "sgd" {
        SgdConfig::new().with_momentum(Some(momentum)).init()
    } else {
        AdamConfig::new().with_epsilon(1e-8).init()
    };
    job.serve(
        |number| {
            let (x, y) = batches[number % batches.len()].clone();
            let own = network.take().ok_or("the network is in use")?;
            let loss = loss_of.forward(own.forward(x), y);
            let gradients = GradientsParams::from_grads(loss.backward(), &own);
            network = Some(optimizer.step(job.learning_rate, own, gradients));
            Ok(loss)
        },
        |loss| Ok(f64::from(loss.into_data().to_vec::<f32>().map_err(|e| format!("{e:?}"))?[0])),
    )
}

fn one_convolution(job: &Job, device: &Device) -> Result<(), Failure> {
    let (_, image) = job.layer(0);
    let (_, sizes) = job.layer(1);
    let of = |name: &str, shape: Option<Vec<usize>>| -> Result<(Vec<f32>, Vec<usize>), Failure> {
        let array = if shape.is_some() { job.data(name)? } else { job.weight(name)? };
        Ok((array.numbers, shape.unwrap_or(array.shape)))
    };
    let (numbers, shape) = of("features", Some([&[job.batch], &image[..]].concat()))?;
    let x: Tensor<4> = tensor(numbers, shape, device).require_grad();
    let (numbers, shape) = of("1.weight", None)?;
    let weight: Tensor<4> = tensor(numbers, shape, device).require_grad();
    let (numbers, shape) = of("1.bias", None)?;
    let bias: Tensor<1> = tensor(numbers, shape, device).require_grad();
    let (numbers, shape) = of("targets", Some(vec![job.batch, sizes[1], image[1], image[2]]))?;
    let seed: Tensor<4> = tensor(numbers, shape, device);
    let options = || ConvOptions::new([1, 1], [sizes[3]; 2], [1, 1], 1);
    job.serve_passes(
        || {
            let y = conv2d(x.clone(), weight.clone(), Some(bias.clone()), options());
            // Derivatives of the sum of y times the gradient are the gradient's own.
            let gradients = (y.clone() * seed.clone()).sum().backward();
            let missing = "a tensor without gradient";
            Ok((
                y,
                x.grad(&gradients).ok_or(missing)?,
                weight.grad(&gradients).ok_or(missing)?,
                bias.grad(&gradients).ok_or(missing)?,
            ))
        },
        |(y, x, weight, bias)| {
            let all = [y.into_data(), x.into_data(), weight.into_data(), bias.into_data()];
            let numbers = |d: TensorData| d.to_vec::<f32>().map_err(|e| format!("{e:?}").into());
            all.into_iter().map(numbers).collect()
        },
    )
}

/// A parameter of given numbers.
fn parameter<const D: usize>(
    job: &Job,
    name: &str,
    device: &Device,
) -> Result<Param<Tensor<D>>, Failure> {
    let array = job.weight(name)?;
    Ok(Param::from_tensor(tensor(array.numbers, array.shape, device)))
}
