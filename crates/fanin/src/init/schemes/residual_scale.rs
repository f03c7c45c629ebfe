//! Starts of the factor on each residual branch: `ReZero`, `SkipInit`, `LayerScale`, `NormFormer`.
//!
//! Where a network is known to have no such factor, as one from the short text, the last layer of
//! each branch is multiplied by it instead: the network then starts as the same function.

use super::base::Base;
use super::known_place::blocks;
use super::sample_networks;
use crate::error::Result;
use crate::init::scheme::{Argument, Facts, Scheme, number};
use crate::init::{Distribution, Parameter, Request};
use crate::spec::Role;

/// A factor on residual branches, and a scheme for all weights.
#[derive(Clone, Debug)]
pub struct ResidualScale {
    facts: &'static Facts,
    factor: Factor,
    base: Base,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Factor {
    /// 0, and the argument is the scheme of the weights.
    Zero,
    /// 1, and the argument is the scheme of the weights.
    One,
    /// The number, which the argument can change.
    Fixed(f64),
    /// 1/√L for L blocks.
    OverRootOfBlocks,
    /// 0.1, 10⁻⁵ or 10⁻⁶ by the number of blocks.
    ByDepth,
}

const NEEDS: &str = "residual branches";

/// `ReZero`.
pub const REZERO: ResidualScale = ResidualScale {
    facts: &Facts {
        name: "rezero",
        aliases: &[],
        example: "rezero",
        argument: "[BASE], the scheme of the weights; he-normal if none",
        needs: NEEDS,
        formula: "residual scales 0; weights by BASE. Without scales: last layer of each branch 0",
        source: "Bachlechner et al. 2020 (2003.04887), eq. 1",
        when: "very deep residual networks, with or without normalization",
        avoid: "networks where the scale's learning rate cannot be set apart and is very small: \
                branches open only as fast as it moves",
    },
    factor: Factor::Zero,
    base: Base::new("he-normal"),
};

/// `SkipInit`.
pub const SKIP_INIT: ResidualScale = ResidualScale {
    facts: &Facts {
        name: "skip-init",
        aliases: &["skipinit"],
        example: "skip-init",
        argument: "[FACTOR], a number or `depth` for 1/√blocks; 0 if none",
        needs: NEEDS,
        formula: "residual scales α = 0, or 1/√L for L blocks; weights N(0, 2/d). Without scales: \
                  last layer of each branch times α",
        source: "De & Smith 2020 (2002.10444), §4",
        when: "residual networks of convolutions from which batch normalization has been taken",
        avoid: "α = 1 in deep networks: the signal doubles in every block",
    },
    factor: Factor::Fixed(0.0),
    base: Base::new("he-normal"),
};

/// `LayerScale`.
pub const LAYER_SCALE: ResidualScale = ResidualScale {
    facts: &Facts {
        name: "layer-scale",
        aliases: &["layerscale", "cait"],
        example: "layer-scale",
        argument: "[FACTOR], a number; by depth if none",
        needs: NEEDS,
        formula: "residual scales ε = 0.1 up to 18 blocks, 10⁻⁵ up to 24, 10⁻⁶ beyond; weights \
                  N(0, 0.02²) cut at 2 deviations. Without scales: last layer of each branch times ε",
        source: "Touvron et al. 2021 (2103.17239), CaiT, §2",
        when: "vision transformers of more than 12 layers, pre-norm",
        avoid: "training of few steps: scales of 10⁻⁶ need time to grow",
    },
    factor: Factor::ByDepth,
    base: Base::new("torch-truncated-normal:0.02"),
};

/// `NormFormer`.
pub const NORM_FORMER: ResidualScale = ResidualScale {
    facts: &Facts {
        name: "normformer",
        aliases: &["norm-former"],
        example: "normformer",
        argument: "[BASE], the scheme of the weights; xavier-uniform if none",
        needs: NEEDS,
        formula: "head scales, residual scales and the gains of the added normalizations 1; \
                  weights by BASE",
        source: "Shleifer, Weston & Ott 2021 (2110.09456); fairseq, whose layers start by Xavier's \
                 rule",
        when: "pre-norm transformers with a normalization after attention and inside the \
               feed-forward branch, and a factor for each head",
        avoid: "networks without these, where it is BASE and nothing else",
    },
    factor: Factor::One,
    base: Base::new("xavier-uniform"),
};

impl ResidualScale {
    fn takes_base(&self) -> bool {
        matches!(self.factor, Factor::Zero | Factor::One)
    }

    fn factor(&self, parameter: &Parameter) -> Result<f64> {
        Ok(match self.factor {
            Factor::Zero => 0.0,
            Factor::One => 1.0,
            Factor::Fixed(factor) => factor,
            Factor::OverRootOfBlocks => 1.0 / blocks(parameter)?.sqrt(),
            Factor::ByDepth => match blocks(parameter)? {
                ..=18.0 => 0.1,
                ..=24.0 => 1e-5,
                _ => 1e-6,
            },
        })
    }

    /// The factor on a weight: 1 but for one that stands in for a residual scale.
    fn on_weight(&self, parameter: &Parameter) -> Result<f64> {
        let place = &parameter.place;
        blocks(parameter)?;
        let factor = self.factor(parameter)?;
        let stands_in = place.has_residual_scale == Some(false)
            && place.is_residual_output
            && parameter.role == Role::Weight;
        Ok(if stands_in { factor } else { 1.0 })
    }
}

impl Scheme for ResidualScale {
    fn facts(&self) -> &'static Facts {
        self.facts
    }

    fn label(&self) -> String {
        let name = self.facts.name;
        match self.factor {
            Factor::Zero | Factor::One => format!("{name}{}", self.base.label(':')),
            Factor::Fixed(0.0) if name == SKIP_INIT.facts.name => name.to_owned(),
            Factor::Fixed(factor) => format!("{name}:{factor}"),
            Factor::OverRootOfBlocks => format!("{name}:depth"),
            Factor::ByDepth => name.to_owned(),
        }
    }

    fn with_argument(&self, argument: Option<&str>) -> Argument {
        let own = self.clone();
        if self.takes_base() {
            return Ok(Box::new(Self { base: self.base.read(argument)?, ..own }));
        }
        let takes_depth = self.factor != Factor::ByDepth;
        let factor = match argument {
            None => self.factor,
            Some("depth") if takes_depth => Factor::OverRootOfBlocks,
            Some(text) => Factor::Fixed(number(text).filter(|&x| x >= 0.0).ok_or_else(|| {
                let or_depth = if takes_depth { ", or `depth`" } else { "" };
                format!("a factor of 0 or more{or_depth}")
            })?),
        };
        Ok(Box::new(Self { factor, ..own }))
    }

    fn distribution(&self, parameter: &Parameter) -> Result<Distribution> {
        if parameter.role == Role::ResidualScale {
            return Ok(Distribution::Constant(self.factor(parameter)?));
        }
        let factor = self.on_weight(parameter)?;
        let distribution = self.base.scheme()?.distribution(parameter)?.scaled(factor);
        Ok(if factor == 0.0 { Distribution::Constant(0.0) } else { distribution })
    }

    fn serves(&self, role: Role) -> bool {
        role.is_matrix() || role == Role::ResidualScale
    }

    fn gain(&self, parameter: &Parameter) -> Result<Option<f64>> {
        match parameter.role {
            Role::ResidualScale => Ok(None),
            _ => self.base.scheme()?.gain(parameter),
        }
    }

    fn is_whole_for(&self, parameter: &Parameter) -> bool {
        self.base.scheme().is_ok_and(|base| base.is_whole_for(parameter))
    }

    fn samples(&self) -> Vec<Parameter> {
        let mut samples = sample_networks::matrices(&sample_networks::residual_convolutions(8, 24));
        samples.iter_mut().for_each(|sample| sample.place.has_residual_scale = Some(false));
        samples
    }

    fn fill(&self, request: &Request<'_>, start: u64, out: &mut [f32]) -> Result<()> {
        if let Distribution::Constant(value) = self.distribution(request.parameter)? {
            out.fill(value as f32);
            return Ok(());
        }
        self.base.scheme()?.fill(request, start, out)?;
        let factor = self.on_weight(request.parameter)?;
        if factor != 1.0 {
            out.iter_mut().for_each(|x| *x = (factor * f64::from(*x)) as f32);
        }
        Ok(())
    }
}
