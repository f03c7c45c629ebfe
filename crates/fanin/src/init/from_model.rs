//! Schemes applied to a [`Model`]: its parameters as a scheme sees them.

use super::{Parameter, Rules, initialize};
use crate::error::Result;
use crate::spec::{self, InitSpec, Model};
use crate::weights::Weights;

impl From<&spec::Parameter> for Parameter {
    fn from(parameter: &spec::Parameter) -> Self {
        let activation = match parameter.activation.as_str() {
            "identity" => None,
            // A trained slope starts at 0.25, as a leaky rectifier of that slope.
            "prelu" => Some("leaky_relu:0.25".to_owned()),
            name => Some(name.to_owned()),
        };
        Self {
            name: parameter.name.clone(),
            shape: parameter.shape.clone(),
            role: parameter.role,
            fan_in: parameter.fan_in.unwrap_or(0),
            fan_out: parameter.fan_out.unwrap_or(0),
            activation,
        }
    }
}

/// The rules that the `[init]` section of a spec says.
///
/// ```
/// use fanin::init::Rules;
/// use fanin::spec::InitSpec;
/// assert_eq!(Rules::from(&InitSpec::default()), Rules::new("he-normal"));
/// ```
impl From<&InitSpec> for Rules {
    fn from(init: &InitSpec) -> Self {
        Self {
            default: init.scheme.clone(),
            bias: init.bias.clone(),
            patterns: init.rules.iter().map(|r| (r.pattern.clone(), r.scheme.clone())).collect(),
        }
    }
}

/// The parameters of `model` as schemes see them, in order.
///
/// # Errors
/// If the model does not fit together.
pub fn parameters(model: &Model) -> Result<Vec<Parameter>> {
    Ok(model.parameters()?.iter().map(Parameter::from).collect())
}

/// Starting weights for `model` by `rules`.
///
/// ```
/// use fanin::init::{Rules, for_model};
/// let model = "4 -> 8 relu -> 2".parse()?;
/// let weights = for_model(&model, &Rules::new("he-normal"), 0)?;
/// assert_eq!(weights.get("0.weight").unwrap().shape().axes(), [8, 4]);
/// # Ok::<(), fanin::Error>(())
/// ```
///
/// # Errors
/// If a rule names an unknown scheme, or one that does not fit a parameter.
pub fn for_model(model: &Model, rules: &Rules, seed: u64) -> Result<Weights> {
    initialize(&parameters(model)?, rules, seed)
}
