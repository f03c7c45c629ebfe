//! What each floating initializer of an ONNX model is, by the operators that take it.
//!
//! ```text
//! initializer ─► views (Transpose, Reshape, …) ─► node that takes it ─► role, axes, fans, place
//! ```
//!
//! What an operator does with its inputs stands in [`IMPORTS`](super::IMPORTS). Names decide
//! nothing, except what the exporter itself says of parameters and buffers. Only patterns of
//! several operators, such as a norm that is written out, are known here by operators' names.

pub(super) mod links;
mod view;
mod trace;
mod signature;
mod before;
pub(super) mod after;
mod constants;
mod axes;
mod decide;
mod layers;
mod attention;
mod packing;
mod unrolled;
mod residual;
mod traps;
mod found;

pub(super) use signature::{Signature, module, owner, said_module};

use crate::Result;
use crate::error::Error;
use crate::formats::onnx::{ElementType, Model, OnnxFile};
use crate::import::bodies;
use crate::init::{self, Role};
use crate::spec::glob;

/// What a user says of a model's initializers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overrides {
    /// Roles by patterns of names, `*` for any characters; the last that fits counts.
    pub roles: Vec<(String, Role)>,
    /// Patterns of what is a parameter, whatever it looks like.
    pub parameters: Vec<String>,
    /// Patterns of what is none.
    pub frozen: Vec<String>,
}

/// What the floating initializers of a model are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Roles {
    /// Those that are trained, in the order of the file.
    pub parameters: Vec<Found>,
    /// Those that are not.
    pub constants: Vec<Constant>,
    /// What a user should know of the file as a whole.
    pub notes: Vec<String>,
}

/// A parameter with its role in the network.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// What schemes see; its name is unique, also where the exporter merged equal ones.
    pub parameter: init::Parameter,
    /// The initializer's name in the file.
    pub initializer: String,
    /// Its name in the framework, as far as the file says.
    pub framework: Option<String>,
    /// The node that takes it, behind views: `Conv "node_conv2d"`.
    pub consumer: String,
    /// The number of that node in the file.
    pub node: Option<usize>,
    /// The initializer that it was one with before the exporter split them.
    pub tied: Option<String>,
    /// What a user should know of it.
    pub notes: Vec<String>,
}

/// A floating initializer that is no parameter.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Constant {
    /// Its name in the file.
    pub name: String,
    /// The lengths of its axes.
    pub shape: Vec<usize>,
    /// Why it is none.
    pub reason: String,
}

/// What the floating initializers of a model are.
///
/// # Errors
/// [`Error::Unknown`] if a pattern of `overrides` fits no initializer.
///
/// ```no_run
/// use fanin::formats::onnx::OnnxFile;
/// use fanin::import::roles::{Overrides, find};
/// let file = OnnxFile::read("model.onnx".as_ref())?;
/// for found in find(&file, &file.model()?, &Overrides::default())?.parameters {
///     println!("{} {}", found.parameter.name, found.parameter.role.label());
/// }
/// # Ok::<(), fanin::Error>(())
/// ```
pub fn find(file: &OnnxFile, model: &Model<'_>, overrides: &Overrides) -> Result<Roles> {
    overrides.check(model)?;
    Ok(search(file, model, overrides))
}

/// As [`find`], where patterns need not fit.
pub(super) fn search(file: &OnnxFile, model: &Model<'_>, overrides: &Overrides) -> Roles {
    use ElementType::{Bf16, F16, F32, F64};
    let written = bodies::written_in(model);
    let model = written.as_ref().unwrap_or(model);
    let floats = model.graph.initializers.iter();
    let floats = floats.filter(|tensor| matches!(tensor.element_type, F32 | F64 | F16 | Bf16));
    found::Search::new(file, model, overrides).all(floats)
}

impl Overrides {
    /// Refuses patterns that fit no initializer.
    pub(super) fn check(&self, model: &Model<'_>) -> Result<()> {
        let all = bodies::initializers(&model.graph).into_iter();
        let names: Vec<&str> =
            all.filter(|t| t.element_type.is_float()).map(|tensor| tensor.name).collect();
        let said = self.roles.iter().map(|(pattern, _)| pattern);
        let said = said.chain(&self.parameters).chain(&self.frozen);
        for pattern in said {
            if !names.iter().any(|name| glob::matches(pattern, name)) {
                return Err(Error::unknown("initializer", pattern, &names));
            }
        }
        Ok(())
    }

    fn role(&self, name: &str) -> Option<Role> {
        let fits = |(pattern, _): &&(String, Role)| glob::matches(pattern, name);
        self.roles.iter().rev().find(fits).map(|(_, role)| *role)
    }

    /// Whether an initializer is said to be a parameter; none if nothing is said.
    pub(super) fn is_parameter(&self, name: &str) -> Option<bool> {
        let fits = |patterns: &[String]| patterns.iter().any(|p| glob::matches(p, name));
        if fits(&self.frozen) {
            return Some(false);
        }
        (fits(&self.parameters) || self.role(name).is_some()).then_some(true)
    }
}

#[cfg(test)]
mod tests;
