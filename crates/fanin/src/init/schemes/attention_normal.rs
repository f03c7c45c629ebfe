//! Normal draws whose deviation is one for queries and keys and another for values.
//!
//! Queries and keys meet in the logits, values in what attention passes on: a packed matrix that
//! holds all three has no single deviation that suits both.

use super::sample_networks;
use crate::error::Result;
use crate::init::scheme::{Argument, Facts, Scheme, non_negative};
use crate::init::{Component, Distribution, Parameter};

/// N(0, σ²) with a σ for queries and keys, and one for values.
#[derive(Clone, Debug)]
pub struct AttentionNormal {
    /// The deviation of queries and keys.
    pub logits: f64,
    /// The deviation of values.
    pub value: f64,
}

/// The registry's entry; its numbers are replaced by the argument's.
pub const ATTENTION_NORMAL: AttentionNormal = AttentionNormal { logits: 0.0, value: 0.0 };

const FACTS: Facts = Facts {
    name: "attention-normal",
    aliases: &[],
    example: "attention-normal:0.05,0.1",
    argument: "DEVIATION,DEVIATION of queries and keys, and of values",
    needs: "to be the scheme of attention's projections, alone or packed, whose roles are known",
    formula: "W_Q, W_K ~ N(0, a²), W_V ~ N(0, b²)",
    source: "own; fairseq draws the three by Xavier's rule with one gain, 1/√2",
    when: "query, key and value packed in one matrix, of which each is to have its own scale",
    avoid: "projections of their own: `normal` says the same of each",
};

impl Scheme for AttentionNormal {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn label(&self) -> String {
        format!("{}:{},{}", FACTS.name, self.logits, self.value)
    }

    fn with_argument(&self, argument: Option<&str>) -> Argument {
        let both = argument.and_then(|argument| argument.split_once(','));
        let both = both.and_then(|(logits, value)| {
            Some((non_negative(Some(logits))?, non_negative(Some(value))?))
        });
        match both {
            Some((logits, value)) => Ok(Box::new(Self { logits, value })),
            None => Err("two standard deviations of 0 or more".to_owned()),
        }
    }

    fn distribution(&self, parameter: &Parameter) -> Result<Distribution> {
        match parameter.place.component {
            Some(Component::Query | Component::Key) => Ok(Distribution::normal(self.logits)),
            Some(Component::Value) => Ok(Distribution::normal(self.value)),
            _ => Err(parameter.unfit(
                "no part of attention that is known",
                "a query, key or value projection of attention, alone or packed",
            )),
        }
    }

    fn samples(&self) -> Vec<Parameter> {
        let network = sample_networks::gpt2(2, 64).into_iter();
        network.filter(|parameter| parameter.packing.is_some()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::find;

    #[test]
    fn each_part_of_a_packed_matrix_has_its_own_deviation() {
        let scheme = find("attention-normal:0.05,0.1").unwrap();
        let packed = scheme.samples().remove(0);
        let deviation =
            |index: usize| scheme.distribution(&packed.part(index)).unwrap().deviation();
        assert_eq!([0, 1, 2].map(deviation), [0.05, 0.05, 0.1]);
        assert!(scheme.distribution(&Parameter::linear("0.weight", 4, 4)).is_err());
        for text in ["attention-normal", "attention-normal:0.1", "attention-normal:0.1,-1"] {
            assert!(find(text).is_err(), "{text}");
        }
    }
}
