//! A scheme as other libraries' functions know it.

use crate::error::Result;
use crate::init::{Distribution, Parameter, Scheme};

/// What a scheme asks of a library, with the arithmetic left to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// Independent draws with these numbers.
    Plain(Distribution),
    /// Variance gain² / fan.
    Scaled {
        /// Which fan.
        fan: Fan,
        /// Factor by which the scheme allows for the activation.
        gain: f64,
        /// Whether draws are uniform, not normal.
        is_uniform: bool,
    },
    /// An orthogonal matrix times this gain.
    Orthogonal(f64),
}

/// The fan by which a variance is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fan {
    /// Inputs that reach one unit.
    In,
    /// Units that one input reaches.
    Out,
    /// The mean of the two.
    Average,
}

/// Schemes that libraries have as functions of their own.
const SCALED: &[(&str, Fan, bool)] = &[
    ("xavier-uniform", Fan::Average, true),
    ("xavier-normal", Fan::Average, false),
    ("he-uniform", Fan::In, true),
    ("he-normal", Fan::In, false),
    ("he-fan-out-normal", Fan::Out, false),
    ("he-fan-out-uniform", Fan::Out, true),
    ("lecun-uniform", Fan::In, true),
    ("lecun-normal", Fan::In, false),
];

impl Rule {
    /// What `scheme` asks for `parameter`.
    ///
    /// # Errors
    /// If the scheme cannot serve the parameter, or its values depend on each other in a way that
    /// no other library knows.
    pub fn of(scheme: &dyn Scheme, parameter: &Parameter) -> Result<Self> {
        let name = scheme.facts().name;
        let gain = scheme.gain(parameter)?.unwrap_or(1.0);
        if let Some(&(_, fan, is_uniform)) = SCALED.iter().find(|(known, ..)| *known == name) {
            return Ok(Self::Scaled { fan, gain, is_uniform });
        }
        match scheme.distribution(parameter)? {
            Distribution::Joint { .. } if name == "orthogonal" => Ok(Self::Orthogonal(gain)),
            Distribution::Joint { .. } | Distribution::LogUniform { .. } => Err(parameter.unfit(
                format!("scheme {name}, which other libraries do not have"),
                "a scheme of independent values, or orthogonal",
            )),
            plain => Ok(Self::Plain(plain)),
        }
    }
}
