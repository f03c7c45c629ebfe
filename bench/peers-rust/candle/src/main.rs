//! candle as a peer of `bench/training.py`.

use candle_core::{DType, Device, Tensor, Var};
use candle_nn::{Optimizer, ParamsAdamW};
use talk::{Array, Failure, Job};

fn main() -> Result<(), Failure> {
    let job = Job::read()?;
    if job.optimizer == "none" { one_convolution(&job) } else { steps(&job) }
}

fn tensor(array: Array) -> Result<Tensor, Failure> {
    Ok(Tensor::from_vec(array.numbers, array.shape, &Device::Cpu)?)
}

/// Weight and bias of each layer that has them.
fn weights(job: &Job) -> Result<Vec<Option<[Var; 2]>>, Failure> {
    let of_layer = |index| {
        if !["linear", "conv"].contains(&job.layer(index).0) {
            return Ok(None);
        }
        let weight = Var::from_tensor(&tensor(job.weight(&format!("{index}.weight"))?)?)?;
        let bias = Var::from_tensor(&tensor(job.weight(&format!("{index}.bias"))?)?)?;
        Ok(Some([weight, bias]))
    };
    (0..job.layers.len()).map(of_layer).collect()
}

fn convolve(x: &Tensor, [weight, bias]: &[Var; 2], pad: usize) -> candle_core::Result<Tensor> {
    x.conv2d(weight, pad, 1, 1, 1)?.broadcast_add(&bias.reshape((1, (), 1, 1))?)
}

fn forward(job: &Job, weights: &[Option<[Var; 2]>], x: &Tensor) -> Result<Tensor, Failure> {
    let mut x = x.clone();
    for (index, own) in weights.iter().enumerate() {
        let (kind, sizes) = job.layer(index);
        x = match (kind, own) {
            ("linear", Some([weight, bias])) => x.matmul(&weight.t()?)?.broadcast_add(bias)?,
            ("conv", Some(own)) => convolve(&x, own, sizes[3])?,
            ("max_pool", _) => x.max_pool2d(sizes[0])?,
            ("image", _) => x.reshape([&[x.dims()[0]], &sizes[..]].concat())?,
            ("flatten", _) => x.flatten_from(1)?,
            ("relu", _) => x.relu()?,
            ("tanh", _) => x.tanh()?,
            ("sigmoid", _) => candle_nn::ops::sigmoid(&x)?,
            _ => return Err(format!("candle has no {kind} here").into()),
        };
    }
    Ok(x)
}

/// SGD with momentum as PyTorch has it, which `candle_nn::SGD` lacks.
struct Momentum {
    parameters: Vec<Var>,
    velocities: Vec<Option<Tensor>>,
    learning_rate: f64,
    momentum: f64,
}

impl Momentum {
    fn step(&mut self, loss: &Tensor) -> Result<(), Failure> {
        let gradients = loss.backward()?;
        for (parameter, velocity) in self.parameters.iter().zip(&mut self.velocities) {
            let gradient = gradients.get(parameter).ok_or("a parameter without gradient")?;
            let next = match velocity.take() {
                Some(velocity) => ((velocity * self.momentum)? + gradient)?,
                None => gradient.clone(),
            };
            parameter.set(&(parameter.as_tensor() - (&next * self.learning_rate)?)?)?;
            *velocity = Some(next);
        }
        Ok(())
    }
}

fn steps(job: &Job) -> Result<(), Failure> {
    let weights = weights(job)?;
    let features = tensor(job.data("features")?)?;
    let labels: Vec<u32> = job.labels()?.iter().map(|&label| label as u32).collect();
    let count = labels.len() / job.batch;
    let labels = Tensor::new(labels, &Device::Cpu)?;
    let cut = |all: &Tensor, n: usize| all.narrow(0, n * job.batch, job.batch);
    let batches = (0..count)
        .map(|n| Ok((cut(&features, n)?, cut(&labels, n)?)))
        .collect::<candle_core::Result<Vec<_>>>()?;
    let parameters: Vec<Var> = weights.iter().flatten().flatten().cloned().collect();
    let loss_of = |number: usize| -> Result<Tensor, Failure> {
        let (x, y) = &batches[number % count];
        Ok(candle_nn::loss::cross_entropy(&forward(job, &weights, x)?, y)?)
    };
    let number_of = |loss: Tensor| Ok(f64::from(loss.to_dtype(DType::F32)?.to_scalar::<f32>()?));
    if job.optimizer == "sgd" {
        let velocities = vec![None; parameters.len()];
        let (learning_rate, momentum) = (job.learning_rate, job.momentum);
        let mut optimizer = Momentum { parameters, velocities, learning_rate, momentum };
        return job.serve(
            |number| {
                let loss = loss_of(number)?;
                optimizer.step(&loss)?;
                Ok(loss.detach())
            },
            number_of,
        );
    }
    let settings = ParamsAdamW { lr: job.learning_rate, weight_decay: 0.0, ..Default::default() };
    let mut optimizer = candle_nn::AdamW::new(parameters, settings)?;
    job.serve(
        |number| {
            let loss = loss_of(number)?;
            optimizer.backward_step(&loss)?;
            Ok(loss.detach())
        },
        number_of,
    )
}

fn one_convolution(job: &Job) -> Result<(), Failure> {
    let (_, image) = job.layer(0);
    let pad = job.layer(1).1[3];
    let features = tensor(job.data("features")?)?.reshape([&[job.batch], &image[..]].concat())?;
    let x = Var::from_tensor(&features)?;
    let own = weights(job)?.swap_remove(1).ok_or("expected a convolution")?;
    let shape = convolve(&x, &own, pad)?.shape().clone();
    let seed = tensor(job.data("targets")?)?.reshape(shape)?;
    job.serve_passes(
        || {
            let y = convolve(&x, &own, pad)?;
            // Derivatives of the sum of y times the gradient are the gradient's own.
            let gradients = (&y * &seed)?.sum_all()?.backward()?;
            let parts = [&x, &own[0], &own[1]].map(|v| gradients.get(v).cloned());
            Ok((y.detach(), parts))
        },
        |(y, parts)| {
            let all = std::iter::once(Some(y)).chain(parts);
            let numbers = |t: Option<Tensor>| -> Result<Vec<f32>, Failure> {
                Ok(t.ok_or("no gradient")?.flatten_all()?.to_vec1()?)
            };
            all.map(numbers).collect()
        },
    )
}
