//! The registry of activations: one file each, value and everything that follows from it.
//!
//! To add one: a new file with a [`Formula`], `mod x;` and `&x::X,` in [`ACTIVATIONS`].

mod formula;

mod identity;
mod relu;
mod tanh;

pub use formula::{Activation, Formula};

/// Every activation, with its default parameter where it has one.
pub static ACTIVATIONS: &[&dyn Activation] = &[&identity::Identity, &relu::Relu, &tanh::Tanh];

/// The activation called `text`: a name, or `name:parameter` (`leaky_relu:0.2`).
///
/// `None` if no activation has this name or it takes no such parameter.
pub fn find(text: &str) -> Option<Box<dyn Activation>> {
    let (name, parameter) = match text.split_once(':') {
        Some((name, parameter)) => (name, Some(parameter.trim().parse::<f64>().ok()?)),
        None => (text, None),
    };
    let found = ACTIVATIONS.iter().find(|a| a.name() == name)?;
    found.with_parameter(parameter)
}

/// The names of all activations, in the registry's order.
pub fn names() -> Vec<&'static str> {
    ACTIVATIONS.iter().map(|a| a.name()).collect()
}
