//! Admin: a factor on each shortcut, so that no branch outweighs what came before it.
//!
//! Where a network is known to have no such factor, the last layer of each branch is divided by it
//! instead: what a normalization sees is then the same but for its size, which it takes away.
//!
//! Key: S residual sums of the stack (2 per layer, 3 in a decoder that attends to an encoder), ω
//! the factor, d fan-in, e fan-out.

use super::known_place::{embedding_width, residual_sums};
use super::sample_networks;
use crate::error::Result;
use crate::init::scheme::{Argument, Facts, Scheme};
use crate::init::{Distribution, Parameter};
use crate::spec::Role;

/// Xavier's rule, and ω on shortcuts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Admin {
    /// ω² = (S + 1)/ln(S + 1) − 1: a change of the weights moves the output by O(ln S).
    Logarithmic,
    /// ω² = S: it moves the output by O(1).
    Constant,
}

const FACTS: Facts = Facts {
    name: "admin",
    aliases: &["admin-torch"],
    example: "admin",
    argument: "[CHANGE], how the output's change grows with depth: `log` or `constant`; log if none",
    needs: "residual branches",
    formula: "U(±√(6/(d+e))); factors on shortcuts ω² = (S+1)/ln(S+1) − 1, or S for `constant`, S \
              residual sums. Without factors: last layer of each branch over ω. Embeddings \
              N(0, 1/features)",
    source: "Liu et al. 2020 (2004.08249); microsoft/admin-torch, whose ω needs no profiling",
    when: "deep post-norm transformers, with LN(ωx + f(x))",
    avoid: "pre-norm networks, whose shortcuts are never normalized: their signal would grow by ω in \
            every block",
};

impl Admin {
    fn on_shortcut(self, parameter: &Parameter) -> Result<f64> {
        let sums = residual_sums(parameter)?;
        Ok(match self {
            Self::Logarithmic => (sums + 1.0) / (sums + 1.0).ln() - 1.0,
            Self::Constant => sums,
        }
        .sqrt())
    }
}

impl Scheme for Admin {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn label(&self) -> String {
        match self {
            Self::Logarithmic => FACTS.name.to_owned(),
            Self::Constant => format!("{}:constant", FACTS.name),
        }
    }

    fn with_argument(&self, argument: Option<&str>) -> Argument {
        match argument.map(str::trim) {
            None | Some("log") => Ok(Box::new(Self::Logarithmic)),
            Some("constant") => Ok(Box::new(Self::Constant)),
            Some(_) => Err("`log` or `constant`".to_owned()),
        }
    }

    fn distribution(&self, parameter: &Parameter) -> Result<Distribution> {
        let factor = self.on_shortcut(parameter)?;
        if parameter.role == Role::ShortcutScale {
            return Ok(Distribution::Constant(factor));
        }
        if parameter.role == Role::Embedding {
            return Ok(Distribution::normal(1.0 / embedding_width(parameter)?.sqrt()));
        }
        let place = &parameter.place;
        let stands_in = place.has_shortcut_scale == Some(false) && place.is_residual_output;
        let fans = parameter.positive_fan_in()? + parameter.positive_fan_out()?;
        let bound = (6.0 / fans).sqrt();
        Ok(Distribution::uniform(if stands_in { bound / factor } else { bound }))
    }

    fn serves(&self, role: Role) -> bool {
        role.is_matrix() || role == Role::ShortcutScale
    }

    fn samples(&self) -> Vec<Parameter> {
        let mut samples = sample_networks::matrices(&sample_networks::gpt2(3, 64));
        samples.iter_mut().for_each(|sample| sample.place.has_shortcut_scale = Some(false));
        samples
    }
}
