//! `LoRA`: low-rank updates B·A that start at 0 and can learn at once.
//!
//! `PiSSA`, `EVA` and `LoRA-GA` start A and B from the pretrained weight, from activations or from
//! gradients. None of these follows from a shape, so none of them is here.

use super::sample_networks;
use crate::error::Result;
use crate::init::scheme::{Argument, Facts, Scheme, without_argument};
use crate::init::{Component, Distribution, Parameter};
use crate::spec::Role;

/// A random, B zero; for an embedding the other way round.
#[derive(Clone, Debug)]
pub struct Lora;

const FACTS: Facts = Facts {
    name: "lora",
    aliases: &[],
    example: "lora",
    argument: "",
    needs: "pairs of low-rank matrices and nothing else; a rule can name them among others",
    formula: "A ~ U(±1/√d), d its fan-in, and B = 0; for embeddings A = 0 and B ~ N(0, 1)",
    source: "Hu et al. 2021 (2106.09685), §4.1; PEFT, lora/layer.py: kaiming_uniform_(a = √5)",
    when: "adapters of a trained network: the first step starts from exactly that network",
    avoid: "both matrices at 0: neither would ever get a gradient",
};

impl Scheme for Lora {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn with_argument(&self, argument: Option<&str>) -> Argument {
        without_argument(argument, self.clone())
    }

    fn distribution(&self, parameter: &Parameter) -> Result<Distribution> {
        let is_embedding = parameter.role == Role::Embedding;
        match (parameter.place.component, is_embedding) {
            (Some(Component::LoraDown), false) => {
                Ok(Distribution::uniform(1.0 / parameter.positive_fan_in()?.sqrt()))
            }
            (Some(Component::LoraUp), true) => Ok(Distribution::normal(1.0)),
            (Some(Component::LoraDown), true) | (Some(Component::LoraUp), false) => {
                Ok(Distribution::Constant(0.0))
            }
            _ => Err(parameter.unfit(
                "no matrix of a low-rank pair",
                "`lora_A` or `lora_B` in its name, or a rule that gives it another scheme",
            )),
        }
    }

    fn samples(&self) -> Vec<Parameter> {
        sample_networks::matrices(&sample_networks::low_rank_pair(96, 64, 32))
    }
}
