//! JAX's initializers, on a CPU.

use fanin_engine::Tensor;

use super::rule::{self, Fan, Rule};
use super::{Library, needed};
use crate::error::Result;
use crate::init::like::jax::{Distribution as Form, Initializer, Key, Mode, VarianceScaling};
use crate::init::{Distribution, Matrix, Parameter};
use crate::weights::Weights;

/// `jax.nn.initializers`.
#[derive(Debug)]
pub struct Jax;

impl Library for Jax {
    fn name(&self) -> &'static str {
        "jax"
    }

    fn program(&self) -> &'static str {
        "keys = jax.random.split(jax.random.key(seed), n); for the i-th of n parameters that are \
         drawn, in order, biases included where the scheme draws them, \
         jax.nn.initializers.NAME()(keys[i], shape), outside jit; weights keep their names, \
         their shapes are (…kernel, in, out)"
    }

    fn exact(&self) -> &'static str {
        "all but orthogonal, which agrees to 1e-6; under jit the last bit may differ; it has no \
         layers, so a scheme is needed"
    }

    fn is_in_out(&self) -> bool {
        true
    }

    fn initialize(
        &self,
        parameters: &[Parameter],
        scheme: Option<&str>,
        seed: u64,
    ) -> Result<Weights> {
        let scheme = needed(self, scheme)?;
        let drawn =
            |parameter: &Parameter| parameter.role.is_matrix() || scheme.serves(parameter.role);
        let count = parameters.iter().filter(|p| drawn(p)).count() as u32;
        let mut keys = Key::new(seed as i64).split(count).into_iter();
        let mut weights = Weights::default();
        for parameter in parameters {
            let shape = transposed(parameter)?;
            let initializer = if drawn(parameter) {
                initializer(Rule::of(&*scheme, parameter)?, parameter)?
            } else {
                Initializer::Constant(parameter.role.start().unwrap_or(0.0))
            };
            let key = if drawn(parameter) { keys.next() } else { None };
            let values = initializer.values(key.unwrap_or(Key::new(0)), &shape)?;
            weights.tensors.push((parameter.name.clone(), Tensor::new(shape, values)?));
        }
        Ok(weights)
    }
}

/// The shape in which JAX, Keras and TensorFlow keep a parameter: (kernel…, in, out).
///
/// # Errors
/// For a weight that is no matrix.
pub fn transposed(parameter: &Parameter) -> Result<Vec<usize>> {
    let shape = parameter.shape.axes();
    if !matches!(parameter.role, crate::init::Role::Weight | crate::init::Role::Recurrent) {
        return Ok(shape.to_vec());
    }
    let matrix = Matrix::of(parameter)?;
    let kernel = parameter.axes.kernel(shape.len());
    let kernel = kernel.into_iter().map(|axis| shape[axis]);
    Ok(kernel.chain([matrix.columns / matrix.taps, matrix.rows]).collect())
}

fn initializer(rule: Rule, parameter: &Parameter) -> Result<Initializer> {
    Ok(match rule {
        Rule::Scaled { fan, gain, form } => {
            let mode = match fan {
                Fan::In => Mode::FanIn,
                Fan::Out => Mode::FanOut,
                Fan::Average => Mode::FanAverage,
            };
            let form = match form {
                rule::Form::Uniform => Form::Uniform,
                rule::Form::Normal | rule::Form::Truncated => Form::TruncatedNormal,
            };
            // The square of √2 is not 2, but JAX is told 2.
            let scale = f64::from((gain * gain) as f32);
            Initializer::VarianceScaling(VarianceScaling::new(scale, mode, form))
        }
        Rule::Sparse { .. } | Rule::Fixed => {
            let expected = "one of jax.nn.initializers";
            return Err(parameter.unfit("a scheme that JAX has not", expected));
        }
        Rule::Orthogonal(gain) => Initializer::Orthogonal { scale: gain, column_axis: -1 },
        Rule::Plain(Distribution::Constant(value)) => Initializer::Constant(value),
        Rule::Plain(Distribution::Normal { mean: 0.0, deviation }) => {
            Initializer::Normal { stddev: deviation }
        }
        Rule::Plain(Distribution::Uniform { low: 0.0, high }) => {
            Initializer::Uniform { scale: high }
        }
        Rule::Plain(Distribution::TruncatedNormal { mean: 0.0, uncut_deviation, low, high })
            if (low, high) == (-2.0, 2.0) =>
        {
            Initializer::TruncatedNormal { stddev: uncut_deviation }
        }
        Rule::Plain(other) => {
            let expected = "one of jax.nn.initializers: normal with mean 0, uniform from 0 on, a \
                            cut at two deviations, or a scheme that divides by a fan";
            return Err(parameter.unfit(format!("{other}"), expected));
        }
    })
}
