//! Schemes applied to a [`Model`]: its parameters as a scheme sees them.

use super::fans::Axes;
use super::{Parameter, Place, Position, Rules, initialize};
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
        let axes = if parameter.role.is_matrix() { Axes::linear() } else { Axes::default() };
        let position = |index, count| Position { index, count };
        let module = parameter.name.rsplit_once('.').map_or("", |(module, _)| module);
        let blocks = parameter.blocks;
        let place = Place {
            layer: parameter.linear_index.map(|index| position(index, parameter.linear_count)),
            block: parameter.branch.map(|branch| position(branch.block, branch.blocks)),
            branch: parameter.branch.map(|b| position(b.linear_index, b.linear_count)),
            decoder_blocks: blocks,
            residual_sums: blocks,
            is_head: parameter.is_output,
            is_residual_output: parameter.branch.is_some_and(|branch| branch.is_last_linear),
            has_residual_scale: Some(false),
            has_shortcut_scale: Some(false),
            module: module.to_owned(),
            ..Place::default()
        };
        Self {
            axes,
            fan_in: parameter.fan_in.unwrap_or(0),
            fan_out: parameter.fan_out.unwrap_or(0),
            activation,
            place,
            ..Self::new(&parameter.name, parameter.shape.clone(), parameter.role)
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
            fans: init.fans.clone(),
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
