//! How much training a proof may take.

use serde::Serialize;

use crate::error::{Error, Result};

/// How much training a proof may take.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProofOptions {
    /// Seeds that are compared; learning rates are chosen on the one behind the largest.
    pub seeds: Vec<u64>,
    /// The learning rates that both starts try, over the planned one.
    pub factors: Vec<f64>,
    /// Seconds that all runs together should take at most; steps are left out for it, and said.
    pub seconds: Option<f64>,
    /// How many times as long the fewest steps that tell anything may take, before nothing is
    /// trained at all: 1, or [`PATIENCE`](Self::PATIENCE) for seconds that somebody named.
    pub patience: f64,
}

/// A first answer within half a minute, the rest of the command included.
pub const DEFAULT_SECONDS: f64 = 20.0;

impl Default for ProofOptions {
    /// Five seeds, four rates, twenty seconds, no patience.
    fn default() -> Self {
        Self {
            seeds: (0..5).collect(),
            factors: vec![0.1, 0.3, 1.0, 3.0],
            seconds: Some(DEFAULT_SECONDS),
            patience: 1.0,
        }
    }
}

impl ProofOptions {
    /// The patience that seconds deserve which somebody named: a step may take twice as long as a
    /// moment ago, and what was said to be enough then is enough.
    pub const PATIENCE: f64 = 2.0;

    pub(super) fn validate(&self) -> Result<()> {
        let refuse = |place: &str, found: String, expected: &str| {
            let (place, expected) = (place.to_owned(), expected.to_owned());
            Err(Error::Setting { place, found, expected })
        };
        if self.seeds.len() < 2 {
            return refuse("seeds of the proof", self.seeds.len().to_string(), "at least two");
        }
        let usable = |factor: &&f64| !(factor.is_finite() && **factor > 0.0);
        if let Some(bad) = self.factors.iter().find(usable) {
            return refuse("learning rates of the proof", bad.to_string(), "factors above 0");
        }
        if self.factors.is_empty() {
            return refuse("learning rates of the proof", "none".to_owned(), "at least one");
        }
        if self.patience.is_nan() || self.patience < 1.0 {
            return refuse("patience of the proof", self.patience.to_string(), "1 or more");
        }
        match self.seconds {
            Some(seconds) if seconds.is_nan() || seconds <= 0.0 => {
                refuse("seconds of the proof", seconds.to_string(), "a number above 0")
            }
            _ => Ok(()),
        }
    }
}
