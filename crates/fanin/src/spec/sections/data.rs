//! `[data]`: where the rows come from and how they are prepared.

use serde::{Deserialize, Serialize};

use super::range::ensure;
use crate::error::Result;
use crate::spec::named::named;

/// The data and its preparation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataSpec {
    /// Name of an embedded data set, or a file or folder. Default `digits`.
    pub source: String,
    /// Column of the target, for files that name their columns. Default: the last column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// A second file that holds the targets, for files of a single array.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub targets_file: Option<String>,
    /// The array of a .npz file that holds the features. Default: by its usual names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub features: Option<String>,
    /// Columns to leave out. Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignore: Vec<String>,
    /// Columns whose cells are names even where they are numbers. Default: columns of words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub categorical: Vec<String>,
    /// How features, and numbers to learn, are scaled, always by the training rows' numbers. Default `standard`.
    pub standardize: Standardize,
    /// What is done with missing values. Default `error`.
    pub missing: Missing,
    /// Whether the first line of a CSV file names the columns. Default true.
    pub header: bool,
}

named! {
    /// How features, and numbers to learn, are scaled.
    Standardize, "standardization" {
        /// To mean 0 and standard deviation 1.
        Standard = "standard",
        /// To [0, 1].
        MinMax = "min-max",
        /// Not at all.
        None = "none",
    }
}

named! {
    /// What is done with missing values.
    Missing, "missing policy" {
        /// An error names the first one's row and column.
        Error = "error",
        /// Rows with one are left out.
        Drop = "drop",
        /// The column's mean over the training rows stands in.
        Mean = "mean",
        /// 0 stands in.
        Zero = "zero",
        /// NaN stays in its place, to describe the data as they are; nothing can be trained so.
        Keep = "keep",
    }
}

impl Default for DataSpec {
    fn default() -> Self {
        Self {
            source: "digits".to_owned(),
            target: None,
            targets_file: None,
            features: None,
            ignore: Vec::new(),
            categorical: Vec::new(),
            standardize: Standardize::Standard,
            missing: Missing::Error,
            header: true,
        }
    }
}

impl DataSpec {
    pub(in crate::spec) fn validate(&self) -> Result<()> {
        let source = "the name of a data set, a file or a folder";
        ensure(!self.source.is_empty(), "data.source", &"no text", source)?;
        let is_named = self.target.as_ref().is_none_or(|target| !target.is_empty());
        ensure(is_named, "data.target", &"no text", "the name of a column")
    }
}
