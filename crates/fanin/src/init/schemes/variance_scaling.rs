//! The family in which a weight's variance is a constant over the fan: LeCun, Xavier, He and kin.
//!
//! Deviation = gain · √(scale / fan). The members differ in which fan, which scale, which gain, and
//! in the distribution; biases are 0. Members of one name share a file: `lecun`, `xavier`, `he`.
//! Why the fan-in, and the two readings of 1/√d: `docs/theory/fan-in.md`.

use std::f64::consts::SQRT_2;
use std::fmt;

use super::truncated_normal::DEVIATION_AFTER_CUT;
use crate::error::Result;
use crate::init::scheme::{Argument, Facts, Scheme};
use crate::init::settings::Settings;
use crate::init::{Distribution, Gain, Parameter};

/// A member of the family, whose argument is its gain.
#[derive(Clone, Debug)]
pub struct VarianceScaling {
    pub(super) facts: &'static Facts,
    pub(super) fan: Fan,
    pub(super) scale: f64,
    pub(super) default_gain: Gain,
    pub(super) gain: Gain,
    pub(super) form: Form,
}

/// What the variance is divided by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fan {
    In,
    Out,
    Average,
    Geometric,
}

/// What is drawn with that variance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Form {
    Normal,
    /// Cut at 2 of its deviations, corrected.
    Truncated,
    Uniform,
}

pub(super) const ONE: Gain = Gain::Fixed(1.0);
pub(super) const ROOT_TWO: Gain = Gain::Fixed(SQRT_2);
/// The argument that all members take.
pub(super) const GAIN: &str = "[GAIN], a number, `exact`, `torch`, `std` or `a=SLOPE`";

/// A member of scale 1 with this gain, unless the argument says another.
pub(super) const fn member(
    facts: &'static Facts,
    fan: Fan,
    gain: Gain,
    form: Form,
) -> VarianceScaling {
    VarianceScaling { facts, fan, scale: 1.0, default_gain: gain, gain, form }
}

impl Fan {
    const NAMES: [(Self, &str); 4] = [
        (Self::In, "fan-in"),
        (Self::Out, "fan-out"),
        (Self::Average, "fan-avg"),
        (Self::Geometric, "fan-geo"),
    ];

    fn of(self, parameter: &Parameter) -> Result<f64> {
        let fan_in = || parameter.positive_fan_in();
        let fan_out = || parameter.positive_fan_out();
        Ok(match self {
            Self::In => fan_in()?,
            Self::Out => fan_out()?,
            Self::Average => f64::midpoint(fan_in()?, fan_out()?),
            Self::Geometric => (fan_in()? * fan_out()?).sqrt(),
        })
    }
}

impl Form {
    const NAMES: [(Self, &str); 3] =
        [(Self::Normal, "normal"), (Self::Truncated, "truncated"), (Self::Uniform, "uniform")];

    /// What has the deviation gain · √(scale / fan).
    fn drawn(self, gain: f64, scale: f64, fan: f64) -> Distribution {
        let deviation = gain * (scale / fan).sqrt();
        match self {
            Self::Normal => Distribution::normal(deviation),
            Self::Truncated => Distribution::truncated_normal(deviation / DEVIATION_AFTER_CUT, 2.0),
            Self::Uniform => Distribution::uniform(gain * (3.0 * scale / fan).sqrt()),
        }
    }
}

impl Scheme for VarianceScaling {
    fn facts(&self) -> &'static Facts {
        self.facts
    }

    fn label(&self) -> String {
        if self.gain == self.default_gain {
            return self.facts.name.to_owned();
        }
        format!("{}:{}", self.facts.name, self.gain)
    }

    fn with_argument(&self, argument: Option<&str>) -> Argument {
        let gain = argument.map_or(Ok(self.default_gain), Gain::parse)?;
        Ok(Box::new(Self { gain, ..self.clone() }))
    }

    fn distribution(&self, parameter: &Parameter) -> Result<Distribution> {
        let fan = self.fan.of(parameter)?;
        Ok(self.form.drawn(self.gain.value(parameter)?, self.scale, fan))
    }

    fn gain(&self, parameter: &Parameter) -> Result<Option<f64>> {
        self.gain.value(parameter).map(Some)
    }
}

/// The whole family in one scheme, whose argument says the rule.
#[derive(Clone, Debug)]
pub struct Given {
    scale: f64,
    fan: Fan,
    form: Form,
}

/// The registry's entry; its settings are replaced by the argument's.
pub const GIVEN: Given = Given { scale: 1.0, fan: Fan::In, form: Form::Normal };

const FACTS: Facts = Facts {
    name: "variance-scaling",
    aliases: &[],
    example: "variance-scaling:scale=2,mode=fan-in,distribution=normal",
    argument: "scale=NUMBER, mode=fan-in, fan-out, fan-avg or fan-geo, distribution=normal, truncated or uniform",
    needs: "",
    formula: "variance scale/d, scale/e, 2·scale/(d+e) or scale/√(d·e)",
    source: "VarianceScaling of Keras, variance_scaling of JAX and timm",
    when: "a rule of this form that has no name of its own",
    avoid: "`normal` as Keras and JAX understand it: theirs is cut at ±2s and is called `truncated` here",
};

impl Given {
    fn parse(argument: &str) -> std::result::Result<Self, String> {
        let settings = Settings::parse(argument, &["scale", "mode", "distribution"])?;
        let scale = settings.number("scale")?.unwrap_or(1.0);
        if scale <= 0.0 {
            return Err("a positive `scale`".to_owned());
        }
        let mode = settings.value("mode")?.unwrap_or("fan-in");
        let distribution = settings.value("distribution")?.ok_or("a `distribution`")?;
        let distribution = match distribution {
            "truncated_normal" | "truncated-normal" => "truncated",
            "untruncated_normal" | "untruncated-normal" => "normal",
            other => other,
        };
        Ok(Self {
            scale,
            fan: chosen(&Fan::NAMES, &mode.replace('_', "-"))?,
            form: chosen(&Form::NAMES, distribution)?,
        })
    }
}

fn chosen<T: Copy>(known: &[(T, &str)], text: &str) -> std::result::Result<T, String> {
    let found = known.iter().find(|(_, name)| *name == text);
    let names: Vec<&str> = known.iter().map(|(_, name)| *name).collect();
    found.map(|(value, _)| *value).ok_or_else(|| format!("one of {}", names.join(", ")))
}

fn named<T: PartialEq>(known: &[(T, &'static str)], value: &T) -> &'static str {
    known.iter().find(|(other, _)| other == value).map_or("", |(_, name)| name)
}

impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mode, form) = (named(&Fan::NAMES, &self.fan), named(&Form::NAMES, &self.form));
        write!(f, "scale={},mode={mode},distribution={form}", self.scale)
    }
}

impl Scheme for Given {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn label(&self) -> String {
        format!("{}:{self}", FACTS.name)
    }

    fn with_argument(&self, argument: Option<&str>) -> Argument {
        let argument = argument.ok_or("its settings, the distribution at least")?;
        Ok(Box::new(Self::parse(argument)?))
    }

    fn distribution(&self, parameter: &Parameter) -> Result<Distribution> {
        Ok(self.form.drawn(1.0, self.scale, self.fan.of(parameter)?))
    }
}
