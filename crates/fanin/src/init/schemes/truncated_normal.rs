//! Normal with a fixed deviation and without far values.

use crate::error::Result;
use crate::init::scheme::{Argument, Facts, Scheme, non_negative};
use crate::init::{Distribution, Parameter};

/// A normal variable cut at 2 of its deviations, scaled so that σ is the deviation of the result.
#[derive(Clone, Debug)]
pub struct TruncatedNormal {
    /// Standard deviation σ of the values given.
    pub deviation: f64,
}

/// Where the normal variable is cut, in units of its own deviation.
const CUT: f64 = 2.0;
/// Deviation of a standard normal variable after the cut; a constant, so that no platform's
/// exponential function can change a bit.
pub const DEVIATION_AFTER_CUT: f64 = 0.879_625_661_034_239_8;

const FACTS: Facts = Facts {
    name: "truncated-normal",
    aliases: &["trunc-normal"],
    example: "truncated-normal:0.02",
    argument: "DEVIATION",
    needs: "",
    formula: "W ~ N(0, s²) given |W| ≤ 2s, with s = σ / 0.8796 so that the deviation is σ",
    source: "the cut of Keras, JAX and timm; PyTorch's cuts at ±2, not at ±2σ",
    when: "transformers with σ = 0.02; wherever a rare large weight does harm",
    avoid: "deep plain networks: the scale ignores the fan-in",
};

impl Scheme for TruncatedNormal {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn label(&self) -> String {
        format!("{}:{}", FACTS.name, self.deviation)
    }

    fn with_argument(&self, argument: Option<&str>) -> Argument {
        let deviation = non_negative(argument).ok_or("a standard deviation of 0 or more")?;
        Ok(Box::new(Self { deviation }))
    }

    fn distribution(&self, _parameter: &Parameter) -> Result<Distribution> {
        let uncut_deviation = self.deviation / DEVIATION_AFTER_CUT;
        Ok(Distribution::truncated_normal(uncut_deviation, CUT))
    }
}
