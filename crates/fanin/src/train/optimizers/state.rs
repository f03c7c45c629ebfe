//! What an optimizer remembers, as named tensors.

use fanin_engine::Tensor;
use fanin_engine::tensor::Shape;
use fanin_kernels::Float;

use crate::error::{Error, Result};

/// What an optimizer remembers, named so that files can carry it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OptimizerState<T = f32> {
    /// The optimizer's name in the registry.
    pub method: String,
    /// Steps taken so far.
    pub steps: u64,
    /// Tensors named `method.slot.parameter` (`adam.m.0.weight`), each shaped as its parameter.
    pub tensors: Vec<(String, Tensor<T>)>,
}

impl<T: Float> OptimizerState<T> {
    /// The elements of tensor `name`.
    ///
    /// # Errors
    /// [`Error::Setting`] if it is missing or not of this shape.
    pub(super) fn elements(&self, name: &str, shape: &Shape) -> Result<&[T]> {
        let found = self.tensors.iter().find(|(n, _)| n == name).map(|(_, tensor)| tensor);
        match found {
            Some(tensor) if tensor.shape() == shape => Ok(tensor.data()),
            Some(tensor) => Err(misfit(name, &format!("shape {}", tensor.shape()), shape)),
            None => Err(misfit(name, "no such tensor", shape)),
        }
    }

    /// # Errors
    /// [`Error::Setting`] if the state is another optimizer's or has not `count` tensors.
    pub(super) fn must_be(&self, method: &str, count: usize) -> Result<()> {
        if self.method != method {
            return Err(Error::Setting {
                place: "optimizer state".to_owned(),
                found: format!("that of `{}`", self.method),
                expected: format!("that of `{method}`, the optimizer of this run"),
            });
        }
        if self.tensors.len() != count {
            return Err(Error::Setting {
                place: format!("optimizer state of `{method}`"),
                found: format!("{} tensors", self.tensors.len()),
                expected: format!("{count} for this model"),
            });
        }
        Ok(())
    }
}

fn misfit(name: &str, found: &str, shape: &Shape) -> Error {
    Error::Setting {
        place: format!("optimizer state `{name}`"),
        found: found.to_owned(),
        expected: format!("shape {shape}, that of its parameter"),
    }
}
