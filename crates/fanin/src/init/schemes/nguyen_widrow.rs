//! Units whose active regions cover the range of the inputs evenly.
//!
//! Key: H units, I inputs, β the norm of a unit's weights.

use crate::error::Result;
use crate::init::scheme::{Argument, Facts, Scheme, without_argument};
use crate::init::{Distribution, Matrix, Parameter, Request};
use crate::spec::Role;

/// Rows of norm β = 0.7·H^{1/I}, biases uniform on ±β.
#[derive(Clone, Debug)]
pub struct NguyenWidrow;

const FACTS: Facts = Facts {
    name: "nguyen-widrow",
    aliases: &[],
    example: "nguyen-widrow",
    argument: "",
    needs: "",
    formula: "rows of W ~ U(±1) scaled to norm β, b ~ U(±β), β = 0.7·H^{1/I}; H units, I inputs",
    source: "Nguyen & Widrow 1990, IJCNN",
    when: "one hidden layer of tanh units on few inputs that are scaled to ±1",
    avoid: "many inputs, where β is near 0.7 whatever their number; deep networks",
};

impl Scheme for NguyenWidrow {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn with_argument(&self, argument: Option<&str>) -> Argument {
        without_argument(argument, self.clone())
    }

    fn distribution(&self, parameter: &Parameter) -> Result<Distribution> {
        if parameter.role == Role::Bias {
            let units = parameter.shape.elements();
            return Ok(Distribution::uniform(norm(units, parameter.positive_fan_in()?)));
        }
        let matrix = Matrix::of(parameter)?;
        let inputs = matrix.columns as f64;
        Ok(Distribution::joint(norm(matrix.rows, inputs) / inputs.sqrt()))
    }

    fn serves(&self, role: Role) -> bool {
        role.is_matrix() || role == Role::Bias
    }

    fn is_whole(&self) -> bool {
        true
    }

    fn fill(&self, request: &Request<'_>, _start: u64, out: &mut [f32]) -> Result<()> {
        let parameter = request.parameter;
        if parameter.role == Role::Bias {
            self.distribution(parameter)?.fill(request.stream(), 0, out);
            return Ok(());
        }
        let matrix = Matrix::of(parameter)?;
        let norm = norm(matrix.rows, matrix.columns as f64);
        Distribution::uniform(1.0).fill(request.stream(), 0, out);
        for row in 0..matrix.rows {
            let places = (0..matrix.columns).map(|column| matrix.index(row, column));
            let square: f64 = places.clone().map(|place| f64::from(out[place]).powi(2)).sum();
            let factor = if square > 0.0 { norm / square.sqrt() } else { 0.0 };
            for place in places {
                out[place] = (f64::from(out[place]) * factor) as f32;
            }
        }
        Ok(())
    }

    fn samples(&self) -> Vec<Parameter> {
        let bias = Parameter::new("0.bias", [4096], Role::Bias);
        vec![
            Parameter::linear("0.weight", 300, 200),
            Parameter { fan_in: 3, fan_out: 4096, ..bias },
        ]
    }
}

fn norm(units: usize, inputs: f64) -> f64 {
    0.7 * libm::pow(units as f64, 1.0 / inputs)
}

#[cfg(test)]
mod tests {
    use crate::init::{Rules, for_model};

    /// 0.7·√16 = 2.8.
    #[test]
    fn rows_have_the_norm_that_bounds_the_biases() {
        let model = "2 -> 16 tanh -> 1".parse().unwrap();
        let weights = for_model(&model, &Rules::new("nguyen-widrow"), 1).unwrap();
        for row in weights.get("0.weight").unwrap().data().chunks_exact(2) {
            assert!((row[0].hypot(row[1]) - 2.8).abs() < 1e-6, "{row:?}");
        }
        let biases = weights.get("0.bias").unwrap().data();
        assert!(biases.iter().all(|bias| bias.abs() <= 2.8));
        assert!(biases.iter().any(|bias| bias.abs() > 1.4));
    }
}
