//! Normal starts of transformers, smaller where a layer adds to the residual signal.
//!
//! Key: w width of the signal between blocks, L blocks, S residual sums (2·L in GPT), l the block
//! counted from 0, d fan-in.

use super::known_place::{blocks, embedding_width, residual_sums, width};
use super::sample_networks;
use crate::error::Result;
use crate::init::scheme::{Argument, Facts, Scheme, non_negative, without_argument};
use crate::init::{Distribution, Parameter};
use crate::spec::Role;

/// A member of the family.
#[derive(Clone, Debug)]
pub struct TransformerNormal {
    facts: &'static Facts,
    rule: Rule,
    /// Deviation away from residual outputs, for members that fix it.
    deviation: f64,
}

#[derive(Clone, Copy, Debug)]
enum Rule {
    /// √(2/(5w)) everywhere.
    Small,
    /// 2/(L√w) on residual outputs, √(2/(5w)) elsewhere.
    Wang,
    /// σ/√S on residual outputs, σ elsewhere.
    OverRootOfSums,
    /// 1/√(2d(l+1)) on residual outputs, 1/√d elsewhere, cut at 3 deviations.
    OverRootOfBlock,
}

/// Deviation that GPT-2 fixes for every width.
const GPT2_DEVIATION: f64 = 0.02;
/// Where `OLMo` cuts, in deviations.
const MITCHELL_CUT: f64 = 3.0;
const WIDTH: &str = "the width between blocks, as a transformer has by its names";

/// Small init.
pub const SMALL_INIT: TransformerNormal = TransformerNormal {
    facts: &Facts {
        name: "small-init",
        aliases: &[],
        example: "small-init",
        argument: "",
        needs: WIDTH,
        formula: "W ~ N(0, 2/(5w)), w the width between blocks",
        source: "Nguyen & Salazar 2019 (1910.05895); GPT-NeoX's small_init_method",
        when: "pre-norm transformers; with wang-init on residual outputs",
        avoid: "networks without normalization: feed-forward layers of fan-in 4w grow the signal",
    },
    rule: Rule::Small,
    deviation: 0.0,
};

/// Wang's rule on residual outputs, small init elsewhere.
pub const WANG_INIT: TransformerNormal = TransformerNormal {
    facts: &Facts {
        name: "wang-init",
        aliases: &[],
        example: "wang-init",
        argument: "",
        needs: WIDTH,
        formula: "residual outputs: N(0, (2/(L√w))²), L blocks; all else: N(0, 2/(5w))",
        source: "Wang & Komatsuzaki 2021, GPT-J; GPT-NeoX's wang_init_method",
        when: "deep pre-norm decoders without biases in need of a quiet start",
        avoid: "networks of one or two blocks, where 2/(L√w) is larger than small init",
    },
    rule: Rule::Wang,
    deviation: 0.0,
};

/// GPT-2's start, with its own deviation.
pub const GPT2: TransformerNormal = TransformerNormal {
    facts: &Facts {
        name: "gpt2",
        aliases: &["gpt-2"],
        example: "gpt2",
        argument: "",
        needs: "",
        formula: "W and both embeddings ~ N(0, 0.02²); residual outputs: N(0, (0.02/√S)²), \
                  S = 2·blocks residual sums; biases 0",
        source: "Radford et al. 2019, §2.3; transformers 5.23, modeling_gpt2.py (6 blocks: 0.00577)",
        when: "GPT-like decoders of width near 768; to reproduce GPT-2's start",
        avoid: "widths far from 768, which 0.02 does not follow: small-init or mup do",
    },
    rule: Rule::OverRootOfSums,
    deviation: GPT2_DEVIATION,
};

/// GPT-2's rule for residual outputs, with any deviation.
pub const GPT2_RESIDUAL: TransformerNormal = TransformerNormal {
    facts: &Facts {
        name: "gpt2-residual",
        aliases: &["scaled-normal"],
        example: "gpt2-residual:0.006",
        argument: "DEVIATION",
        needs: "",
        formula: "W ~ N(0, σ²); residual outputs: N(0, σ²/S), S residual sums",
        source: "Radford et al. 2019, §2.3; Megatron-LM's scaled_init_method_normal",
        when: "decoders for which a deviation has been tuned: 0.006 at GPT-3's width",
        avoid: "networks without normalization: the deviation ignores the fan-in",
    },
    rule: Rule::OverRootOfSums,
    deviation: 0.0,
};

/// `OLMo`'s start.
pub const MITCHELL: TransformerNormal = TransformerNormal {
    facts: &Facts {
        name: "mitchell",
        aliases: &["olmo"],
        example: "mitchell",
        argument: "",
        needs: "",
        formula: "W ~ N(0, 1/d), embeddings N(0, 1/w), residual outputs N(0, 1/(2d(l+1))) in block \
                  l = 0, 1, …; all cut at 3 deviations and not scaled up again",
        source: "allenai/OLMo, init_fn `mitchell`; Groeneveld et al. 2024 (2402.00838)",
        when: "deep decoders: early blocks speak louder than late ones, whatever the depth",
        avoid: "post-norm networks, whose residual signal does not grow",
    },
    rule: Rule::OverRootOfBlock,
    deviation: 0.0,
};

impl TransformerNormal {
    fn deviation(&self, parameter: &Parameter) -> Result<f64> {
        let is_output = parameter.place.is_residual_output && parameter.role == Role::Weight;
        match self.rule {
            Rule::Wang if is_output => Ok(2.0 / (blocks(parameter)? * width(parameter)?.sqrt())),
            Rule::Small | Rule::Wang => Ok((2.0 / (5.0 * width(parameter)?)).sqrt()),
            Rule::OverRootOfSums if is_output => {
                Ok(self.deviation / residual_sums(parameter)?.sqrt())
            }
            Rule::OverRootOfSums => Ok(self.deviation),
            Rule::OverRootOfBlock => {
                let fan = match parameter.role {
                    Role::Embedding => embedding_width(parameter)?,
                    _ => parameter.positive_fan_in()?,
                };
                let smaller = if is_output { 2.0 * block_from_1(parameter)? } else { 1.0 };
                Ok(1.0 / (fan * smaller).sqrt())
            }
        }
    }
}

/// The parameter's block, counted from 1.
pub fn block_from_1(parameter: &Parameter) -> Result<f64> {
    match parameter.place.block {
        Some(block) => Ok((block.index + 1) as f64),
        None => Err(parameter.unfit(
            "a residual output in a block of unknown position",
            "a name that numbers the blocks, as `layers.0.`",
        )),
    }
}

impl Scheme for TransformerNormal {
    fn facts(&self) -> &'static Facts {
        self.facts
    }

    fn label(&self) -> String {
        if self.facts.argument.is_empty() {
            return self.facts.name.to_owned();
        }
        format!("{}:{}", self.facts.name, self.deviation)
    }

    fn with_argument(&self, argument: Option<&str>) -> Argument {
        if self.facts.argument.is_empty() {
            return without_argument(argument, self.clone());
        }
        let deviation = non_negative(argument).ok_or("a standard deviation of 0 or more")?;
        Ok(Box::new(Self { deviation, ..self.clone() }))
    }

    fn distribution(&self, parameter: &Parameter) -> Result<Distribution> {
        let deviation = self.deviation(parameter)?;
        Ok(match self.rule {
            Rule::OverRootOfBlock => Distribution::truncated_normal(deviation, MITCHELL_CUT),
            _ => Distribution::normal(deviation),
        })
    }

    fn samples(&self) -> Vec<Parameter> {
        sample_networks::matrices(&sample_networks::gpt2(6, 64))
    }
}
