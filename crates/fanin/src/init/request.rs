//! What a scheme is asked to fill: one parameter of a network, under a seed.

use fanin_engine::Shape;
use fanin_kernels::random::Stream;

use crate::error::{Error, Result};
use crate::spec::Role;

/// One parameter of a network, as far as its starting values depend on it.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its name, unique in the network: `0.weight`.
    pub name: String,
    /// Its shape; a weight is (out, in) or (out, in / groups, kernel…).
    pub shape: Shape,
    /// What it does.
    pub role: Role,
    /// Inputs that reach one unit of its layer; a bias has those of its layer.
    pub fan_in: usize,
    /// Units of its layer that one input reaches.
    pub fan_out: usize,
    /// The activation that follows its layer, as [`fanin_engine::activations::find`] knows it;
    /// `None` if none does.
    pub activation: Option<String>,
}

impl Parameter {
    /// The fan-in as a factor of formulas.
    ///
    /// # Errors
    /// [`Error::Setting`] if it is 0: no formula divides by it.
    pub fn positive_fan_in(&self) -> Result<f64> {
        self.positive("fan-in", self.fan_in)
    }

    /// The fan-out as a factor of formulas.
    ///
    /// # Errors
    /// [`Error::Setting`] if it is 0.
    pub fn positive_fan_out(&self) -> Result<f64> {
        self.positive("fan-out", self.fan_out)
    }

    /// As many copies of `value` as the parameter has elements.
    ///
    /// # Errors
    /// [`Error::Setting`] if it has none or memory does not hold them, [`Error::Engine`] beyond
    /// the most elements that a tensor may have.
    pub fn filled<T: Clone>(&self, value: T) -> Result<Vec<T>> {
        let place = format!("parameter `{}`", self.name);
        let elements = self.shape.checked_elements(&place)?;
        let mut data = Vec::new();
        if elements == 0 || data.try_reserve_exact(elements).is_err() {
            let expected =
                if elements == 0 { "at least 1" } else { "fewer: memory does not hold them" };
            return Err(Error::Setting {
                place,
                found: format!("shape {} of {elements} elements", self.shape),
                expected: expected.to_owned(),
            });
        }
        data.resize(elements, value);
        Ok(data)
    }

    fn positive(&self, what: &str, fan: usize) -> Result<f64> {
        if fan > 0 {
            return Ok(fan as f64);
        }
        Err(Error::Setting {
            place: format!("parameter `{}`", self.name),
            found: format!("{what} 0 for shape {}", self.shape),
            expected: format!("a {what} of at least 1, by which this scheme divides"),
        })
    }
}

/// A parameter and the seed under which it is filled.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The seed of the whole network.
    pub seed: u64,
    /// The parameter.
    pub parameter: &'a Parameter,
}

impl Request<'_> {
    /// The random numbers that belong to this seed and name.
    pub fn stream(&self) -> Stream {
        Stream::new(self.seed, &self.parameter.name)
    }
}
