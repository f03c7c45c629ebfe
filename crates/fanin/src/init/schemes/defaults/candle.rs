//! What candle gives its modules.

use super::recurrent::is_recurrent;
use super::torch::is_transposed_convolution;
use super::{FrameworkDefault, Start, constant, normal, uniform, usual};
use crate::error::Result;
use crate::init::Parameter;
use crate::init::scheme::Facts;
use crate::spec::Role;

/// He's normal rule for weights, U(±1/√d) for biases.
pub const CANDLE: FrameworkDefault = FrameworkDefault {
    facts: &Facts {
        name: "candle-default",
        aliases: &["candle"],
        example: "candle-default",
        argument: "",
        needs: "",
        formula: "W ~ N(0, 2/d), b ~ U(±1/√d); recurrent layers U(±√(6/d)), biases 0; embeddings \
                  N(0, 1); transposed convolutions: W with d = out·kernel / groups",
        source: "candle-nn (2026-08): linear.rs, conv.rs, rnn.rs, embedding.rs. A convolution's \
                 bias has 1/√in-channels there, without kernel and groups; here kernel and groups \
                 count, for a bias alone does not tell them",
        when: "relu networks of any depth; to reproduce a run of candle's defaults",
        avoid: "tanh and selu networks, where gain √2 is too large",
    },
    start,
};

fn start(parameter: &Parameter) -> Result<Start> {
    match parameter.role {
        Role::Embedding => Ok(normal(1.0)),
        Role::Bias if is_recurrent(parameter) => Ok(constant(0.0)),
        _ if is_recurrent(parameter) => Ok(uniform((6.0 / parameter.positive_fan_in()?).sqrt())),
        Role::Weight if is_transposed_convolution(parameter) => {
            Ok(normal((2.0 / parameter.positive_fan_out()?).sqrt()))
        }
        Role::Weight => Ok(normal((2.0 / parameter.positive_fan_in()?).sqrt())),
        Role::Bias => Ok(uniform(1.0 / parameter.positive_fan_in()?.sqrt())),
        _ => usual(parameter),
    }
}
