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
    /// The library by whose convention fans are computed: `torch`. Default: the exact fans.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fans: Option<String>,
}

/// A scheme for the parameters whose name fits a pattern, or that have a role.
///
/// ```
/// use fanin::spec::Spec;
///
/// let text = "[[init.rules]]\nrole = \"head\"\nscheme = \"zeros\"";
/// let spec = Spec::from_toml(text, "fanin.toml".as_ref())?;
/// assert_eq!(spec.init.rules[0].pattern, "role:head");
/// # Ok::<(), fanin::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RuleTable", into = "RuleTable")]
pub struct InitRule {
    /// A parameter name, in which `*` stands for any characters and `?` for any one; or `role:` and
    /// a role, which a file says with a key of its own: `role = "embedding"`.
    pub pattern: String,
    /// The scheme's name.
    pub scheme: String,
}

/// What begins the pattern of a rule that chooses by role.
const ROLE: &str = "role:";

/// The rule as it is written: either a pattern or a role.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleTable {
    #[serde(skip_serializing_if = "Option::is_none")]
    pattern: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<String>,
    scheme: String,
}

impl TryFrom<RuleTable> for InitRule {
    type Error = &'static str;

    fn try_from(table: RuleTable) -> std::result::Result<Self, Self::Error> {
        let pattern = match (table.pattern, table.role) {
            (Some(pattern), None) => pattern,
            (None, Some(role)) => format!("{ROLE}{}", role.trim()),
            (Some(_), Some(_)) => return Err("both `pattern` and `role`, expected one of them"),
            (None, None) => return Err("neither `pattern` nor `role`, expected one of them"),
        };
        Ok(Self { pattern, scheme: table.scheme })
    }
}

impl From<InitRule> for RuleTable {
    fn from(rule: InitRule) -> Self {
        let role = rule.pattern.strip_prefix(ROLE).map(str::to_owned);
        let pattern = role.is_none().then_some(rule.pattern);
        Self { pattern, role, scheme: rule.scheme }
    }
}

impl Default for InitSpec {
    fn default() -> Self {
        Self { scheme: "he-normal".to_owned(), bias: None, rules: Vec::new(), fans: None }
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
        if let Some(fans) = &self.fans {
            not_empty("init.fans", fans, "the name of a library")?;
        }
        for (index, rule) in self.rules.iter().enumerate() {
            let place = |key| format!("init.rules[{index}].{key}");
            let (key, text, expected) = match rule.pattern.strip_prefix(ROLE) {
                Some(role) => ("role", role, "a role, as `embedding`"),
                None => ("pattern", rule.pattern.as_str(), "a parameter name, `*` for any part"),
            };
            not_empty(&place(key), text, expected)?;
            not_empty(&place("scheme"), &rule.scheme, "the name of a scheme")?;
        }
        Ok(())
    }
}
