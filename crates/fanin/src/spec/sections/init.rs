//! `[init]`: which scheme gives which parameter its starting values.

use serde::{Deserialize, Serialize};

use super::range::ensure;
use crate::error::{Error, Result};
use crate::spec::glob;
use crate::spec::parameters::{Parameter, Role};

/// Schemes by name, as the registry of schemes knows them: `he-normal`, `normal:0.01`, …
///
/// ```
/// use fanin::spec::{InitRule, InitSpec, Model};
///
/// let rule = InitRule { pattern: "0.*".into(), scheme: "orthogonal".into() };
/// let init = InitSpec { bias: Some("zeros".into()), rules: vec![rule], ..InitSpec::default() };
/// let parameters = "4 -> 8 relu -> 2".parse::<Model>()?.parameters()?;
/// let schemes: Vec<_> = parameters.iter().map(|p| init.scheme_for(p)).collect();
/// let expected = [Some("orthogonal"), Some("orthogonal"), Some("he-normal"), Some("zeros")];
/// assert_eq!(schemes, expected);
/// # Ok::<(), fanin::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InitSpec {
    /// Scheme for all weights. Default `he-normal`.
    pub scheme: String,
    /// Scheme for all biases. Default: what `scheme` says of biases.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bias: Option<String>,
    /// Exceptions by name; the first whose pattern fits a parameter decides. Default none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<InitRule>,
}

/// A scheme for the parameters whose name fits a pattern.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InitRule {
    /// A parameter name, in which `*` stands for any characters and `?` for any one.
    pub pattern: String,
    /// The scheme's name.
    pub scheme: String,
}

impl Default for InitSpec {
    fn default() -> Self {
        Self { scheme: "he-normal".to_owned(), bias: None, rules: Vec::new() }
    }
}

impl InitSpec {
    /// The scheme that this says for a parameter.
    ///
    /// `None` for a bias that is left to the rule of `scheme` itself, and for gains, shifts,
    /// slopes and buffers, which have their own start ([`Role::start`]).
    pub fn scheme_for(&self, parameter: &Parameter) -> Option<&str> {
        if !parameter.role.is_trained() {
            return None;
        }
        let fits = |rule: &&InitRule| glob::matches(&rule.pattern, &parameter.name);
        let by_role = || match parameter.role {
            Role::Weight => Some(self.scheme.as_str()),
            Role::Bias => self.bias.as_deref(),
            _ => None,
        };
        self.rules.iter().find(fits).map(|rule| rule.scheme.as_str()).or_else(by_role)
    }

    /// Refuses a pattern that no parameter fits, which is most likely a typing error.
    ///
    /// # Errors
    /// [`Error::Unknown`] with the names of all trained parameters.
    pub fn check_patterns(&self, parameters: &[Parameter]) -> Result<()> {
        let trained = parameters.iter().filter(|parameter| parameter.role.is_trained());
        let names: Vec<&str> = trained.map(|parameter| parameter.name.as_str()).collect();
        for InitRule { pattern, .. } in &self.rules {
            if !names.iter().any(|name| glob::matches(pattern, name)) {
                return Err(Error::unknown("parameter", pattern, &names));
            }
        }
        Ok(())
    }

    pub(in crate::spec) fn validate(&self) -> Result<()> {
        let not_empty = |place: &str, text: &str, expected: &str| {
            ensure(!text.trim().is_empty(), place, &"no text", expected)
        };
        not_empty("init.scheme", &self.scheme, "the name of a scheme")?;
        if let Some(bias) = &self.bias {
            not_empty("init.bias", bias, "the name of a scheme")?;
        }
        for (index, rule) in self.rules.iter().enumerate() {
            let place = |key| format!("init.rules[{index}].{key}");
            not_empty(&place("pattern"), &rule.pattern, "a parameter name, `*` for any part")?;
            not_empty(&place("scheme"), &rule.scheme, "the name of a scheme")?;
        }
        Ok(())
    }
}
