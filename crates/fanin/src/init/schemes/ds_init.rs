//! DS-Init: weights that fade with the depth at which they stand.
//!
//! Key: l the block counted from 1, d fan-in, e fan-out.

use super::known_place::{embedding_width, is_in_branch};
use super::sample_networks;
use super::transformer_normal::block_from_1;
use crate::error::Result;
use crate::init::scheme::{Argument, Facts, Scheme, without_argument};
use crate::init::{Distribution, Parameter};
use crate::spec::Role;

/// Xavier's rule over √l.
#[derive(Clone, Debug)]
pub struct DsInit;

const FACTS: Facts = Facts {
    name: "ds-init",
    aliases: &["depth-scaled"],
    example: "ds-init",
    argument: "",
    needs: "",
    formula: "U(±√(6/(d+e))/√l) in block l = 1, 2, …; outside of blocks l = 1; embeddings \
              N(0, 1/features)",
    source: "Zhang, Titov & Sennrich 2019 (1908.11365), eq. 8 with α = 1",
    when: "deep post-norm transformers; residual networks, whose growth it bounds at any depth",
    avoid: "plain networks without residual branches, where it is Xavier's rule",
};

impl Scheme for DsInit {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn with_argument(&self, argument: Option<&str>) -> Argument {
        without_argument(argument, self.clone())
    }

    fn distribution(&self, parameter: &Parameter) -> Result<Distribution> {
        if parameter.role == Role::Embedding {
            return Ok(Distribution::normal(1.0 / embedding_width(parameter)?.sqrt()));
        }
        let block = if is_in_branch(parameter) { block_from_1(parameter)? } else { 1.0 };
        let fans = parameter.positive_fan_in()? + parameter.positive_fan_out()?;
        Ok(Distribution::uniform((6.0 / fans / block).sqrt()))
    }

    fn samples(&self) -> Vec<Parameter> {
        sample_networks::matrices(&sample_networks::gpt2(3, 64))
    }
}
