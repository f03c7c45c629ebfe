//! Recurrent relu networks that copy their state at first.

use super::identity::Identity;
use crate::error::Result;
use crate::init::fans::Axes;
use crate::init::scheme::{Argument, Facts, Scheme, number};
use crate::init::{Distribution, Parameter, Request};
use crate::spec::Role;

/// The identity for recurrent weights, small normal values for all others.
#[derive(Clone, Debug)]
pub struct Irnn {
    /// Factor on the identity.
    pub factor: f64,
}

/// Deviation of the weights that are not recurrent.
const DEVIATION: f64 = 0.001;

const FACTS: Facts = Facts {
    name: "irnn",
    aliases: &[],
    example: "irnn:0.95",
    argument: "[FACTOR] on the identity, not 0; 1 if none",
    needs: "",
    formula: "recurrent W = αI, other W ~ N(0, 0.001²), b = 0",
    source: "Le, Jaitly & Hinton 2015, arXiv 1504.00941",
    when: "plain recurrent networks of relu units; α below 1 where old inputs should fade",
    avoid: "networks without recurrence, where 0.001 starves all layers; LSTMs and GRUs",
};

impl Irnn {
    fn identity(&self) -> Identity {
        Identity { gain: self.factor }
    }
}

impl Scheme for Irnn {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn label(&self) -> String {
        if self.factor == 1.0 {
            return FACTS.name.to_owned();
        }
        format!("{}:{}", FACTS.name, self.factor)
    }

    fn with_argument(&self, argument: Option<&str>) -> Argument {
        let factor = argument.map_or(Some(1.0), number).filter(|&factor| factor != 0.0);
        Ok(Box::new(Self { factor: factor.ok_or("a factor other than 0")? }))
    }

    fn distribution(&self, parameter: &Parameter) -> Result<Distribution> {
        match parameter.role {
            Role::Recurrent => self.identity().distribution(parameter),
            Role::Bias => Ok(Distribution::Constant(0.0)),
            _ => Ok(Distribution::normal(DEVIATION)),
        }
    }

    fn is_whole(&self) -> bool {
        true
    }

    fn is_random(&self, parameter: &Parameter) -> bool {
        parameter.role != Role::Recurrent
    }

    fn fill(&self, request: &Request<'_>, start: u64, out: &mut [f32]) -> Result<()> {
        if request.parameter.role == Role::Recurrent {
            return self.identity().fill(request, start, out);
        }
        self.distribution(request.parameter)?.fill(request.stream(), start, out);
        Ok(())
    }

    fn samples(&self) -> Vec<Parameter> {
        let recurrent = Parameter::new("rnn.weight_hh_l0", [128, 128], Role::Recurrent);
        let recurrent = Parameter { axes: Axes::linear(), fan_in: 128, fan_out: 128, ..recurrent };
        vec![Parameter::linear("rnn.weight_ih_l0", 128, 300), recurrent]
    }
}
