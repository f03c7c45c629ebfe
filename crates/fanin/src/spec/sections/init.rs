//! `[init]`: which scheme gives which parameter its starting values.

use serde::{Deserialize, Serialize};

use super::range::ensure;
use crate::error::Result;

/// Schemes by name, as the registry of schemes knows them: `he-normal`, `normal:0.01`, …
///
/// ```
/// use fanin::spec::{InitRule, InitSpec, Spec};
///
/// let text = "[init]\nbias = \"zeros\"\nrules = [{ pattern = \"0.*\", scheme = \"orthogonal\" }]";
/// let spec = Spec::from_toml(text, "fanin.toml".as_ref())?;
/// let rule = InitRule { pattern: "0.*".into(), scheme: "orthogonal".into() };
/// let init = InitSpec { bias: Some("zeros".into()), rules: vec![rule], ..InitSpec::default() };
/// assert_eq!(spec.init, init);
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
