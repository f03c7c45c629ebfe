//! `[check]`: how much a check measures.

use serde::{Deserialize, Serialize};

use crate::spec::named::named;

named! {
    /// How much a check measures beside what its word and causes hang on.
    Extent, "extent" {
        /// What takes no longer than an epoch of the same network, most telling first.
        Fitting = "fitting",
        /// Everything.
        All = "all",
    }
}

/// How much a check measures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CheckSpec {
    /// Default `fitting`.
    pub extent: Extent,
}

impl Default for CheckSpec {
    fn default() -> Self {
        Self { extent: Extent::Fitting }
    }
}

impl CheckSpec {
    pub(in crate::spec) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
