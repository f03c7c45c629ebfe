//! muP: a small network's start carried to a wider one, so that its learning rates serve there.
//!
//! Key: r width over base width, d fan-in, e fan-out; d₀ and e₀ those of the network at base width.

use super::base::Base;
use super::sample_networks;
use crate::error::Result;
use crate::init::scheme::{Argument, Facts, Scheme};
use crate::init::{Distribution, Parameter};
use crate::spec::Role;

/// What the base scheme gives at the base width, over √r where both fans grow with the width.
#[derive(Clone, Debug)]
pub struct MuP {
    /// Width at which learning rates were tuned; 0 only in the registry.
    pub base_width: usize,
    /// The scheme of the network at that width.
    pub base: Base,
}

/// The entry of the registry.
pub const MUP: MuP = MuP { base_width: 0, base: Base::new("he-normal") };

const FACTS: Facts = Facts {
    name: "mup",
    aliases: &["mu-p"],
    example: "mup:256",
    argument: "BASE_WIDTH[,BASE], the width tuned at, and the scheme there; he-normal if none",
    needs: "",
    formula: "σ of BASE at base width, where fans are d₀ and e₀; times 1/√r for hidden weights, \
              whose fans both grow with the width; first layer, embeddings and head keep σ",
    source: "Yang et al. 2022 (2203.03466), table 8; mup 1.0, init.py",
    when: "learning rates tuned on a narrow network that are to serve a wide one. It also needs: \
           Adam's learning rate ÷ r on hidden weights, the head's output ÷ r, attention scores \
           q·k/d in place of q·k/√d; a head and queries that start at 0 are advised",
    avoid: "training without those changes to network and optimizer: the start alone is not muP",
};

/// Which fans grow with the network's width.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// The fan-out alone.
    InputLike,
    Hidden,
    /// The fan-in alone.
    OutputLike,
}

impl Kind {
    fn of(parameter: &Parameter) -> Self {
        let place = &parameter.place;
        let is_first = place.layer.is_some_and(|layer| layer.index == 0) && place.block.is_none();
        match parameter.role {
            Role::Embedding => Self::InputLike,
            _ if place.is_head => Self::OutputLike,
            _ if is_first => Self::InputLike,
            _ => Self::Hidden,
        }
    }
}

impl MuP {
    /// r, from the width between blocks, or where that is unknown from the layer's own.
    fn ratio(&self, parameter: &Parameter) -> Result<f64> {
        let width = match (parameter.place.width, Kind::of(parameter)) {
            (Some(width), _) if width > 0 => width as f64,
            (_, Kind::InputLike) => parameter.positive_fan_out()?,
            (_, Kind::Hidden | Kind::OutputLike) => parameter.positive_fan_in()?,
        };
        Ok(width / self.base_width as f64)
    }

    /// The parameter as it would be in the network of base width, and the factor on its values.
    fn at_base_width(&self, parameter: &Parameter) -> Result<(Parameter, f64)> {
        let ratio = self.ratio(parameter)?;
        let narrowed = |fan: usize| ((fan as f64 / ratio).round() as usize).max(fan.min(1));
        let kind = Kind::of(parameter);
        let mut narrow = parameter.clone();
        if kind != Kind::InputLike {
            narrow.fan_in = narrowed(parameter.fan_in);
        }
        if kind != Kind::OutputLike {
            narrow.fan_out = narrowed(parameter.fan_out);
        }
        Ok((narrow, if kind == Kind::Hidden { 1.0 / ratio.sqrt() } else { 1.0 }))
    }
}

impl Scheme for MuP {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn label(&self) -> String {
        format!("{}:{}{}", FACTS.name, self.base_width, self.base.label(','))
    }

    fn with_argument(&self, argument: Option<&str>) -> Argument {
        let expected = "a width of 1 or more, and after a comma a scheme if not he-normal";
        let text = argument.ok_or(expected)?;
        let (width, base) = match text.split_once(',') {
            Some((width, base)) => (width, Some(base.trim())),
            None => (text, None),
        };
        match width.trim().parse() {
            Ok(base_width) if base_width > 0 => {
                let base = self.base.read(base)?;
                if base.is_whole() {
                    return Err("a base scheme whose elements are independent".to_owned());
                }
                Ok(Box::new(Self { base_width, base }))
            }
            _ => Err(expected.to_owned()),
        }
    }

    fn distribution(&self, parameter: &Parameter) -> Result<Distribution> {
        let (narrow, factor) = self.at_base_width(parameter)?;
        let distribution = self.base.scheme()?.distribution(&narrow)?;
        if distribution.mean() != 0.0 && Kind::of(parameter) == Kind::Hidden {
            let found = format!("hidden weights of mean {}", distribution.mean());
            return Err(parameter.unfit(found, "mean 0, for only a deviation follows the width"));
        }
        Ok(distribution.scaled(factor))
    }

    fn gain(&self, parameter: &Parameter) -> Result<Option<f64>> {
        self.base.scheme()?.gain(parameter)
    }

    fn samples(&self) -> Vec<Parameter> {
        sample_networks::matrices(&sample_networks::gpt2(2, 64))
    }
}
