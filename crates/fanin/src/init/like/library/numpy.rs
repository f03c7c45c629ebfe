//! NumPy's `Generator`.

use fanin_engine::Tensor;

use super::{Library, needed};
use crate::error::Result;
use crate::init::like::numpy::Generator;
use crate::init::{Distribution, Parameter};
use crate::weights::Weights;

/// `numpy.random.default_rng`.
#[derive(Debug)]
pub struct Numpy;

impl Library for Numpy {
    fn name(&self) -> &'static str {
        "numpy"
    }

    fn program(&self) -> &'static str {
        "rng = numpy.random.default_rng(seed); for every parameter that is drawn, in order, biases \
         included where the scheme draws them, rng.normal(mean, std, shape) or rng.uniform(low, \
         high, shape), then astype(float32)"
    }

    fn exact(&self) -> &'static str {
        "uniform; normal on glibc; it has no layers, so a scheme is needed"
    }

    fn initialize(
        &self,
        parameters: &[Parameter],
        scheme: Option<&str>,
        seed: u64,
    ) -> Result<Weights> {
        let scheme = needed(self, scheme)?;
        let mut generator = Generator::new(seed);
        let mut weights = Weights::default();
        for parameter in parameters {
            let mut wide = parameter.filled(0.0_f64)?;
            let distribution = if parameter.role.is_matrix() || scheme.serves(parameter.role) {
                scheme.distribution(parameter)?
            } else {
                Distribution::Constant(parameter.role.start().unwrap_or(0.0))
            };
            match distribution {
                Distribution::Constant(value) => wide.fill(value),
                Distribution::Uniform { low, high } => generator.uniform(&mut wide, low, high),
                Distribution::Normal { mean, deviation } => {
                    generator.normal(&mut wide, mean, deviation);
                }
                _ => {
                    let found = format!("scheme {}, which NumPy has not", scheme.label());
                    return Err(parameter.unfit(found, "a normal or uniform one"));
                }
            }
            let values: Vec<f32> = wide.into_iter().map(|x| x as f32).collect();
            weights
                .tensors
                .push((parameter.name.clone(), Tensor::new(parameter.shape.clone(), values)?));
        }
        Ok(weights)
    }
}
