//! Unit scaling: every weight at deviation 1, with the scale moved into the operators.

use crate::error::Result;
use crate::init::scheme::{Argument, Facts, Scheme, without_argument};
use crate::init::{Distribution, Parameter};

/// Standard normal.
#[derive(Clone, Debug)]
pub struct UnitScaling;

const FACTS: Facts = Facts {
    name: "unit-scaling",
    aliases: &["u-mup"],
    example: "unit-scaling",
    argument: "",
    needs: "",
    formula: "W ~ N(0, 1) for every width",
    source: "Blake, Orr & Luschi 2023 (2303.11257); u-µP: Blake et al. 2024 (2407.17465)",
    when: "networks whose operators multiply by fixed factors (1/√d after each product), for \
           training in 8 and 16 bits",
    avoid: "every other network: without these factors each layer multiplies the variance by d",
};

impl Scheme for UnitScaling {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn with_argument(&self, argument: Option<&str>) -> Argument {
        without_argument(argument, self.clone())
    }

    fn distribution(&self, _parameter: &Parameter) -> Result<Distribution> {
        Ok(Distribution::normal(1.0))
    }
}
