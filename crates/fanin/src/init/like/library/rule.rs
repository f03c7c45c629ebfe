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
        /// What is drawn.
        form: Form,
    },
    /// An orthogonal matrix times this gain.
    Orthogonal(f64),
    /// Normal weights, of which this share of each input's is 0.
    Sparse {
        /// The share.
        sparsity: f64,
        /// Deviation of the others.
        deviation: f64,
    },
    /// Values that no draw decides, as the scheme itself gives them: the identity of a layer.
    Fixed,
}

/// What a scheme that divides by a fan draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Uniform.
    Uniform,
    /// Normal: where a library cuts what it calls so, it cuts here too.
    Normal,
    /// Normal, cut at two deviations and widened after it, whatever the library calls normal.
    Truncated,
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
const SCALED: &[(&str, Fan, Form)] = &[
    ("xavier-uniform", Fan::Average, Form::Uniform),
    ("xavier-normal", Fan::Average, Form::Normal),
    ("xavier-truncated-normal", Fan::Average, Form::Truncated),
    ("he-uniform", Fan::In, Form::Uniform),
    ("he-normal", Fan::In, Form::Normal),
    ("he-truncated-normal", Fan::In, Form::Truncated),
    ("he-fan-out-normal", Fan::Out, Form::Normal),
    ("he-fan-out-uniform", Fan::Out, Form::Uniform),
    ("lecun-uniform", Fan::In, Form::Uniform),
    ("lecun-normal", Fan::In, Form::Normal),
    ("lecun-truncated-normal", Fan::In, Form::Truncated),
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
        if let Some(&(_, fan, form)) = SCALED.iter().find(|(known, ..)| *known == name) {
            return Ok(Self::Scaled { fan, gain, form });
        }
        if ["identity", "dirac"].contains(&name) {
            return Ok(Self::Fixed);
        }
        if let Some((sparsity, deviation)) = sparse(scheme) {
            return Ok(Self::Sparse { sparsity, deviation });
        }
        match scheme.distribution(parameter)? {
            Distribution::Joint { .. } if name == "orthogonal" => Ok(Self::Orthogonal(gain)),
            Distribution::Joint { .. } | Distribution::LogUniform { .. } => Err(parameter.unfit(
                format!("scheme {name}, which other libraries do not have"),
                "a scheme of independent values, orthogonal, sparse-torch, identity or dirac",
            )),
            plain => Ok(Self::Plain(plain)),
        }
    }
}

/// The numbers of `sparse-torch`, which its text tells.
fn sparse(scheme: &dyn Scheme) -> Option<(f64, f64)> {
    /// The deviation that the text leaves out.
    const USUAL: f64 = 0.01;
    let label = scheme.label();
    let numbers = label.strip_prefix("sparse-torch:")?;
    let (sparsity, deviation) = match numbers.split_once(',') {
        Some((sparsity, deviation)) => (sparsity, deviation.parse().ok()?),
        None => (numbers, USUAL),
    };
    Some((sparsity.parse().ok()?, deviation))
}
