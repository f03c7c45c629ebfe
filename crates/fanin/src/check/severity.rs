//! How bad a finding is.

use serde::{Deserialize, Serialize};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The seeds do not tell whether it harms: measure more of them.
    Inconclusive,
    /// Training will suffer.
    Warn,
    /// Training will fail.
    Fail,
}

impl Severity {
    /// The word in tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Inconclusive => "INCONCLUSIVE",
            Self::Warn => "WARN",
            Self::Fail => "FAIL",
        }
    }
}
