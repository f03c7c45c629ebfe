//! What burn gives its modules.

use super::recurrent::is_recurrent;
use super::torch::is_transposed_convolution;
use super::{FrameworkDefault, Start, normal, uniform, usual};
use crate::error::Result;
use crate::init::Parameter;
use crate::init::scheme::Facts;
use crate::spec::Role;

/// U(±1/√d) for weights and biases, Xavier's normal rule in recurrent layers.
pub const BURN: FrameworkDefault = FrameworkDefault {
    facts: &Facts {
        name: "burn-default",
        aliases: &["burn"],
        example: "burn-default",
        argument: "",
        needs: "",
        formula: "W, b ~ U(±1/√d); recurrent layers N(0, 2/(d+e)) for each gate, biases too; \
                  embeddings N(0, 1); transposed convolutions: d = out·kernel / groups",
        source: "burn (2026-08), modules nn: KaimingUniform of gain 1/√3 in linear and conv, \
                 XavierNormal in rnn, Normal in embedding",
        when: "networks of up to about 3 hidden layers; to reproduce a run of burn's defaults",
        avoid: "deep networks without normalization: each relu layer divides the signal's variance \
                by 6",
    },
    start,
};

fn start(parameter: &Parameter) -> Result<Start> {
    match parameter.role {
        Role::Embedding => Ok(normal(1.0)),
        _ if is_recurrent(parameter) => {
            let fans = parameter.positive_fan_in()? + parameter.positive_fan_out()?;
            Ok(normal((2.0 / fans).sqrt()))
        }
        Role::Weight | Role::Bias if is_transposed_convolution(parameter) => {
            Ok(uniform(1.0 / parameter.positive_fan_out()?.sqrt()))
        }
        Role::Weight | Role::Bias => Ok(uniform(1.0 / parameter.positive_fan_in()?.sqrt())),
        _ => usual(parameter),
    }
}
