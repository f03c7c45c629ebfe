//! The identity matrix, and as much of it as fits where a layer is not square.

use crate::error::Result;
use crate::init::blocks::fill_places;
use crate::init::scheme::{Argument, Facts, Scheme, number};
use crate::init::{Distribution, Matrix, Parameter, Request};

/// Gain on the diagonal, 0 elsewhere.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Factor on the identity.
    pub gain: f64,
}

const FACTS: Facts = Facts {
    name: "identity",
    aliases: &["eye"],
    example: "identity:0.9",
    argument: "[GAIN], a number; 1 if none",
    needs: "",
    formula: "W[i][i] = g, 0 elsewhere; the first min(d, e) units copy their input",
    source: "Le, Jaitly & Hinton 2015, arXiv 1504.00941; torch.nn.init.eye_, Keras' Identity",
    when: "recurrent weights of relu networks; layers in a residual stem of constant width",
    avoid: "convolutions, whose identity is dirac; layers wider than their input, where units stay 0",
};

impl Scheme for Identity {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn label(&self) -> String {
        if self.gain == 1.0 {
            return FACTS.name.to_owned();
        }
        format!("{}:{}", FACTS.name, self.gain)
    }

    fn with_argument(&self, argument: Option<&str>) -> Argument {
        let gain = argument.map_or(Some(1.0), number).filter(|&gain| gain != 0.0);
        Ok(Box::new(Self { gain: gain.ok_or("a gain other than 0")? }))
    }

    fn distribution(&self, parameter: &Parameter) -> Result<Distribution> {
        let matrix = linear(parameter)?;
        let longer = matrix.rows.max(matrix.columns) as f64;
        Ok(Distribution::at_few_places(self.gain, 1.0 / longer))
    }

    fn is_whole(&self) -> bool {
        true
    }

    fn is_random(&self, _parameter: &Parameter) -> bool {
        false
    }

    fn fill(&self, request: &Request<'_>, _start: u64, out: &mut [f32]) -> Result<()> {
        let matrix = linear(request.parameter)?;
        let diagonal = (0..matrix.rows.min(matrix.columns)).map(|i| (i, i));
        fill_places(&matrix, self.gain, diagonal, out);
        Ok(())
    }

    fn samples(&self) -> Vec<Parameter> {
        vec![Parameter::linear("0.weight", 300, 200), Parameter::linear("2.weight", 64, 64)]
    }
}

/// The matrix of a weight without a kernel.
fn linear(parameter: &Parameter) -> Result<Matrix> {
    let matrix = Matrix::of(parameter)?;
    if matrix.taps > 1 {
        let found = format!("shape {} with a kernel", parameter.shape);
        return Err(parameter.unfit(found, "a linear layer; `dirac` is a convolution's identity"));
    }
    Ok(matrix)
}

#[cfg(test)]
mod tests {
    use crate::init::{Parameter, Source, Values, find};

    #[track_caller]
    fn check(text: &str, rows: usize, columns: usize, expected: &[f32]) {
        let weight = Parameter::linear("w", rows, columns);
        let scheme = find(text).unwrap();
        let values = Values::new(&weight, Source::Scheme(&*scheme), 1).into_all().unwrap();
        assert_eq!(values, expected);
    }

    #[test]
    fn diagonal_is_the_gain_whatever_the_shape() {
        check("identity", 2, 2, &[1.0, 0.0, 0.0, 1.0]);
        check("eye:0.5", 2, 3, &[0.5, 0.0, 0.0, 0.0, 0.5, 0.0]);
        check("identity:-2", 3, 2, &[-2.0, 0.0, 0.0, -2.0, 0.0, 0.0]);
    }
}
