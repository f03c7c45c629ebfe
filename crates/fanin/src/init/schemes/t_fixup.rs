//! T-Fixup: transformers without normalization and without warm-up.
//!
//! Key: N layers of the stack, d fan-in, e fan-out, w features of an embedding.

use super::known_place::{blocks, embedding_width, scales_branch};
use super::sample_networks;
use crate::error::Result;
use crate::init::scheme::{Argument, Facts, Scheme, without_argument};
use crate::init::{Distribution, Parameter, Stack};
use crate::spec::Role;

/// Xavier's rule, smaller by the depth of the stack.
#[derive(Clone, Debug)]
pub struct TFixup;

/// Factor of an encoder of one layer.
const ENCODER: f64 = 0.67;

const FACTS: Facts = Facts {
    name: "t-fixup",
    aliases: &["tfixup"],
    example: "t-fixup",
    argument: "",
    needs: "an encoder, alone or with a decoder, as a translator has by its names",
    formula: "U(±g√(6/(d+e))) with g = 0.67·N^(−1/4) in the encoder and (9N)^(−1/4) in the decoder \
              for value, attention output and both feed-forward layers, 1 for all else; embeddings \
              N(0, 1/w)·(9N)^(−1/4); biases 0",
    source: "Huang, Pérez, Ba & Volkovs 2020, Improving Transformer Optimization Through Better \
             Initialization; the code also multiplies value by √2, to undo fairseq's gain 1/√2",
    when: "translators from which all normalizations have been taken, trained without warm-up",
    avoid: "decoder-only networks, for which it is not defined; networks with normalization",
};

impl Scheme for TFixup {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn with_argument(&self, argument: Option<&str>) -> Argument {
        without_argument(argument, self.clone())
    }

    fn distribution(&self, parameter: &Parameter) -> Result<Distribution> {
        let by_nine = |layers: f64| (9.0 * layers).powf(-0.25);
        let place = &parameter.place;
        if place.encoder_blocks == 0 {
            return Err(parameter.unfit(
                "a network without an encoder, for which T-Fixup has no rule",
                "an encoder, or a decoder with one; for one stack `deepnorm` or `fixup`",
            ));
        }
        let depth = blocks(parameter)?;
        if parameter.role == Role::Embedding {
            let deviation = by_nine(depth) / embedding_width(parameter)?.sqrt();
            return Ok(Distribution::normal(deviation));
        }
        let gain = match place.stack {
            _ if !scales_branch(parameter) => 1.0,
            Stack::Encoder => ENCODER * depth.powf(-0.25),
            _ => by_nine(depth),
        };
        let fans = parameter.positive_fan_in()? + parameter.positive_fan_out()?;
        Ok(Distribution::uniform(gain * (6.0 / fans).sqrt()))
    }

    fn samples(&self) -> Vec<Parameter> {
        sample_networks::matrices(&sample_networks::translator(3, 2, 64))
    }
}
