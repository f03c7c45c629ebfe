//! Identities that repeat where a layer is not square, and vanish at the end of a residual branch.

use crate::error::Result;
use crate::init::blocks::fill_places;
use crate::init::scheme::{Argument, Facts, Scheme};
use crate::init::settings::Settings;
use crate::init::{Distribution, Matrix, Parameter, Request};

/// τ where row and column agree modulo the smaller size; ε in the last layer of a branch.
#[derive(Clone, Debug)]
pub struct IdInit {
    /// τ, the entries of all layers but the last of a residual branch.
    pub gain: f64,
    /// ε, the entries of the last layer of a residual branch.
    pub small: f64,
}

/// τ = 1 and ε = 10⁻⁶, the usual ones.
pub const IDINIT: IdInit = IdInit { gain: 1.0, small: 1e-6 };

const FACTS: Facts = Facts {
    name: "idinit",
    aliases: &[],
    example: "idinit:tau=1.4,epsilon=1e-6",
    argument: "[tau=NUMBER,epsilon=NUMBER]; 1 and 1e-6 unless given",
    needs: "",
    formula: "W[i][j] = τ if i ≡ j modulo min(rows, columns), 0 elsewhere; ε for τ where a \
              residual branch ends; W as (out, rest)",
    source: "Pan et al. 2025, arXiv 2503.04626",
    when: "residual networks that should start as the identity and use every input and unit",
    avoid: "small inputs to wide layers: units repeat, and only their later inputs tell them apart",
};

impl IdInit {
    fn entry(&self, parameter: &Parameter) -> f64 {
        if parameter.place.is_residual_output { self.small } else { self.gain }
    }
}

impl Scheme for IdInit {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn label(&self) -> String {
        if (self.gain, self.small) == (IDINIT.gain, IDINIT.small) {
            return FACTS.name.to_owned();
        }
        format!("{}:tau={},epsilon={}", FACTS.name, self.gain, self.small)
    }

    fn with_argument(&self, argument: Option<&str>) -> Argument {
        let Some(argument) = argument else { return Ok(Box::new(IDINIT)) };
        let settings = Settings::parse(argument, &["tau", "epsilon"])?;
        let gain = settings.number("tau")?.unwrap_or(IDINIT.gain);
        let small = settings.number("epsilon")?.unwrap_or(IDINIT.small);
        if gain == 0.0 {
            return Err("a `tau` other than 0".to_owned());
        }
        Ok(Box::new(Self { gain, small }))
    }

    fn distribution(&self, parameter: &Parameter) -> Result<Distribution> {
        let matrix = Matrix::of(parameter)?;
        let share = 1.0 / matrix.rows.min(matrix.columns) as f64;
        Ok(Distribution::at_few_places(self.entry(parameter), share))
    }

    fn is_whole(&self) -> bool {
        true
    }

    fn is_random(&self, _parameter: &Parameter) -> bool {
        false
    }

    fn fill(&self, request: &Request<'_>, _start: u64, out: &mut [f32]) -> Result<()> {
        let matrix = Matrix::of(request.parameter)?;
        let longer = matrix.rows.max(matrix.columns);
        let places = (0..longer).map(|i| (i % matrix.rows, i % matrix.columns));
        fill_places(&matrix, self.entry(request.parameter), places, out);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::{Source, Values};

    #[track_caller]
    fn check(shape: [usize; 2], is_residual_output: bool, expected: &[f32]) {
        let mut weight = Parameter::linear("w", shape[0], shape[1]);
        weight.place.is_residual_output = is_residual_output;
        let values = Values::new(&weight, Source::Scheme(&IDINIT), 1).into_all().unwrap();
        assert_eq!(values, expected);
    }

    #[test]
    fn identity_is_repeated_along_the_longer_side() {
        check([3, 2], false, &[1.0, 0.0, 0.0, 1.0, 1.0, 0.0]);
        check([2, 3], false, &[1.0, 0.0, 1.0, 0.0, 1.0, 0.0]);
        check([2, 2], true, &[1e-6, 0.0, 0.0, 1e-6]);
    }
}
