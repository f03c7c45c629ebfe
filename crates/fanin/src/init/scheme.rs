//! What every scheme tells of itself and can do.

use std::fmt::Debug;

use super::{Distribution, Parameter, Request};
use crate::error::Result;

/// A rule that gives a parameter its starting values.
pub trait Scheme: Debug + Send + Sync {
    /// What people are told of it.
    fn facts(&self) -> &'static Facts;

    /// The text that [`find`](super::find) turns into this scheme again.
    fn label(&self) -> String {
        self.facts().name.to_owned()
    }

    /// The scheme of this name with the argument that follows the colon, if any.
    ///
    /// # Errors
    /// What was expected: `a standard deviation of 0 or more`.
    fn with_argument(&self, argument: Option<&str>) -> Argument;

    /// What a parameter gets to which this scheme is applied.
    ///
    /// # Errors
    /// If the scheme needs fans, a shape or an activation that this parameter does not have.
    fn distribution(&self, parameter: &Parameter) -> Result<Distribution>;

    /// What biases get where this is the scheme of the whole network; 0 unless the scheme says
    /// otherwise.
    ///
    /// # Errors
    /// As for [`Scheme::distribution`].
    fn bias(&self, _parameter: &Parameter) -> Result<Distribution> {
        Ok(Distribution::Constant(0.0))
    }

    /// The factor by which the scheme allows for the activation that follows, if it has one.
    ///
    /// # Errors
    /// If the activation has no such factor.
    fn gain(&self, _parameter: &Parameter) -> Result<Option<f64>> {
        Ok(None)
    }

    /// Fills `out`, all elements of the parameter in row-major order.
    ///
    /// # Errors
    /// As for [`Scheme::distribution`].
    fn fill(&self, request: &Request<'_>, out: &mut [f32]) -> Result<()> {
        self.distribution(request.parameter)?.fill(request.stream(), 0, out);
        Ok(())
    }
}

/// A scheme with its argument, or what was expected of the argument.
pub type Argument = std::result::Result<Box<dyn Scheme>, String>;

/// What people are told of a scheme.
#[derive(Debug, PartialEq, Eq, serde::Serialize)]
pub struct Facts {
    /// The name in specs, tables and reports.
    pub name: &'static str,
    /// Names that other libraries give it.
    pub aliases: &'static [&'static str],
    /// A text that makes one, with an argument if it takes any.
    pub example: &'static str,
    /// What the argument is; empty if it takes none.
    pub argument: &'static str,
    /// The rule. Key: d fan-in, e fan-out, g gain; U(±b) uniform, N(0, σ²) normal.
    pub formula: &'static str,
    /// Where it was published, or who uses it.
    pub source: &'static str,
    /// When it is a good choice.
    pub when: &'static str,
    /// When it fails.
    pub avoid: &'static str,
}

/// The answer of a scheme that takes no argument.
pub(super) fn without_argument(argument: Option<&str>, scheme: impl Scheme + 'static) -> Argument {
    match argument {
        None => Ok(Box::new(scheme)),
        Some(_) => Err("no argument".to_owned()),
    }
}

/// A number that `f32` can hold.
pub(super) fn number(text: &str) -> Option<f64> {
    let value: f64 = text.trim().parse().ok()?;
    (value as f32).is_finite().then_some(value)
}

/// A number of 0 or more that `f32` can hold.
pub(super) fn non_negative(argument: Option<&str>) -> Option<f64> {
    argument.and_then(number).filter(|&value| value >= 0.0)
}
