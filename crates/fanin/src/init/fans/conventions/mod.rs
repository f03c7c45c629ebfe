//! How libraries compute fans, right or wrong, each by its name.
//!
//! A convention is applied to the layer, laid out as the library itself would keep it: `keras` says
//! of PyTorch's weight of shape (out, in) what Keras says of its own of shape (in, out). It sees one
//! tensor and knows of no parts in it; only `exact` does.
//!
//! To add one: a new file with a [`Convention`], `mod x;` and `&x::X,` in [`CONVENTIONS`].

mod layer;

mod exact;
mod torch;
mod keras;
mod jax;
mod burn;
mod candle;
mod mlx;

#[cfg(test)]
mod tests;

use super::Fans;
use crate::error::{Error, Result};
use crate::init::Parameter;
use crate::spec::Role;

pub use layer::Layer;

/// Every convention, the exact one first.
pub static CONVENTIONS: &[&Convention] = &[
    &exact::EXACT,
    &torch::TORCH,
    &keras::KERAS,
    &jax::JAX,
    &burn::BURN,
    &candle::CANDLE,
    &mlx::MLX,
];

/// How one library computes fans.
#[derive(Debug)]
pub struct Convention {
    /// Its name in rules: `torch`.
    pub name: &'static str,
    /// The rule. Key: k taps of the kernel, g groups.
    pub formula: &'static str,
    /// Where it differs from the exact fans, and where that is discussed.
    pub differs: &'static str,
    /// The fans of a weight, or what the library needs that the layer does not have.
    pub fans: fn(&Layer) -> std::result::Result<Fans, &'static str>,
}

/// The convention called `name`.
///
/// # Errors
/// [`Error::Unknown`] with the nearest name.
pub fn convention(name: &str) -> Result<&'static Convention> {
    let names: Vec<&str> = CONVENTIONS.iter().map(|c| c.name).collect();
    let wanted = name.trim().to_lowercase();
    let found = CONVENTIONS.iter().find(|c| c.name == wanted);
    found.copied().ok_or_else(|| Error::unknown("fan convention", name.trim(), &names))
}

/// The fans that a library, by the name of its convention, takes for a weight.
///
/// A fan that the library does not compute is 0, which schemes that need it refuse.
///
/// # Errors
/// [`Error::Unknown`] for the name, [`Error::Setting`] for a parameter that is no weight of two
/// axes or more, or that the library cannot lay out.
///
/// ```
/// use fanin::init::{Fans, Parameter, fans::{self, Axes}};
/// let depthwise = Parameter::weight("conv.weight", [4, 1, 3, 3], Axes::convolution(4))?;
/// assert_eq!(fans::by("exact", &depthwise)?, Fans { fan_in: 9, fan_out: 9 });
/// assert_eq!(fans::by("torch", &depthwise)?, Fans { fan_in: 9, fan_out: 36 });
/// # Ok::<(), fanin::Error>(())
/// ```
pub fn by(name: &str, parameter: &Parameter) -> Result<Fans> {
    let convention = convention(name)?;
    let layer = Layer::of(parameter)?;
    (convention.fans)(&layer).map_err(|expected| {
        let found = format!("shape {} for the fans of {}", parameter.shape, convention.name);
        parameter.unfit(found, expected)
    })
}

/// The same parameters with the fans of a library; biases have those of their module's weight.
///
/// # Errors
/// As for [`by`].
pub fn apply(name: &str, parameters: &[Parameter]) -> Result<Vec<Parameter>> {
    let convention = convention(name)?;
    let mut changed = parameters.to_vec();
    let mut of_modules = std::collections::HashMap::new();
    for parameter in changed.iter_mut().filter(|p| p.role.is_matrix()) {
        let Fans { fan_in, fan_out } = by(convention.name, parameter)?;
        (parameter.fan_in, parameter.fan_out) = (fan_in, fan_out);
        of_modules.entry(parameter.place.module.clone()).or_insert((fan_in, fan_out));
    }
    for bias in changed.iter_mut().filter(|p| p.role == Role::Bias) {
        if let Some(&fans) = of_modules.get(&bias.place.module) {
            (bias.fan_in, bias.fan_out) = fans;
        }
    }
    Ok(changed)
}
