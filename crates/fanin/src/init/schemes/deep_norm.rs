//! `DeepNorm`: the weights for post-norm transformers of up to a thousand layers.
//!
//! Key: S residual sums of the stack (2 per layer, 3 in a decoder that attends to an encoder), N
//! layers of the encoder, M of the decoder, d fan-in, e fan-out.

use super::known_place::{blocks, embedding_width, residual_sums, scales_branch};
use super::sample_networks;
use crate::error::Result;
use crate::init::scheme::{Argument, Facts, Scheme, without_argument};
use crate::init::{Distribution, Parameter, Stack};
use crate::spec::Role;

/// Xavier's rule times β in residual branches.
#[derive(Clone, Debug)]
pub struct DeepNorm {
    facts: &'static Facts,
    /// β of an encoder beside a decoder, times (N⁴M)^(1/16).
    encoder_factor: f64,
}

const NEEDS: &str = "residual branches";
/// The paper's constant, Wang et al. 2022, table 1.
const PAPER_FACTOR: f64 = 0.87;
/// The constant by which torchscale's encoder multiplies where the paper divides.
const TORCHSCALE_FACTOR: f64 = 1.15;

/// As the paper says it.
pub const DEEP_NORM: DeepNorm = DeepNorm {
    facts: &Facts {
        name: "deepnorm",
        aliases: &["deep-norm", "deepnet"],
        example: "deepnorm",
        argument: "",
        needs: NEEDS,
        formula: "N(0, 2β²/(d+e)) for value, attention output and feed-forward layers; β = 1 for \
                  query, key and outside of branches. One stack: β = (4S)^(−1/4) for S residual sums, which is \
                  (8·layers)^(−1/4) with two sums a layer; encoder beside a decoder: \
                  0.87(N⁴M)^(−1/16), and the decoder: (12M)^(−1/4). Embeddings N(0, 1/features)",
        source: "Wang et al. 2022 (2203.00555), DeepNet, table 1",
        when: "post-norm transformers of 20 layers or more, with LN(αx + f(x)), α = S^(1/4), or \
               0.81(N⁴M)^(1/16) in an encoder beside a decoder",
        avoid: "networks whose residual sum has no α: there it only makes branches small",
    },
    encoder_factor: PAPER_FACTOR,
};

/// As torchscale's code does it.
pub const DEEP_NORM_TORCHSCALE: DeepNorm = DeepNorm {
    facts: &Facts {
        name: "deepnorm-torchscale",
        aliases: &[],
        example: "deepnorm-torchscale",
        argument: "",
        needs: NEEDS,
        formula: "as deepnorm, but 1.15(N⁴M)^(−1/16) in an encoder beside a decoder; the paper has \
                  0.87 = 1/1.15 there",
        source: "microsoft/torchscale, architecture/encoder.py: weights ÷ ((N⁴M)^(1/16) / 1.15)",
        when: "to reproduce models trained with torchscale; without a decoder it equals deepnorm",
        avoid: "new translators: the constant looks inverted, and branches start 1.32 times larger \
                than the paper's bound",
    },
    encoder_factor: TORCHSCALE_FACTOR,
};

impl DeepNorm {
    fn beta(&self, parameter: &Parameter) -> Result<f64> {
        let place = &parameter.place;
        let (encoder, decoder) = (place.encoder_blocks as f64, place.decoder_blocks as f64);
        let has_both = place.encoder_blocks > 0 && place.decoder_blocks > 0;
        Ok(match place.stack {
            Stack::Encoder if has_both => {
                self.encoder_factor * (encoder.powi(4) * decoder).powf(-1.0 / 16.0)
            }
            Stack::Decoder if has_both => (12.0 * decoder).powf(-0.25),
            _ => (4.0 * residual_sums(parameter)?).powf(-0.25),
        })
    }
}

impl Scheme for DeepNorm {
    fn facts(&self) -> &'static Facts {
        self.facts
    }

    fn with_argument(&self, argument: Option<&str>) -> Argument {
        without_argument(argument, self.clone())
    }

    fn distribution(&self, parameter: &Parameter) -> Result<Distribution> {
        blocks(parameter)?;
        if parameter.role == Role::Embedding {
            return Ok(Distribution::normal(1.0 / embedding_width(parameter)?.sqrt()));
        }
        let beta = if scales_branch(parameter) { self.beta(parameter)? } else { 1.0 };
        let fans = parameter.positive_fan_in()? + parameter.positive_fan_out()?;
        Ok(Distribution::normal(beta * (2.0 / fans).sqrt()))
    }

    fn samples(&self) -> Vec<Parameter> {
        sample_networks::matrices(&sample_networks::translator(3, 2, 64))
    }
}
