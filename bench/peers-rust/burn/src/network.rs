//! The job's layers as a module of burn.

use burn::module::{Module, Param};
use burn::tensor::activation::{relu, sigmoid, tanh};
use burn::tensor::module::{conv2d, linear, max_pool2d};
use burn::tensor::ops::{ConvOptions, MaxPoolOptions};
use burn::tensor::{Device, Tensor};
use talk::{Failure, Job};

use crate::{parameter, tensor};

/// A fully connected layer; its weight is (in, out).
#[derive(Module, Debug)]
pub struct Linear {
    weight: Param<Tensor<2>>,
    bias: Param<Tensor<1>>,
}

/// A convolution.
#[derive(Module, Debug)]
pub struct Convolution {
    weight: Param<Tensor<4>>,
    bias: Param<Tensor<1>>,
}

/// What a job asks for.
#[derive(Module, Debug)]
pub struct Network {
    linear: Vec<Linear>,
    convolutions: Vec<Convolution>,
    #[module(skip)]
    kinds: Vec<String>,
    #[module(skip)]
    sizes: Vec<Vec<usize>>,
}

impl Network {
    pub fn new(job: &Job, device: &Device) -> Result<Self, Failure> {
        let (mut all_linear, mut convolutions) = (Vec::new(), Vec::new());
        let (mut kinds, mut all_sizes) = (Vec::new(), Vec::new());
        for index in 0..job.layers.len() {
            let (kind, sizes) = job.layer(index);
            let bias = format!("{index}.bias");
            if kind == "linear" {
                let array = job.weight(&format!("{index}.weight"))?;
                // One copy, so that the weight lies as (in, out).
                let turned: Vec<f32> = (0..sizes[0] * sizes[1])
                    .map(|i| array.numbers[i % sizes[1] * sizes[0] + i / sizes[1]])
                    .collect();
                let weight = Param::from_tensor(tensor(turned, vec![sizes[0], sizes[1]], device));
                all_linear.push(Linear { weight, bias: parameter(job, &bias, device)? });
            } else if kind == "conv" {
                let weight = parameter(job, &format!("{index}.weight"), device)?;
                convolutions.push(Convolution { weight, bias: parameter(job, &bias, device)? });
            }
            kinds.push(kind.to_owned());
            all_sizes.push(sizes);
        }
        Ok(Self { linear: all_linear, convolutions, kinds, sizes: all_sizes })
    }

    pub fn forward(&self, mut x: Tensor<2>) -> Tensor<2> {
        let (mut dense, mut convolutions) = (self.linear.iter(), self.convolutions.iter());
        let mut image: Option<Tensor<4>> = None;
        for (kind, sizes) in self.kinds.iter().zip(&self.sizes) {
            match &**kind {
                "linear" => {
                    let own = dense.next().expect("there are as many as kinds say");
                    x = linear(x, own.weight.val(), Some(own.bias.val()));
                }
                "image" => {
                    let rows = x.dims()[0];
                    image = Some(x.clone().reshape([rows, sizes[0], sizes[1], sizes[2]]));
                }
                "conv" => {
                    let own = convolutions.next().expect("there are as many as kinds say");
                    let options = ConvOptions::new([1, 1], [sizes[3]; 2], [1, 1], 1);
                    let (weight, bias) = (own.weight.val(), Some(own.bias.val()));
                    image = image.map(|image| conv2d(image, weight, bias, options));
                }
                "max_pool" => {
                    let kernel = [sizes[0]; 2];
                    let options = MaxPoolOptions {
                        kernel_size: kernel,
                        stride: kernel,
                        padding: [(0, 0); 2],
                        dilation: [1; 2],
                        ceil_mode: false,
                    };
                    image = image.map(|image| max_pool2d(image, options));
                }
                "flatten" => x = image.take().expect("an image is flattened").flatten(1, 3),
                _ if image.is_some() => image = image.map(|image| bend(kind, image)),
                _ => x = bend(kind, x),
            }
        }
        x
    }
}

fn bend<const D: usize>(kind: &str, x: Tensor<D>) -> Tensor<D> {
    match kind {
        "relu" => relu(x),
        "tanh" => tanh(x),
        _ => sigmoid(x),
    }
}
