//! Normal with a fixed deviation, whatever the layer.

use crate::error::Result;
use crate::init::scheme::{Argument, Facts, Scheme, number};
use crate::init::{Distribution, Parameter};
use crate::spec::Role;

/// N(μ, σ²) for weights and biases.
#[derive(Clone, Debug)]
pub struct Normal {
    /// Mean μ.
    pub mean: f64,
    /// Standard deviation σ.
    pub deviation: f64,
}

const FACTS: Facts = Facts {
    name: "normal",
    aliases: &["gaussian", "random-normal"],
    example: "normal:0.01",
    argument: "DEVIATION or MEAN,DEVIATION",
    needs: "",
    formula: "W, b ~ N(μ, σ²), μ = 0 unless given",
    source: "the classic tutorials' N(0, 0.01²); Krizhevsky et al. 2012",
    when: "networks of one or two hidden layers; to see how the scale decides",
    avoid: "deep networks: the scale ignores the fan-in, so signals and gradients fade or explode",
};

impl Scheme for Normal {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn label(&self) -> String {
        if self.mean == 0.0 {
            return format!("{}:{}", FACTS.name, self.deviation);
        }
        format!("{}:{},{}", FACTS.name, self.mean, self.deviation)
    }

    fn with_argument(&self, argument: Option<&str>) -> Argument {
        let both = argument.and_then(|argument| match argument.split_once(',') {
            Some((mean, deviation)) => Some((number(mean)?, number(deviation)?)),
            None => number(argument).map(|deviation| (0.0, deviation)),
        });
        match both {
            Some((mean, deviation)) if deviation >= 0.0 => Ok(Box::new(Self { mean, deviation })),
            _ => Err("a standard deviation of 0 or more, or a mean and one".to_owned()),
        }
    }

    fn distribution(&self, _parameter: &Parameter) -> Result<Distribution> {
        Ok(Distribution::Normal { mean: self.mean, deviation: self.deviation })
    }

    fn serves(&self, role: Role) -> bool {
        role.is_matrix() || role == Role::Bias
    }
}
