//! The registry of activations: one file each, value and everything that follows from it.
//!
//! To add one: a new file with a [`Formula`], `mod x;` and `&x::X,` in [`ACTIVATIONS`];
//! then its definition in `tests/digits.py`, and the tests say what else they ask of it. Formulas are
//! `#[inline(always)]` and choose between numbers that are made anyway, so that loops over them are
//! compiled for wide instructions; `bench/activations.py` shows where one is not.

#![allow(clippy::inline_always, reason = "a formula must be compiled where a loop calls it")]

mod formula;

mod identity;
mod sigmoid;
mod tanh;
mod erf;
mod softsign;
mod hardtanh;
mod sin;
mod relu;
mod leaky_relu;
mod relu2;
mod elu;
mod selu;
mod softplus;
mod gate;
mod gelu;
mod gelu_tanh;
mod silu;
mod mish;
mod hardswish;

#[cfg(test)]
mod tests;

pub use formula::{Activation, Formula, SlopeOfValue};

/// Every activation, with its default parameter where it has one.
pub static ACTIVATIONS: &[&dyn Activation] = &[
    &identity::Identity,
    &sigmoid::Sigmoid,
    &tanh::Tanh,
    &erf::Erf,
    &softsign::Softsign,
    &hardtanh::Hardtanh,
    &sin::Sin,
    &relu::Relu,
    &leaky_relu::LeakyRelu { negative_slope: 0.01 },
    &relu2::Relu2,
    &elu::Elu { alpha: 1.0 },
    &selu::Selu,
    &softplus::Softplus,
    &gelu::Gelu,
    &gelu_tanh::GeluTanh,
    &silu::Silu,
    &mish::Mish,
    &hardswish::Hardswish,
];

/// The activation called `text`: a name, or `name:parameter` (`leaky_relu:0.2`).
///
/// `relu²` is another way to write `relu2`.
///
/// `None` if no activation has this name or it takes no such parameter; [`names`] says which
/// there are.
///
/// ```
/// let leaky = fanin_engine::activations::find("leaky_relu:0.2").expect("it is registered");
/// assert_eq!(leaky.at(0, -10.0), -2.0);
/// assert_eq!(leaky.at(1, -10.0), 0.2);
/// assert!(fanin_engine::activations::find("relu:0.2").is_none());
/// ```
pub fn find(text: &str) -> Option<Box<dyn Activation>> {
    let (name, parameter) = match text.split_once(':') {
        Some((name, parameter)) => (name, Some(parameter.trim().parse::<f64>().ok()?)),
        None => (text, None),
    };
    let name = if name == "relu²" { "relu2" } else { name };
    let found = ACTIVATIONS.iter().find(|a| a.name() == name)?;
    found.with_parameter(parameter)
}

/// The names of all activations, in the registry's order.
pub fn names() -> Vec<&'static str> {
    ACTIVATIONS.iter().map(|a| a.name()).collect()
}
