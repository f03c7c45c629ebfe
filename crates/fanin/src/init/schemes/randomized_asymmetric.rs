//! Relu units that cannot be born dead: one of each unit's weights and bias is drawn positive.
//!
//! Key: d inputs of a unit; entry d of a unit is its bias.

use fanin_kernels::random::{Stream, fill_uniform};

use crate::error::Result;
use crate::init::scheme::{Argument, Facts, Scheme, without_argument};
use crate::init::{Distribution, Matrix, Parameter, Request};
use crate::spec::Role;

/// Normal weights and biases; in each unit, one of them is Beta(2, 1) instead.
#[derive(Clone, Debug)]
pub struct RandomizedAsymmetric;

/// Deviation of the normal entries times √d, chosen by Lu et al. to keep a relu network's signal.
const DEVIATION: f64 = 0.6007;

const FACTS: Facts = Facts {
    name: "randomized-asymmetric",
    aliases: &["rai"],
    example: "randomized-asymmetric",
    argument: "",
    needs: "",
    formula: "each unit's (w, b) ~ N(0, 0.6007²/d), one of the d + 1 entries ~ Beta(2, 1) instead",
    source: "Lu, Shin, Su & Karniadakis 2020, arXiv 1903.06733",
    when: "deep and narrow relu networks, which die at birth under symmetric schemes",
    avoid: "wide networks: few units are born dead, and the positive entries push all means up",
};

impl Scheme for RandomizedAsymmetric {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn with_argument(&self, argument: Option<&str>) -> Argument {
        without_argument(argument, self.clone())
    }

    /// Beta(2, 1) has the moments 2/3 and 1/2.
    fn distribution(&self, parameter: &Parameter) -> Result<Distribution> {
        let inputs = inputs(parameter)? as f64;
        let chance = 1.0 / (inputs + 1.0);
        let mean = chance * 2.0 / 3.0;
        let second = (1.0 - chance) * DEVIATION * DEVIATION / inputs + chance / 2.0;
        Ok(Distribution::Joint { mean, deviation: (second - mean * mean).sqrt() })
    }

    fn serves(&self, role: Role) -> bool {
        role.is_matrix() || role == Role::Bias
    }

    fn is_whole(&self) -> bool {
        true
    }

    fn fill(&self, request: &Request<'_>, _start: u64, out: &mut [f32]) -> Result<()> {
        let parameter = request.parameter;
        let inputs = inputs(parameter)?;
        let deviation = DEVIATION / (inputs as f64).sqrt();
        Distribution::normal(deviation).fill(request.stream(), 0, out);
        let layer = request.stream_of(layer(&parameter.name));
        if parameter.role == Role::Bias {
            for (unit, bias) in out.iter_mut().enumerate() {
                let (entry, value) = positive(layer, unit, inputs);
                *bias = if entry == inputs { value } else { *bias };
            }
            return Ok(());
        }
        let matrix = Matrix::of(parameter)?;
        for unit in 0..matrix.rows {
            let (entry, value) = positive(layer, unit, inputs);
            if entry < inputs {
                out[matrix.index(unit, entry)] = value;
            }
        }
        Ok(())
    }

    fn samples(&self) -> Vec<Parameter> {
        let bias = Parameter::new("0.bias", [4096], Role::Bias);
        vec![
            Parameter::linear("0.weight", 300, 200),
            Parameter { fan_in: 7, fan_out: 4096, ..bias },
        ]
    }
}

/// Inputs of a unit.
fn inputs(parameter: &Parameter) -> Result<usize> {
    if parameter.role == Role::Bias {
        parameter.positive_fan_in()?;
        return Ok(parameter.fan_in);
    }
    Ok(Matrix::of(parameter)?.columns)
}

/// The name of the layer that a weight or bias belongs to, under which both share their draws.
fn layer(name: &str) -> &str {
    name.rsplit_once(['.', '/']).map_or("", |(layer, _)| layer)
}

/// Which entry of a unit is drawn positive, and its value: Beta(2, 1) is the root of a uniform
/// variable.
fn positive(layer: Stream, unit: usize, inputs: usize) -> (usize, f32) {
    let mut uniform = [0.0];
    fill_uniform(layer, unit as u64, 0.0, 1.0, &mut uniform);
    (layer.below(inputs as u64 + 1, unit as u64) as usize, uniform[0].sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::{Rules, for_model};

    /// Entries of 1000 inputs have a deviation of 0.019: one above 0.2 is the positive one (which
    /// is below 0.2 for 4 % of the units), and no unit has two.
    #[test]
    fn each_unit_has_at_most_one_positive_entry_in_weight_or_bias() {
        let model = "1000 -> 500 relu -> 3".parse().unwrap();
        let weights = for_model(&model, &Rules::new("rai"), 1).unwrap();
        let rows = weights.get("0.weight").unwrap().data().chunks_exact(1000);
        let biases = weights.get("0.bias").unwrap().data();
        let large = |values: &[f32]| values.iter().filter(|w| **w > 0.2).count();
        let counts: Vec<usize> = rows.zip(biases).map(|(w, b)| large(w) + large(&[*b])).collect();
        assert!(counts.iter().all(|count| *count <= 1), "{counts:?}");
        let with_one = counts.iter().sum::<usize>();
        assert!((455..=500).contains(&with_one), "{with_one} of 500");
    }

    /// With one input, weight and bias are chosen with probability ½ each, and never both.
    #[test]
    fn weight_and_bias_share_the_choice() {
        for unit in 0..100 {
            let stream = Stream::new(1, "0");
            let (entry, value) = positive(stream, unit, 1);
            assert!(entry <= 1 && (0.0..1.0).contains(&value));
        }
        let model = "1 -> 2000 relu -> 1".parse().unwrap();
        let weights = for_model(&model, &Rules::new("rai"), 1).unwrap();
        let biases = weights.get("0.bias").unwrap().data();
        let layer = Stream::new(1, "0");
        for (unit, w) in weights.get("0.weight").unwrap().data().iter().enumerate() {
            let (entry, value) = positive(layer, unit, 1);
            assert_eq!(*w == value, entry == 0, "{unit}");
            assert_eq!(biases[unit] == value, entry == 1, "{unit}");
        }
    }
}
