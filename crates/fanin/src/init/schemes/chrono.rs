//! Biases for an LSTM that must remember up to so many steps.
//!
//! A forget gate that stays at σ(b) forgets with the time constant 1 + eᵇ.

use crate::error::Result;
use crate::init::scheme::{Argument, Facts, Scheme};
use crate::init::{Component, Distribution, Parameter, Request, lstm};
use crate::spec::Role;

/// Time constants spread evenly up to the longest.
#[derive(Clone, Debug)]
pub struct Chrono {
    /// The longest dependency, in steps.
    pub longest: f64,
}

/// The registry's entry; its number is replaced by the argument's.
pub const CHRONO: Chrono = Chrono { longest: 100.0 };

const FACTS: Facts = Facts {
    name: "chrono",
    aliases: &[],
    example: "chrono:784",
    argument: "STEPS, the longest dependency, more than 2",
    needs: "to be the scheme of biases; an LSTM whose gates are known",
    formula: "b_f ~ ln U(1, T−1), b_i = −b_f, 0 for the other gates and for bias_hh",
    source: "Tallec & Ollivier 2018, arXiv 1804.11188",
    when: "LSTMs on sequences with long dependencies of a known order of length",
    avoid: "short sequences, where the input gates start nearly closed for nothing",
};

impl Scheme for Chrono {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn label(&self) -> String {
        format!("{}:{}", FACTS.name, self.longest)
    }

    fn with_argument(&self, argument: Option<&str>) -> Argument {
        Ok(Box::new(Self { longest: lstm::longest(argument)? }))
    }

    fn distribution(&self, parameter: &Parameter) -> Result<Distribution> {
        let logarithm =
            |sign| Distribution::LogUniform { low: 1.0, high: self.longest - 1.0, sign };
        Ok(match lstm::gate(parameter)? {
            Some(Component::ForgetGate) => logarithm(1.0),
            Some(Component::InputGate) => logarithm(-1.0),
            _ => Distribution::Constant(0.0),
        })
    }

    fn serves(&self, role: Role) -> bool {
        role == Role::Bias
    }

    /// Both gates take their draws from one stream: that of the packed bias, or of the module if
    /// each gate has a bias of its own.
    fn fill(&self, request: &Request<'_>, start: u64, out: &mut [f32]) -> Result<()> {
        let parameter = request.parameter;
        let both = Request { part: None, ..*request };
        let stream = match request.part {
            None if !parameter.place.module.is_empty() => both.stream_of(&parameter.place.module),
            _ => both.stream(),
        };
        self.distribution(parameter)?.fill(stream, start, out);
        Ok(())
    }

    fn samples(&self) -> Vec<Parameter> {
        lstm::biases()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::{Source, Values};

    #[test]
    fn input_gates_mirror_forget_gates() {
        let [first, second] = lstm::biases().try_into().unwrap();
        let values = |parameter: &Parameter| {
            Values::new(parameter, Source::Scheme(&CHRONO), 1).into_all().unwrap()
        };
        let bias = values(&first);
        let gates: Vec<&[f32]> = bias.chunks_exact(512).collect();
        let negated: Vec<f32> = gates[1].iter().map(|forget| -forget).collect();
        assert_eq!(gates[0], negated);
        let longest = f32::ln(99.0);
        assert!(gates[1].iter().all(|forget| (0.0..=longest).contains(forget)));
        assert!(bias[1024..].iter().chain(&values(&second)).all(|bias| *bias == 0.0));
    }

    #[test]
    fn gates_with_biases_of_their_own_share_their_draws() {
        let gate = |name, component| {
            let mut bias = Parameter::new(name, [64], Role::Bias);
            bias.place.component = Some(component);
            "cell".clone_into(&mut bias.place.module);
            Values::new(&bias, Source::Scheme(&CHRONO), 1).into_all().unwrap()
        };
        let input = gate("cell.hi.bias", Component::InputGate);
        let forget = gate("cell.hf.bias", Component::ForgetGate);
        assert!(input.iter().zip(&forget).all(|(input, forget)| *input == -forget));
    }
}
