//! Normal without far values, where whoever asks says how it is cut.
//!
//! Libraries mean four different things by it. What differs is the unit of the cuts (multiples of
//! σ, or values of the weight), and whether σ is the deviation before the cut or after it.

use std::fmt;

use crate::error::Result;
use crate::init::distribution::deviation_after_cuts;
use crate::init::scheme::{Argument, Facts, Scheme, number};
use crate::init::settings::Settings;
use crate::init::{Distribution, Parameter};

/// A normal variable given that it lies between two cuts.
#[derive(Clone, Debug)]
pub struct TruncatedNormal {
    /// Mean before the cut.
    pub mean: f64,
    /// Standard deviation σ, before the cut unless `is_corrected`.
    pub deviation: f64,
    /// Least value.
    pub low: Cut,
    /// Largest value.
    pub high: Cut,
    /// Whether σ is the deviation of what is left.
    pub is_corrected: bool,
}

/// Where a normal variable is cut.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cut {
    /// So many deviations before the cut above the mean.
    Sigma(f64),
    /// At this value.
    Absolute(f64),
}

/// The registry's entry; its numbers are replaced by the argument's.
pub const TRUNCATED_NORMAL: TruncatedNormal = TruncatedNormal {
    mean: 0.0,
    deviation: 1.0,
    low: Cut::Sigma(-2.0),
    high: Cut::Sigma(2.0),
    is_corrected: true,
};

/// Deviation of a standard normal variable that is cut at ±2; a constant, so that the bits of the
/// schemes that use it never change.
pub const DEVIATION_AFTER_CUT: f64 = 0.879_625_661_034_239_8;

/// Cuts that leave nothing between them within so many deviations are refused.
const FARTHEST: f64 = 5.0;

const FACTS: Facts = Facts {
    name: "truncated-normal",
    aliases: &["trunc-normal"],
    example: "truncated-normal:std=0.02,cut=2sigma,corrected",
    argument: "std=σ with cut=Csigma or cut=Cabsolute (or low=…, high=…), mean=μ, corrected",
    needs: "",
    formula: "W ~ N(μ, s²) given low ≤ W ≤ high; s = σ, or `corrected`: s so that σ is left",
    source: "the cut of Keras and JAX; their *_normal schemes are corrected, PyTorch's cut is absolute",
    when: "transformers with σ = 0.02; wherever a rare large weight does harm",
    avoid: "deep plain networks: the scale ignores the fan-in",
};

impl TruncatedNormal {
    /// The cuts in units of the deviation before them.
    fn cuts(&self) -> (f64, f64) {
        let at = |cut| match cut {
            Cut::Sigma(sigmas) => sigmas,
            Cut::Absolute(value) => (value - self.mean) / self.deviation,
        };
        (at(self.low), at(self.high))
    }

    /// What is drawn.
    pub fn drawn(&self) -> Distribution {
        let (low, high) = self.cuts();
        let left = match (self.is_corrected, low, high) {
            (false, _, _) => 1.0,
            (true, -2.0, 2.0) => DEVIATION_AFTER_CUT,
            (true, _, _) => deviation_after_cuts(low, high),
        };
        let uncut_deviation = self.deviation / left;
        Distribution::TruncatedNormal { mean: self.mean, uncut_deviation, low, high }
    }

    fn parse(argument: &str) -> std::result::Result<Self, String> {
        let known = ["mean", "std", "cut", "low", "high", "corrected"];
        let settings = Settings::parse(argument, &known)?;
        let mean = settings.number("mean")?.unwrap_or(0.0);
        let deviation = settings.number("std")?.filter(|&std| std > 0.0);
        let deviation = deviation.ok_or("a positive `std`")?;
        let cut = |key| settings.value(key)?.map(|text| Cut::parse(key, text)).transpose();
        let (low, high) = match (cut("cut")?, cut("low")?, cut("high")?) {
            (Some(cut), None, None) => (cut.mirrored(mean), cut.above(mean)),
            (None, None, None) => return Err("a cut: `cut=2sigma` or `cut=2absolute`".to_owned()),
            (None, low, high) => (
                low.unwrap_or(Cut::Sigma(f64::NEG_INFINITY)),
                high.unwrap_or(Cut::Sigma(f64::INFINITY)),
            ),
            _ => return Err("either `cut` or `low` and `high`".to_owned()),
        };
        let is_corrected = settings.has("corrected")?;
        let is_absolute = |cut| matches!(cut, Cut::Absolute(_));
        if is_corrected && (is_absolute(low) || is_absolute(high)) {
            return Err("`corrected` only with cuts in sigma".to_owned());
        }
        let scheme = Self { mean, deviation, low, high, is_corrected };
        let (low, high) = scheme.cuts();
        if low < high && low < FARTHEST && high > -FARTHEST {
            return Ok(scheme);
        }
        Err(format!("a lower cut below the upper one, less than {FARTHEST} sigma from the mean"))
    }
}

impl Cut {
    fn parse(key: &str, text: &str) -> std::result::Result<Self, String> {
        let in_sigma = ["sigma", "σ"].iter().find_map(|unit| text.strip_suffix(unit));
        let absolute = text.strip_suffix("absolute").or_else(|| text.strip_prefix('±'));
        let cut = match (in_sigma.map(number), absolute.map(number)) {
            (Some(sigmas), None) => sigmas.map(Self::Sigma),
            (None, Some(value)) => value.map(Self::Absolute),
            _ => None,
        };
        let is_bound = key != "cut";
        cut.filter(|cut| is_bound || cut.size() > 0.0).ok_or_else(|| {
            format!("the unit of `{key}`: `{key}=2sigma`, or `{key}=2absolute` for a weight of 2")
        })
    }

    fn size(self) -> f64 {
        match self {
            Self::Sigma(size) | Self::Absolute(size) => size,
        }
    }

    fn mirrored(self, mean: f64) -> Self {
        match self {
            Self::Sigma(sigmas) => Self::Sigma(-sigmas),
            Self::Absolute(value) => Self::Absolute(mean - value),
        }
    }

    fn above(self, mean: f64) -> Self {
        match self {
            Self::Sigma(_) => self,
            Self::Absolute(value) => Self::Absolute(mean + value),
        }
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sigma(sigmas) => write!(f, "{sigmas}sigma"),
            Self::Absolute(value) => write!(f, "{value}absolute"),
        }
    }
}

impl Scheme for TruncatedNormal {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn label(&self) -> String {
        let mut settings = vec![format!("std={}", self.deviation)];
        if self.mean != 0.0 {
            settings.insert(0, format!("mean={}", self.mean));
        }
        if self.low == self.high.mirrored(0.0) {
            settings.push(format!("cut={}", self.high));
        } else {
            let bounds = [("low", self.low), ("high", self.high)];
            let finite = bounds.iter().filter(|(_, cut)| cut.size().is_finite());
            settings.extend(finite.map(|(key, cut)| format!("{key}={cut}")));
        }
        settings.extend(self.is_corrected.then(|| "corrected".to_owned()));
        format!("{}:{}", FACTS.name, settings.join(","))
    }

    fn with_argument(&self, argument: Option<&str>) -> Argument {
        match argument {
            Some(argument) if argument.contains('=') => Ok(Box::new(Self::parse(argument)?)),
            _ => Err("to be told where it is cut and which deviation is meant: \
                      `std=0.02,cut=2sigma,corrected` (0.02 is left after the cut), \
                      `std=0.02,cut=2sigma` (0.02 before it; keras-truncated-normal:0.02) or \
                      `std=0.02,cut=2absolute` (weights up to 2; torch-truncated-normal:0.02)"
                .to_owned()),
        }
    }

    fn distribution(&self, _parameter: &Parameter) -> Result<Distribution> {
        Ok(self.drawn())
    }
}

#[cfg(test)]
mod tests {
    use crate::init::{Parameter, find};

    #[track_caller]
    fn check(text: &str, label: &str, deviation: f64, drawn: &str) {
        let scheme = find(text).unwrap();
        assert_eq!(scheme.label(), label);
        let distribution = scheme.distribution(&Parameter::linear("w", 3, 4)).unwrap();
        let error = distribution.deviation() / deviation - 1.0;
        assert!(error.abs() < 1e-8, "{text}: {}", distribution.deviation());
        assert_eq!(distribution.to_string(), drawn, "{text}");
    }

    /// Shares of the deviation that are left: 0.87962566 at ±2, 0.53956009 at ±1, and √(1 − 2/π)
    /// for half a normal variable.
    #[test]
    fn unit_and_correction_decide() {
        let name = |settings: &str| format!("truncated-normal:{settings}");
        let plain = name("std=0.02,cut=2sigma");
        check(&plain, &plain, 0.02 * 0.879_625_661, "N(0, 0.02²) within ±0.04");
        let corrected = name("std=0.02,cut=2sigma,corrected");
        check(&corrected, &corrected, 0.02, "N(0, 0.02274²) within ±0.04547");
        let absolute = name("std=2,cut=2absolute");
        check(&name("cut=±2, std=2"), &absolute, 2.0 * 0.539_560_092, "N(0, 2²) within ±2");
        let narrow = name("std=1,cut=1sigma,corrected");
        check(&name("cut=1σ,std=1,corrected"), &narrow, 1.0, "N(0, 1.853²) within ±1.853");
        let half = name("std=1,low=0sigma");
        let left = f64::sqrt(1.0 - 2.0 / std::f64::consts::PI);
        check(&half, &half, left, "N(0, 1²) within 0…inf");
        let shifted = name("mean=1,std=0.5,low=0absolute,high=2sigma");
        check(&shifted, &shifted, 0.5 * 0.879_625_661, "N(1, 0.5²) within 0…2");
    }

    #[track_caller]
    fn check_refused(argument: &str, part: &str) {
        let message = find(&format!("truncated-normal:{argument}")).unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
    }

    #[test]
    fn what_is_not_said_is_asked_for() {
        check_refused("0.02", "torch-truncated-normal:0.02");
        check_refused("std=0.02", "`cut=2sigma` or `cut=2absolute`");
        check_refused("std=0.02,cut=2", "the unit of `cut`");
        check_refused("cut=2sigma", "a positive `std`");
        check_refused("std=0,cut=2sigma", "a positive `std`");
        check_refused("std=1,cut=-2sigma", "the unit of `cut`");
        check_refused("std=1,cut=2sigma,low=0sigma", "either `cut`");
        check_refused("std=1,cut=2absolute,corrected", "only with cuts in sigma");
        check_refused("std=1,low=2sigma,high=1sigma", "below the upper one");
        check_refused("std=0.01,low=1absolute", "5 sigma");
    }
}
