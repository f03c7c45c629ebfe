//! Zeros, ones and constants: the starts from which backpropagation cannot tell units apart.

use crate::error::Result;
use crate::init::scheme::{Argument, Facts, Scheme, number, without_argument};
use crate::init::{Distribution, Parameter};

/// Every weight has the same value; biases are 0.
#[derive(Clone, Debug)]
pub struct Constant {
    value: f64,
    facts: &'static Facts,
}

/// All weights 0.
pub const ZEROS: Constant = Constant {
    value: 0.0,
    facts: &Facts {
        name: "zeros",
        aliases: &["zero"],
        example: "zeros",
        argument: "",
        needs: "",
        formula: "W = 0",
        source: "the obvious first guess",
        when: "biases; last layers of residual branches; to see symmetry fail",
        avoid: "weights of hidden layers: every unit gets the same error and stays the same",
    },
};

/// All weights 1.
pub const ONES: Constant = Constant {
    value: 1.0,
    facts: &Facts {
        name: "ones",
        aliases: &["one"],
        example: "ones",
        argument: "",
        needs: "",
        formula: "W = 1",
        source: "the start of the gains of normalizations",
        when: "gains; to see symmetry fail with a signal",
        avoid: "weights of hidden layers: a layer of any width acts like one unit",
    },
};

/// All weights the number given; the value here serves only for the registry.
pub const CONSTANT: Constant = Constant {
    value: 0.0,
    facts: &Facts {
        name: "constant",
        aliases: &[],
        example: "constant:0.01",
        argument: "VALUE",
        needs: "",
        formula: "W = c",
        source: "the second guess, after zeros fail",
        when: "gains and biases; to see symmetry fail",
        avoid: "weights of hidden layers: a layer of any width acts like one unit",
    },
};

impl Scheme for Constant {
    fn facts(&self) -> &'static Facts {
        self.facts
    }

    fn label(&self) -> String {
        if self.facts.argument.is_empty() {
            return self.facts.name.to_owned();
        }
        format!("{}:{}", self.facts.name, self.value)
    }

    fn with_argument(&self, argument: Option<&str>) -> Argument {
        if self.facts.argument.is_empty() {
            return without_argument(argument, self.clone());
        }
        let value = argument.and_then(number).ok_or("a finite number")?;
        Ok(Box::new(Self { value, facts: self.facts }))
    }

    fn distribution(&self, _parameter: &Parameter) -> Result<Distribution> {
        Ok(Distribution::Constant(self.value))
    }
}
