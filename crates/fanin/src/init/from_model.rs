//! Schemes applied to a [`Model`]: its parameters as a scheme sees them.

use super::{Parameter, Rules, initialize};
use crate::error::Result;
use crate::spec::{InitSpec, Model};
use crate::weights::Weights;

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
    model.parameters()
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
