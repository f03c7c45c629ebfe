//! What frameworks give a network if nobody says otherwise, one file for each.
//!
//! Each decides for every role that has a start, by what the parameter is in its module.

mod recurrent;
mod burn;
mod candle;
mod flax;
mod keras;
mod torch;
mod transformers;

#[cfg(test)]
mod tests;

use super::{orthogonal, sample_networks};
use crate::error::Result;
use crate::init::scheme::{Argument, Facts, Scheme, without_argument};
use crate::init::{Distribution, Gain, Parameter, Request};
use crate::spec::Role;

pub use burn::BURN;
pub use candle::CANDLE;
pub use flax::FLAX;
pub use keras::KERAS;
pub use torch::TORCH;
pub use transformers::TRANSFORMERS;

/// A framework's choice for every parameter.
#[derive(Clone, Debug)]
pub struct FrameworkDefault {
    facts: &'static Facts,
    start: fn(&Parameter) -> Result<Start>,
}

/// What a framework gives one parameter.
#[derive(Clone, Copy, Debug)]
enum Start {
    Drawn(Distribution),
    /// An orthogonal matrix for each gate by itself.
    Orthogonal,
    /// One orthogonal matrix over all gates.
    OrthogonalOverGates,
}

const ORTHOGONAL: orthogonal::Orthogonal = orthogonal::Orthogonal { gain: Gain::Fixed(1.0) };

/// Where parameters of the other roles start in every framework: gains at 1, shifts at 0.
fn usual(parameter: &Parameter) -> Result<Start> {
    match parameter.role.start() {
        Some(value) => Ok(constant(value)),
        None => Err(parameter.unfit(
            format!("one of the {}", parameter.role.plural()),
            "a rule that names it: only its module knows its values",
        )),
    }
}

fn constant(value: f64) -> Start {
    Start::Drawn(Distribution::Constant(value))
}

fn normal(deviation: f64) -> Start {
    Start::Drawn(Distribution::normal(deviation))
}

fn uniform(bound: f64) -> Start {
    Start::Drawn(Distribution::uniform(bound))
}

impl Scheme for FrameworkDefault {
    fn facts(&self) -> &'static Facts {
        self.facts
    }

    fn with_argument(&self, argument: Option<&str>) -> Argument {
        without_argument(argument, self.clone())
    }

    fn distribution(&self, parameter: &Parameter) -> Result<Distribution> {
        match (self.start)(parameter)? {
            Start::Drawn(distribution) => Ok(distribution),
            Start::Orthogonal => ORTHOGONAL.distribution(parameter),
            Start::OrthogonalOverGates => ORTHOGONAL.distribution(&recurrent::whole(parameter)),
        }
    }

    fn serves(&self, role: Role) -> bool {
        role != Role::Buffer
    }

    fn is_whole_for(&self, parameter: &Parameter) -> bool {
        !matches!((self.start)(parameter), Ok(Start::Drawn(_)))
    }

    fn samples(&self) -> Vec<Parameter> {
        let mut samples = sample_networks::matrices(&sample_networks::gpt2(1, 64));
        samples.extend(sample_networks::matrices(&sample_networks::lstm(40, 56)));
        samples
    }

    fn fill(&self, request: &Request<'_>, start: u64, out: &mut [f32]) -> Result<()> {
        match (self.start)(request.parameter)? {
            Start::Drawn(distribution) => distribution.fill(request.stream(), start, out),
            Start::Orthogonal => ORTHOGONAL.fill(request, start, out)?,
            Start::OrthogonalOverGates => {
                let whole = recurrent::whole(request.parameter);
                let mut values = whole.filled(0.0)?;
                let of_whole = Request { parameter: &whole, part: None, ..*request };
                ORTHOGONAL.fill(&of_whole, 0, &mut values)?;
                recurrent::copy_part(request, &whole, &values, out);
            }
        }
        Ok(())
    }
}
