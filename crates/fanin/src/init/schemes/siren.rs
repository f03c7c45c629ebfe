//! Networks of sines that represent images, sounds and fields.

use crate::error::Result;
use crate::init::scheme::{Argument, Facts, Scheme, number};
use crate::init::{Distribution, Parameter, Position};
use crate::spec::Role;

/// U(±1/d) in the first layer, U(±√(6/d)/ω₀) in the others.
#[derive(Clone, Debug)]
pub struct Siren {
    /// ω₀, the factor inside the sine of every layer.
    pub frequency: f64,
}

/// ω₀ of the paper.
pub const DEFAULT_FREQUENCY: f64 = 30.0;

const FACTS: Facts = Facts {
    name: "siren",
    aliases: &[],
    example: "siren:30",
    argument: "[FREQUENCY] ω₀ of the activation sin(ω₀·z); 30 if none",
    needs: "a known order of layers",
    formula: "first W ~ U(±1/d), others U(±√(6/d)/ω₀), b ~ U(±1/√d), for φ(z) = sin(ω₀·z)",
    source: "Sitzmann et al. 2020, arXiv 2006.09661, §3.2; biases as in its code",
    when: "sine networks on coordinates: images, sounds, fields, their derivatives",
    avoid: "sin without the factor ω₀ inside, for which all but the first layer is ω₀ times too small",
};

impl Scheme for Siren {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn label(&self) -> String {
        format!("{}:{}", FACTS.name, self.frequency)
    }

    fn with_argument(&self, argument: Option<&str>) -> Argument {
        let frequency = argument.map_or(Some(DEFAULT_FREQUENCY), number);
        let frequency = frequency.filter(|&frequency| frequency > 0.0);
        Ok(Box::new(Self { frequency: frequency.ok_or("a positive frequency")? }))
    }

    fn distribution(&self, parameter: &Parameter) -> Result<Distribution> {
        let fan_in = parameter.positive_fan_in()?;
        if parameter.role == Role::Bias {
            return Ok(Distribution::uniform(1.0 / fan_in.sqrt()));
        }
        match parameter.place.layer {
            Some(Position { index: 0, .. }) => Ok(Distribution::uniform(1.0 / fan_in)),
            Some(_) => Ok(Distribution::uniform((6.0 / fan_in).sqrt() / self.frequency)),
            None => Err(parameter.unfit("no known place among the layers", "its place in a model")),
        }
    }

    fn serves(&self, role: Role) -> bool {
        role.is_matrix() || role == Role::Bias
    }

    fn samples(&self) -> Vec<Parameter> {
        let linear = |index: usize| {
            let mut weight = Parameter::linear(&format!("{index}.weight"), 300, 200);
            weight.place.layer = Some(Position { index, count: 2 });
            weight
        };
        let bias = Parameter::new("1.bias", [4096], Role::Bias);
        vec![linear(0), linear(1), Parameter { fan_in: 200, fan_out: 300, ..bias }]
    }
}

#[cfg(test)]
mod tests {
    use crate::init::{Rules, explain, parameters};

    #[test]
    fn first_layer_is_1_over_d_and_the_others_allow_for_the_frequency() {
        let parameters = parameters(&"2 -> 24 sin -> 6 sin -> 1".parse().unwrap()).unwrap();
        let lines = explain(&parameters, &Rules::new("siren:5")).unwrap();
        let drawn: Vec<&str> = lines.iter().map(|line| line.distribution.as_str()).collect();
        let expected = ["U(±0.5)", "U(±0.7071)", "U(±0.1)", "U(±0.2041)", "U(±0.2)", "U(±0.4082)"];
        assert_eq!(drawn, expected);
    }
}
