//! What every scheme tells of itself and can do.

use std::fmt::Debug;

use super::fans::Axes;
use super::{Distribution, Parameter, Request};
use crate::error::Result;
use crate::spec::Role;

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

    /// What a parameter, or one part of a packed one, gets to which this scheme is applied.
    ///
    /// # Errors
    /// If the scheme needs fans, a shape, an activation or a place that this parameter does not
    /// have.
    fn distribution(&self, parameter: &Parameter) -> Result<Distribution>;

    /// Whether it decides for parameters of this role where it is the scheme of the whole network;
    /// the others start as [`Role::start`] says. A rule can apply it to any role.
    fn serves(&self, role: Role) -> bool {
        role.is_matrix()
    }

    /// Whether elements can only be given all together, as those of an orthogonal matrix.
    fn is_whole(&self) -> bool {
        false
    }

    /// Whether that is so for this parameter.
    fn is_whole_for(&self, _parameter: &Parameter) -> bool {
        self.is_whole()
    }

    /// Whether the values depend on the seed, where they are not all the same.
    fn is_random(&self, _parameter: &Parameter) -> bool {
        true
    }

    /// The factor by which the scheme allows for the activation that follows, if it has one.
    ///
    /// # Errors
    /// If the activation has no such factor.
    fn gain(&self, _parameter: &Parameter) -> Result<Option<f64>> {
        Ok(None)
    }

    /// Parameters that show what it does, large enough for statistics; the laws that every scheme
    /// keeps are tested on them.
    fn samples(&self) -> Vec<Parameter> {
        let convolution = Axes::convolution(1);
        let relu = |parameter: Parameter| parameter.followed_by("relu");
        let convolution = Parameter::weight("1.weight", [96, 32, 3, 3], convolution).map(relu);
        let linear = relu(Parameter::linear("0.weight", 300, 200));
        [Ok(linear), convolution].into_iter().flatten().collect()
    }

    /// Fills `out` with elements `start`.. of the parameter, in row-major order of its own shape.
    ///
    /// Each element is a function of seed, name and index alone, whatever slice is asked for; a
    /// scheme that [is whole](Self::is_whole) is only asked for all elements, from 0.
    ///
    /// # Errors
    /// As for [`Scheme::distribution`].
    fn fill(&self, request: &Request<'_>, start: u64, out: &mut [f32]) -> Result<()> {
        self.distribution(request.parameter)?.fill(request.stream(), start, out);
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
    /// What a network must have for it to serve all its weights, such as `convolutions`; empty if
    /// any network will do.
    pub needs: &'static str,
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
