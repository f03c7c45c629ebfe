//! Normal with a fixed deviation, whatever the layer.

use crate::error::Result;
use crate::init::scheme::{Argument, Facts, Scheme, non_negative};
use crate::init::{Distribution, Parameter};
use crate::spec::Role;

/// N(0, σ²) for weights and biases.
#[derive(Clone, Debug)]
pub struct Normal {
    /// Standard deviation σ.
    pub deviation: f64,
}

const FACTS: Facts = Facts {
    name: "normal",
    aliases: &["gaussian", "random-normal"],
    example: "normal:0.01",
    argument: "DEVIATION",
    needs: "",
    formula: "W, b ~ N(0, σ²)",
    source: "the classic tutorials' N(0, 0.01²); Krizhevsky et al. 2012",
    when: "networks of one or two hidden layers; to see how the scale decides",
    avoid: "deep networks: the scale ignores the fan-in, so signals and gradients fade or explode",
};

impl Scheme for Normal {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn label(&self) -> String {
        format!("{}:{}", FACTS.name, self.deviation)
    }

    fn with_argument(&self, argument: Option<&str>) -> Argument {
        let deviation = non_negative(argument).ok_or("a standard deviation of 0 or more")?;
        Ok(Box::new(Self { deviation }))
    }

    fn distribution(&self, _parameter: &Parameter) -> Result<Distribution> {
        Ok(Distribution::normal(self.deviation))
    }

    fn serves(&self, role: Role) -> bool {
        role.is_matrix() || role == Role::Bias
    }
}
