//! Starting values: which scheme each parameter gets, what it draws, and why.
//!
//! ```text
//! parameters, rules ──► explain ──► scheme, fans, deviation and reason per parameter
//!                   └─► initialize (with a seed) ──► weights
//! ```
//!
//! To add a scheme: see the folder `schemes`.

pub mod fans;
mod parameter;
mod matrix;
mod blocks;
mod lstm;
mod free_sum;
mod request;
mod distribution;
mod settings;
mod scheme;
pub mod gain;
pub mod like;
mod values;
mod rules;
mod list;
mod from_model;
pub mod manifest;
mod outline;
mod slice;
mod shard;
mod write;
pub mod tensors;

mod schemes;

#[cfg(test)]
mod tests;

use crate::Result;
use crate::error::Error;

pub use crate::spec::{Component, Packing, Parameter, Place, Position, Role, Stack};
pub(crate) use blocks::fits_center_alone;
pub use distribution::Distribution;
pub use fans::Fans;
pub use from_model::{for_model, parameters};
pub use gain::Gain;
pub use list::list;
pub use matrix::Matrix;
pub use outline::Outline;
pub use request::Request;
pub use rules::{Chosen, Explanation, Rules, explain, initialize, labels};
pub use scheme::{Argument, Facts, Scheme};
pub use schemes::SCHEMES;
pub(crate) use schemes::mirrors_central_tap;
pub use shard::{AxisRange, Selection, Shard};
pub use slice::Slice;
pub use tensors::fill;
pub use values::{Source, Values};
pub use write::{Piece, PieceLine, Start, Written, pieces, write};

/// The scheme that `text` says: `name` or `name:argument`, as in `he-normal` or `normal:0.01`.
///
/// Underscores serve for hyphens, and other libraries' names for ours (`kaiming_normal`).
///
/// # Errors
/// [`Error::Unknown`] with the nearest name, or [`Error::Grammar`] with a caret under an argument
/// that is missing, superfluous or out of range.
///
/// ```
/// let scheme = fanin::init::find("glorot_uniform")?;
/// assert_eq!(scheme.label(), "xavier-uniform");
/// assert!(fanin::init::find("normal:-1").is_err());
/// # Ok::<(), fanin::Error>(())
/// ```
pub fn find(text: &str) -> Result<Box<dyn Scheme>> {
    let (name, argument) = match text.split_once(':') {
        Some((name, argument)) => (name, Some(argument)),
        None => (text, None),
    };
    let scheme = named(name)?;
    scheme.with_argument(argument.map(str::trim)).map_err(|expected| Error::Grammar {
        what: "scheme",
        text: text.to_owned(),
        start: argument.map_or(text.len(), |a| text.len() - a.len()),
        end: text.len(),
        expected: format!("expected {expected}, as in `{}`", scheme.facts().example),
    })
}

/// What is known of the scheme called `name`; an argument after it is ignored.
///
/// # Errors
/// [`Error::Unknown`] with the nearest name.
pub fn facts(name: &str) -> Result<&'static Facts> {
    let name = name.split(':').next().unwrap_or(name);
    named(name).map(Scheme::facts)
}

fn named(name: &str) -> Result<&'static dyn Scheme> {
    let wanted = name.trim().to_lowercase().replace('_', "-");
    let is_named =
        |s: &&&dyn Scheme| s.facts().name == wanted || s.facts().aliases.contains(&wanted.as_str());
    let scheme = SCHEMES.iter().find(is_named);
    scheme.copied().ok_or_else(|| {
        let aliases: Vec<&str> = SCHEMES.iter().flat_map(|s| s.facts().aliases).copied().collect();
        Error::unknown_besides("scheme", name.trim(), &names(), &aliases)
    })
}

/// The names of all schemes, in the registry's order.
pub fn names() -> Vec<&'static str> {
    SCHEMES.iter().map(|s| s.facts().name).collect()
}
