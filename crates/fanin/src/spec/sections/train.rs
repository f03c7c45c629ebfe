//! `[train]`: how long, in which portions, from which seeds.

use std::fmt;

use serde::de::{self, Deserializer, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::range::{at_least_one, below_one, ensure, share, zero_or_more};
use crate::error::{Error, Result};

/// The course of a training run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainSpec {
    /// Passes over the training rows, at least 1. Default 15.
    pub epochs: usize,
    /// Rows in one step, or `"full"` for all at once. Default 64, or all where there are fewer;
    /// gradient-descent and lbfgs take all, and no other number may stand beside them.
    pub batch_size: BatchSize,
    /// One number or a list: one run each; a single run takes the first. Default 0, 1, 2.
    #[serde(alias = "seed", deserialize_with = "seeds")]
    pub seeds: Vec<u64>,
    /// Share of the rows that early stopping watches, in [0, 1). Default 0.
    pub validation_fraction: f64,
    /// Share of the rows kept for the final judgment, in [0, 1); data that comes with test rows
    /// ignores it. Default 0.2.
    pub test_fraction: f64,
    /// Accuracy whose first epoch is reported, above 0 and at most 1; a higher one counts where always
    /// giving the commonest class comes to it. Default 0.9.
    pub target_accuracy: f64,
    /// Ends a run that no longer gets better. Default: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub early_stopping: Option<EarlyStopping>,
}

/// Rows of a step unless said otherwise; fewer where the data have fewer.
pub const DEFAULT_ROWS: usize = 64;

/// How many rows make one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchSize {
    /// So many; the last batch of an epoch may be smaller.
    Rows(usize),
    /// All training rows: batch gradient descent.
    Full,
}

/// Ends a run when the validation loss has not become smaller for a while.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EarlyStopping {
    /// Epochs without improvement after which the run ends, at least 1. Default 5.
    pub patience: usize,
    /// What counts as improvement, at least 0. Default 0.
    pub min_delta: f64,
}

impl Default for TrainSpec {
    fn default() -> Self {
        Self {
            epochs: 15,
            batch_size: BatchSize::Rows(DEFAULT_ROWS),
            seeds: vec![0, 1, 2],
            validation_fraction: 0.0,
            test_fraction: 0.2,
            target_accuracy: 0.9,
            early_stopping: None,
        }
    }
}

impl Default for EarlyStopping {
    fn default() -> Self {
        Self { patience: 5, min_delta: 0.0 }
    }
}

impl TrainSpec {
    pub(in crate::spec) fn validate(&self) -> Result<()> {
        at_least_one("train.epochs", self.epochs)?;
        if let BatchSize::Rows(rows) = self.batch_size {
            let expected = "at least 1 row, or \"full\" for all";
            ensure(rows >= 1, "train.batch_size", &rows, expected)?;
        }
        ensure(!self.seeds.is_empty(), "train.seeds", &"no seed", "at least one")?;
        below_one("train.validation_fraction", self.validation_fraction)?;
        below_one("train.test_fraction", self.test_fraction)?;
        let kept = self.validation_fraction + self.test_fraction;
        let found = format!("{kept} together with train.validation_fraction");
        let expected = "less than 1, so that rows are left for training";
        ensure(kept < 1.0, "train.test_fraction", &found, expected)?;
        share("train.target_accuracy", self.target_accuracy)?;
        let Some(early) = &self.early_stopping else {
            return Ok(());
        };
        at_least_one("train.early_stopping.patience", early.patience)?;
        zero_or_more("train.early_stopping.min_delta", early.min_delta)?;
        let expected = "a validation_fraction above 0 in [train], whose loss it watches";
        let watches = self.validation_fraction > 0.0;
        ensure(watches, "train.early_stopping", &"no validation rows", expected)
    }
}

impl std::str::FromStr for BatchSize {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "full" => Ok(Self::Full),
            rows => rows.parse().map(Self::Rows).map_err(|_| Error::Setting {
                place: "batch size".to_owned(),
                found: format!("`{rows}`"),
                expected: "a whole number of rows, or `full`".to_owned(),
            }),
        }
    }
}

impl Serialize for BatchSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Self::Rows(rows) => serializer.serialize_u64(*rows as u64),
            Self::Full => serializer.serialize_str("full"),
        }
    }
}

impl<'de> Deserialize<'de> for BatchSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct BatchSizeVisitor;

        impl Visitor<'_> for BatchSizeVisitor {
            type Value = BatchSize;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number of rows, or \"full\"")
            }

            fn visit_i64<E: de::Error>(self, rows: i64) -> std::result::Result<BatchSize, E> {
                let negative = |_| E::invalid_value(Unexpected::Signed(rows), &self);
                usize::try_from(rows).map(BatchSize::Rows).map_err(negative)
            }

            fn visit_u64<E: de::Error>(self, rows: u64) -> std::result::Result<BatchSize, E> {
                Ok(BatchSize::Rows(rows as usize))
            }

            fn visit_str<E: de::Error>(self, word: &str) -> std::result::Result<BatchSize, E> {
                if word == "full" {
                    return Ok(BatchSize::Full);
                }
                Err(E::invalid_value(Unexpected::Str(word), &self))
            }
        }

        deserializer.deserialize_any(BatchSizeVisitor)
    }
}

fn seeds<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Vec<u64>, D::Error> {
    struct SeedsVisitor;

    impl<'de> Visitor<'de> for SeedsVisitor {
        type Value = Vec<u64>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a whole number of at least 0, or a list of them")
        }

        fn visit_i64<E: de::Error>(self, seed: i64) -> std::result::Result<Vec<u64>, E> {
            let negative = |_| E::invalid_value(Unexpected::Signed(seed), &self);
            u64::try_from(seed).map(|seed| vec![seed]).map_err(negative)
        }

        fn visit_u64<E: de::Error>(self, seed: u64) -> std::result::Result<Vec<u64>, E> {
            Ok(vec![seed])
        }

        fn visit_seq<A: SeqAccess<'de>>(
            self,
            mut list: A,
        ) -> std::result::Result<Vec<u64>, A::Error> {
            let mut seeds = Vec::new();
            while let Some(seed) = list.next_element()? {
                seeds.push(seed);
            }
            Ok(seeds)
        }
    }

    deserializer.deserialize_any(SeedsVisitor)
}
