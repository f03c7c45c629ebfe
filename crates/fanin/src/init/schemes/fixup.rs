//! Fixup: residual networks that train at any depth without normalization.
//!
//! Key: L residual blocks, m layers of a block's branch, d fan-in, e fan-out.

use super::known_place::{blocks, embedding_width, is_in_branch};
use super::sample_networks;
use crate::error::Result;
use crate::init::scheme::{Argument, Facts, Scheme, without_argument};
use crate::init::{Distribution, Parameter};
use crate::spec::Role;

/// He's rule, smaller in branches; the last layer of each branch and of the network at 0.
#[derive(Clone, Debug)]
pub struct Fixup {
    facts: &'static Facts,
    fan: Fan,
}

#[derive(Clone, Copy, Debug)]
enum Fan {
    In,
    Out,
}

const NEEDS: &str = "residual branches";

/// As the paper says it.
pub const FIXUP: Fixup = Fixup {
    facts: &Facts {
        name: "fixup",
        aliases: &[],
        example: "fixup",
        argument: "",
        needs: NEEDS,
        formula: "in branches of m layers: N(0, (2/d)·L^(−1/(m−1))), their last layer 0; the \
                  network's last layer 0; elsewhere N(0, 2/d); biases 0, residual scales 1; \
                  embeddings N(0, 1/features)",
        source: "Zhang, Dauphin & Ma 2019 (1901.09321), §3.1",
        when: "deep residual relu networks without normalization",
        avoid: "networks without a bias before each layer and a scale on each branch, which it \
                also asks for; with normalization it is not needed",
    },
    fan: Fan::In,
};

/// As the paper's code does it for blocks of two convolutions.
pub const FIXUP_FAN_OUT: Fixup = Fixup {
    facts: &Facts {
        name: "fixup-fan-out",
        aliases: &["fixup-code"],
        example: "fixup-fan-out",
        argument: "",
        needs: NEEDS,
        formula: "as fixup, with the fan-out: N(0, (2/e)·L^(−1/(m−1))) in branches, N(0, 2/e) \
                  elsewhere",
        source: "hongyi-zhang/Fixup, fixup_resnet_cifar.py: √(2/(k²·out))·L^(−1/2) for m = 2",
        when: "to reproduce the code; it equals fixup wherever a layer is as wide as its input",
        avoid: "blocks that change the width: the forward signal then jumps by out/in",
    },
    fan: Fan::Out,
};

impl Scheme for Fixup {
    fn facts(&self) -> &'static Facts {
        self.facts
    }

    fn with_argument(&self, argument: Option<&str>) -> Argument {
        without_argument(argument, self.clone())
    }

    fn distribution(&self, parameter: &Parameter) -> Result<Distribution> {
        let depth = blocks(parameter)?;
        let place = &parameter.place;
        if place.is_head || place.is_residual_output {
            return Ok(Distribution::Constant(0.0));
        }
        if parameter.role == Role::Embedding {
            return Ok(Distribution::normal(1.0 / embedding_width(parameter)?.sqrt()));
        }
        let fan = match self.fan {
            Fan::In => parameter.positive_fan_in()?,
            Fan::Out => parameter.positive_fan_out()?,
        };
        let he = (2.0 / fan).sqrt();
        if !is_in_branch(parameter) {
            return Ok(Distribution::normal(he));
        }
        let layers = layers_of_branch(parameter)?;
        Ok(Distribution::normal(he * depth.powf(-1.0 / (2.0 * layers - 2.0))))
    }

    fn samples(&self) -> Vec<Parameter> {
        sample_networks::matrices(&sample_networks::residual_convolutions(8, 24))
    }
}

/// Layers of the branch of a parameter that is not in the last of them, 2 or more.
fn layers_of_branch(parameter: &Parameter) -> Result<f64> {
    match parameter.place.branch {
        Some(branch) if branch.count > 1 => Ok(branch.count as f64),
        // Value and output, or up and down: the layers in a row of a transformer's branch.
        None => Ok(2.0),
        Some(branch) => Err(parameter.unfit(
            format!("a branch of {} layers in which it is not the last", branch.count),
            "a branch of 2 layers or more",
        )),
    }
}
