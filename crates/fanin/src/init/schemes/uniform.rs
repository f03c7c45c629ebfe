//! Uniform on a fixed interval, whatever the layer.

use crate::error::Result;
use crate::init::scheme::{Argument, Facts, Scheme, number};
use crate::init::{Distribution, Parameter};
use crate::spec::Role;

/// U(low, high) for weights and biases.
#[derive(Clone, Debug)]
pub struct Uniform {
    /// Smallest value.
    pub low: f64,
    /// Bound that is not reached.
    pub high: f64,
}

const FACTS: Facts = Facts {
    name: "uniform",
    aliases: &["random-uniform"],
    example: "uniform:0.05",
    argument: "BOUND or LOW,HIGH",
    needs: "",
    formula: "W, b ~ U(±BOUND) or U(LOW, HIGH)",
    source: "Keras' RandomUniform, with bound 0.05",
    when: "one shallow layer whose scale you know",
    avoid: "deep networks: the scale ignores the fan-in, so signals grow or fade layer by layer",
};

impl Scheme for Uniform {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn label(&self) -> String {
        if self.low == -self.high {
            return format!("{}:{}", FACTS.name, self.high);
        }
        format!("{}:{},{}", FACTS.name, self.low, self.high)
    }

    fn with_argument(&self, argument: Option<&str>) -> Argument {
        let bounds = argument.and_then(|argument| match argument.split_once(',') {
            Some((low, high)) => Some((number(low)?, number(high)?)),
            None => number(argument).map(|bound| (-bound, bound)),
        });
        match bounds {
            Some((low, high)) if (low as f32) < high as f32 => Ok(Box::new(Self { low, high })),
            _ => Err("a positive bound, or two bounds of which the first is lower".to_owned()),
        }
    }

    fn distribution(&self, _parameter: &Parameter) -> Result<Distribution> {
        Ok(Distribution::Uniform { low: self.low, high: self.high })
    }

    fn serves(&self, role: Role) -> bool {
        role.is_matrix() || role == Role::Bias
    }
}
