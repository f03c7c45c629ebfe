//! Sub-LN: the weights for transformers with a second normalization in each branch (Magneto).
//!
//! Key: N layers of the encoder, M of the decoder, d fan-in, e fan-out.

use super::known_place::{blocks, embedding_width, scales_branch};
use super::sample_networks;
use crate::error::Result;
use crate::init::scheme::{Argument, Facts, Scheme, without_argument};
use crate::init::{Distribution, Parameter, Stack};
use crate::spec::Role;

/// Xavier's rule times γ in residual branches.
#[derive(Clone, Debug)]
pub struct SubLn;

const FACTS: Facts = Facts {
    name: "sub-ln",
    aliases: &["subln", "magneto"],
    example: "sub-ln",
    argument: "",
    needs: "residual branches",
    formula: "N(0, 2γ²/(d+e)) for value, attention output and feed-forward layers; γ = 1 for \
              query, key, attention from decoder to encoder, and outside of branches. One stack of \
              N layers: γ = √ln 2N; encoder beside a decoder: √(⅓·ln 3M·ln 2N), and the decoder: \
              √ln 3M. Embeddings N(0, 1/features)",
    source: "Wang et al. 2022 (2210.06423), Magneto; microsoft/torchscale, encoder.py, decoder.py",
    when: "transformers with normalizations before and inside each branch (Sub-LN)",
    avoid: "transformers without the inner normalization: γ above 1 makes their branches grow; one \
            of a single layer, where √ln 2 is below 1",
};

/// What frameworks call the attention of a decoder to its encoder.
const CROSS_ATTENTION: &[&str] =
    &["encoder_attn", "cross_attn", "crossattention", "EncDecAttention"];

fn gamma(parameter: &Parameter) -> Result<f64> {
    let place = &parameter.place;
    let (encoder, decoder) = (place.encoder_blocks as f64, place.decoder_blocks as f64);
    let has_both = place.encoder_blocks > 0 && place.decoder_blocks > 0;
    let square = match place.stack {
        Stack::Encoder if has_both => (3.0 * decoder).ln() * (2.0 * encoder).ln() / 3.0,
        Stack::Decoder if has_both => (3.0 * decoder).ln(),
        _ => (2.0 * blocks(parameter)?).ln(),
    };
    Ok(square.sqrt())
}

impl Scheme for SubLn {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn with_argument(&self, argument: Option<&str>) -> Argument {
        without_argument(argument, self.clone())
    }

    fn distribution(&self, parameter: &Parameter) -> Result<Distribution> {
        blocks(parameter)?;
        if parameter.role == Role::Embedding {
            return Ok(Distribution::normal(1.0 / embedding_width(parameter)?.sqrt()));
        }
        let module = &parameter.place.module;
        let attends_to_encoder = CROSS_ATTENTION.iter().any(|name| module.contains(name));
        let is_scaled = scales_branch(parameter) && !attends_to_encoder;
        let gamma = if is_scaled { gamma(parameter)? } else { 1.0 };
        let fans = parameter.positive_fan_in()? + parameter.positive_fan_out()?;
        Ok(Distribution::normal(gamma * (2.0 / fans).sqrt()))
    }

    fn samples(&self) -> Vec<Parameter> {
        sample_networks::matrices(&sample_networks::translator(3, 2, 64))
    }
}
