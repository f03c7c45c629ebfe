//! TensorFlow's stateless random numbers, on a CPU.

use fanin_engine::Tensor;

use super::jax::transposed;
use super::{Library, needed};
use crate::error::Result;
use crate::init::like::tensorflow::{Seed, fill_normal, fill_truncated_normal, fill_uniform};
use crate::init::{Distribution, Parameter};
use crate::weights::Weights;

/// `tf.random.stateless_*`.
#[derive(Debug)]
pub struct TensorFlow;

impl Library for TensorFlow {
    fn name(&self) -> &'static str {
        "tensorflow"
    }

    fn program(&self) -> &'static str {
        "for the i-th parameter that is drawn, in order, biases included where the scheme draws \
         them, tf.random.stateless_normal(shape, seed=[seed, i], stddev=std), stateless_uniform or \
         stateless_truncated_normal; weights keep their names, their shapes are (…kernel, in, out)"
    }

    fn exact(&self) -> &'static str {
        "uniform; normal and truncated normal on glibc; it has no layers, so a scheme is needed"
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
        let mut weights = Weights::default();
        let mut index = 0;
        for parameter in parameters {
            let mut out = parameter.filled(0.0_f32)?;
            let is_drawn = parameter.role.is_matrix() || scheme.serves(parameter.role);
            let distribution = if is_drawn {
                scheme.distribution(parameter)?
            } else {
                Distribution::Constant(parameter.role.start().unwrap_or(0.0))
            };
            let pair = Seed([seed as i64, index]);
            match distribution {
                Distribution::Constant(value) => out.fill(value as f32),
                Distribution::Uniform { low, high } => {
                    fill_uniform(pair, low as f32, high as f32, &mut out);
                }
                Distribution::Normal { mean, deviation } => {
                    fill_normal(pair, mean as f32, deviation as f32, &mut out);
                }
                Distribution::TruncatedNormal { mean, uncut_deviation, low, high }
                    if (low, high) == (-2.0, 2.0) =>
                {
                    fill_truncated_normal(pair, mean as f32, uncut_deviation as f32, &mut out);
                }
                _ => {
                    let found = format!("scheme {}, which TensorFlow has not", scheme.label());
                    let expected = "a normal or uniform one, or a cut at two deviations";
                    return Err(parameter.unfit(found, expected));
                }
            }
            index += i64::from(is_drawn);
            weights
                .tensors
                .push((parameter.name.clone(), Tensor::new(transposed(parameter)?, out)?));
        }
        Ok(weights)
    }
}
