//! The spectral condition: a weight's largest stretch is √(fan-out / fan-in).

use super::sample_networks;
use crate::error::Result;
use crate::init::scheme::{Argument, Facts, Scheme, without_argument};
use crate::init::{Distribution, Parameter};
use crate::spec::Role;

/// Normal with the deviation (1/√d)·min(1, √(e/d)).
#[derive(Clone, Debug)]
pub struct Spectral;

const FACTS: Facts = Facts {
    name: "spectral",
    aliases: &["spectral-condition"],
    example: "spectral",
    argument: "",
    needs: "",
    formula: "W ~ N(0, min(1, e/d)/d), so that ‖W‖₂ ≈ √(e/d); embeddings N(0, 1): an input picks \
              one row, d = 1",
    source: "Yang, Simon & Bernstein 2023 (2310.17813), parametrization 1",
    when: "learning rates that are to serve any width: muP without a base width, with a learning \
           rate of each weight in proportion to e/d (SGD) or 1/d (Adam)",
    avoid: "one learning rate for all weights; deep relu networks without normalization, where \
            each layer halves the signal's variance",
};

impl Scheme for Spectral {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn with_argument(&self, argument: Option<&str>) -> Argument {
        without_argument(argument, self.clone())
    }

    fn distribution(&self, parameter: &Parameter) -> Result<Distribution> {
        if parameter.role == Role::Embedding {
            return Ok(Distribution::normal(1.0));
        }
        let fan_in = parameter.positive_fan_in()?;
        let ratio = parameter.positive_fan_out()? / fan_in;
        Ok(Distribution::normal((ratio.min(1.0) / fan_in).sqrt()))
    }

    fn samples(&self) -> Vec<Parameter> {
        sample_networks::matrices(&sample_networks::gpt2(2, 64))
    }
}
