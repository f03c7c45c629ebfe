//! Gains that keep the logarithm of a signal's norm a random walk without drift.
//!
//! Key: N layers with weights.

use std::f64::consts::SQRT_2;

use crate::error::Result;
use crate::init::scheme::{Argument, Facts, Scheme, without_argument};
use crate::init::{Distribution, Parameter, Position};

/// N(0, g²/d) with a gain that depends on the number of layers.
#[derive(Clone, Debug)]
pub struct RandomWalk;

const FACTS: Facts = Facts {
    name: "random-walk",
    aliases: &[],
    example: "random-walk",
    argument: "",
    needs: "a known number of layers; relu or no activation",
    formula: "W ~ N(0, g²/d), g = √2·e^{1.2/(max(N, 6) − 2.4)} before relu, e^{1/(2N)} without",
    source: "Sussillo & Abbott 2014, arXiv 1412.6558",
    when: "narrow relu networks of hundreds of layers, in which he-normal fades for most seeds",
    avoid: "wide networks, where the correction is not needed; activations other than relu",
};

impl Scheme for RandomWalk {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn with_argument(&self, argument: Option<&str>) -> Argument {
        without_argument(argument, self.clone())
    }

    fn distribution(&self, parameter: &Parameter) -> Result<Distribution> {
        let fan_in = parameter.positive_fan_in()?;
        Ok(Distribution::normal(gain(parameter)? / fan_in.sqrt()))
    }

    fn gain(&self, parameter: &Parameter) -> Result<Option<f64>> {
        gain(parameter).map(Some)
    }

    fn samples(&self) -> Vec<Parameter> {
        let linear = |index: usize| {
            let mut weight = Parameter::linear(&format!("{index}.weight"), 300, 200);
            weight.place.layer = Some(Position { index, count: 20 });
            weight
        };
        vec![linear(0).followed_by("relu"), linear(19)]
    }
}

fn gain(parameter: &Parameter) -> Result<f64> {
    let Some(Position { count, .. }) = parameter.place.layer else {
        return Err(parameter.unfit("no known number of layers", "its place in a model"));
    };
    let layers = count as f64;
    match parameter.activation.as_deref() {
        Some("relu") => Ok(SQRT_2 * libm::exp(1.2 / (layers.max(6.0) - 2.4))),
        None | Some("identity") => Ok(libm::exp(0.5 / layers)),
        Some(other) => {
            Err(parameter.unfit(format!("activation `{other}`"), "relu, or none after the layer"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(activation: Option<&str>, count: usize, expected: f64) {
        let mut weight = Parameter::linear("w", 30, 25);
        weight.activation = activation.map(str::to_owned);
        weight.place.layer = Some(Position { index: 0, count });
        let found = gain(&weight).unwrap();
        assert!((found - expected).abs() < 1e-6, "{found}");
        let deviation = RandomWalk.distribution(&weight).unwrap().deviation();
        assert!((deviation - expected / 5.0).abs() < 1e-6);
    }

    /// √2·e^{1/3} = 1.973694, √2·e^{1.2/97.6} = 1.431709, e^{1/20} = 1.051271.
    #[test]
    fn gains_follow_the_number_of_layers() {
        check(Some("relu"), 2, 1.973_694);
        check(Some("relu"), 6, 1.973_694);
        check(Some("relu"), 100, 1.431_709);
        check(None, 10, 1.051_271);
    }

    #[test]
    fn other_activations_are_refused() {
        let mut weight = Parameter::linear("w", 30, 25).followed_by("tanh");
        weight.place.layer = Some(Position { index: 0, count: 3 });
        let message = RandomWalk.distribution(&weight).unwrap_err().to_string();
        assert!(message.contains("`tanh`"), "{message}");
    }
}
