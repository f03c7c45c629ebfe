//! Starting weights from which a network learns: found, changed as little as needed, explained.
//!
//! ```text
//! problem ──► methods, cheapest first ──► recommendation: a scheme and a reason per parameter
//! ```
//!
//! A recommendation changes nothing: it is new weights, the rules that make them for any seed, and
//! what was asked for but could not be had. To add a method: see the folder `methods`.

mod method;
mod methods;
mod problem;
mod search;
mod recommendation;
mod rows;
mod observer;
mod draft;
mod layerwise;
mod learned;
mod tailored;
mod standardization;
mod offers;
mod tied;
mod repair;
mod fold;
mod code;

#[cfg(test)]
mod tests;

pub use code::{Language, Names, code, notes_on_names};
pub use fold::{Fold, fold};
pub use method::{Facts, Method, Redrawn};
pub use methods::{Expected, METHODS, expected, expected_of_width, expected_on};
pub use offers::{REMEDIES, Remedy, offers};
pub use problem::Problem;
pub use recommendation::{Change, Offer, Recommendation, Scale, redraw};
pub use repair::{LeftOut, Options, Repair, Tried, repair, repair_within};
pub use search::{Search, SearchObserver};
pub use standardization::fold_standardization;
pub use tailored::{
    DEEP_KERNEL_SLOPE, TAILORED_CORRELATION, Transform, deep_kernel, tailored_slope,
};

use crate::error::{Error, Result};

/// The method called `name`.
///
/// # Errors
/// [`Error::Unknown`] with the nearest name.
pub fn find(name: &str) -> Result<&'static dyn Method> {
    let wanted = name.trim().to_lowercase().replace('_', "-");
    let found = METHODS.iter().find(|method| method.facts().name == wanted);
    found.copied().ok_or_else(|| Error::unknown("method", name.trim(), &names()))
}

/// The names of all methods, cheapest first.
pub fn names() -> Vec<&'static str> {
    METHODS.iter().map(|method| method.facts().name).collect()
}
