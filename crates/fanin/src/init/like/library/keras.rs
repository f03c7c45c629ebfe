//! Keras' layers, by the library on which it runs.

use super::modules::{Kind, modules};
use super::rule::{self, Fan, Rule};
use super::{Library, keras_names};
use crate::error::{Error, Result};
use crate::init::like::keras::{
    self, Backend, Distribution as Form, Initializer, Layer, Mode, Order, model,
};
use crate::init::{Distribution, Parameter, Scheme, find};
use crate::weights::Weights;

/// Keras on one of its backends.
#[derive(Debug)]
pub struct Keras {
    name: &'static str,
    backend: Backend,
}

/// Keras on TensorFlow.
pub const TENSORFLOW: Keras = Keras { name: "keras:tensorflow", backend: Backend::TensorFlow };
/// Keras on JAX.
pub const JAX: Keras = Keras { name: "keras:jax", backend: Backend::Jax };
/// Keras on PyTorch.
pub const TORCH: Keras = Keras { name: "keras:torch", backend: Backend::Torch };
/// Keras on NumPy.
pub const NUMPY: Keras = Keras { name: "keras:numpy", backend: Backend::Numpy };

impl Library for Keras {
    fn name(&self) -> &'static str {
        self.name
    }

    fn program(&self) -> &'static str {
        "keras.utils.set_random_seed(seed); keras.Sequential of these layers, or with attention \
         each called before the next is made; each with kernel_initializer=NAME if a scheme is \
         given; no Dropout layers, which take seeds and have no parameters"
    }

    fn exact(&self) -> &'static str {
        "all but orthogonal, as recurrent kernels are, which agrees to 2e-6"
    }

    fn initialize(
        &self,
        parameters: &[Parameter],
        scheme: Option<&str>,
        seed: u64,
    ) -> Result<Weights> {
        let seed = u32::try_from(seed).map_err(|_| Error::Setting {
            place: format!("--like {}", self.name),
            found: format!("seed {seed}"),
            expected: "a seed below 2^32, as set_random_seed takes".to_owned(),
        })?;
        let scheme = scheme.map(find).transpose()?;
        if keras_names::are_those_of_keras(parameters) {
            return self.by_names(parameters, scheme.as_deref(), seed);
        }
        let mut counts = std::collections::HashMap::<&str, usize>::new();
        let mut layers = Vec::new();
        for module in modules(parameters)? {
            let (name, kind) = layer(module.kind);
            let count = counts.entry(name).or_default();
            let numbered = if *count == 0 { name.to_owned() } else { format!("{name}_{count}") };
            *count += 1;
            let matrix = module.parameters.iter().find(|p| p.role.is_matrix());
            let kernel_initializer = match (&scheme, matrix) {
                (Some(scheme), Some(matrix)) => Some(initializer(&**scheme, matrix)?),
                _ => None,
            };
            layers.push(Layer { name: numbered, kind, kernel_initializer });
        }
        model(self.backend, seed, Order::ConstructFirst, &layers)
    }
}

impl Keras {
    /// A model whose parameters have Keras' own names and shapes.
    fn by_names(
        &self,
        parameters: &[Parameter],
        scheme: Option<&dyn Scheme>,
        seed: u32,
    ) -> Result<Weights> {
        let mut layers = Vec::new();
        for (name, kind, group) in keras_names::layers(parameters)? {
            let matrix = group.iter().find(|p| p.role.is_matrix());
            let kernel_initializer = match (scheme, matrix) {
                (Some(scheme), Some(matrix)) => Some(initializer(scheme, matrix)?),
                _ => None,
            };
            layers.push(Layer { name: name.to_owned(), kind, kernel_initializer });
        }
        let attends = |layer: &Layer| matches!(layer.kind, keras::Kind::MultiHeadAttention { .. });
        let order =
            if layers.iter().any(attends) { Order::BuildAtOnce } else { Order::ConstructFirst };
        let weights = model(self.backend, seed, order, &layers)?;
        for parameter in parameters {
            let made = weights.get(&parameter.name).map(|tensor| tensor.shape().clone());
            if made.as_ref() != Some(&parameter.shape) {
                let found = format!("shape {}", parameter.shape);
                let expected = made
                    .map_or("a name that its layer has in Keras".to_owned(), |shape| {
                        format!("shape {shape}, as its layer has in Keras")
                    });
                return Err(parameter.unfit(found, expected));
            }
        }
        Ok(weights)
    }
}

/// A layer as Keras names and describes it.
fn layer(kind: Kind) -> (&'static str, keras::Kind) {
    match kind {
        Kind::Weighted { kernel, inputs, outputs, bias, .. } if kernel.is_empty() => {
            ("dense", keras::Kind::Dense { inputs, units: outputs, bias })
        }
        Kind::Weighted { kernel, inputs, outputs, bias, is_transposed: true, .. } => {
            let names = ["conv1d_transpose", "conv2d_transpose", "conv3d_transpose"];
            let name = names[kernel.len().min(3) - 1];
            (name, keras::Kind::ConvTranspose { kernel, inputs, filters: outputs, bias })
        }
        Kind::Weighted { kernel, inputs, outputs, groups, bias, .. } => {
            let name = ["conv1d", "conv2d", "conv3d"][kernel.len().min(3) - 1];
            (name, keras::Kind::Conv { kernel, inputs, filters: outputs, groups, bias })
        }
        Kind::Embedding { rows, features } => {
            ("embedding", keras::Kind::Embedding { inputs: rows, outputs: features })
        }
        Kind::Norm { features, is_batch: true, .. } => {
            ("batch_normalization", keras::Kind::BatchNormalization { features })
        }
        Kind::Norm { features, .. } => {
            ("layer_normalization", keras::Kind::LayerNormalization { features })
        }
    }
}

fn initializer(scheme: &dyn Scheme, parameter: &Parameter) -> Result<Initializer> {
    Ok(match Rule::of(scheme, parameter)? {
        Rule::Scaled { fan, gain, form } => {
            let mode = match fan {
                Fan::In => Mode::FanIn,
                Fan::Out => Mode::FanOut,
                Fan::Average => Mode::FanAverage,
            };
            let distribution = match form {
                rule::Form::Uniform => Form::Uniform,
                rule::Form::Normal | rule::Form::Truncated => Form::TruncatedNormal,
            };
            // The square of √2 is not 2, but Keras is told 2.
            let scale = f64::from((gain * gain) as f32);
            Initializer::VarianceScaling { scale, mode, distribution }
        }
        Rule::Sparse { .. } | Rule::Fixed => {
            let found = format!("scheme {}", scheme.facts().name);
            return Err(parameter.unfit(found, "one of keras.initializers that draws"));
        }
        Rule::Orthogonal(gain) => Initializer::Orthogonal { gain },
        Rule::Plain(Distribution::Constant(value)) => Initializer::Constant(value),
        Rule::Plain(Distribution::Uniform { low, high }) => {
            Initializer::RandomUniform { low, high }
        }
        Rule::Plain(Distribution::Normal { mean, deviation }) => {
            Initializer::RandomNormal { mean, stddev: deviation }
        }
        Rule::Plain(Distribution::TruncatedNormal { mean, uncut_deviation, low, high })
            if (low, high) == (-2.0, 2.0) =>
        {
            Initializer::TruncatedNormal { mean, stddev: uncut_deviation }
        }
        Rule::Plain(other) => {
            let expected = "one of keras.initializers";
            return Err(parameter.unfit(format!("{other}"), expected));
        }
    })
}
