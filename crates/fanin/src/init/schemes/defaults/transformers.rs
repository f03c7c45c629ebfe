//! What the transformers library gives a model that says nothing of its own.

use super::recurrent::{is_lstm, is_recurrent, last_name};
use super::{FrameworkDefault, Start, constant, normal, torch, uniform, usual};
use crate::error::Result;
use crate::init::Parameter;
use crate::init::scheme::Facts;
use crate::spec::Role;

/// N(0, 0.02²) whatever the width.
pub const TRANSFORMERS: FrameworkDefault = FrameworkDefault {
    facts: &Facts {
        name: "transformers-default",
        aliases: &["huggingface-default", "hf-default"],
        example: "transformers-default",
        argument: "",
        needs: "",
        formula: "W and embeddings ~ N(0, 0.02²), biases 0; LSTM: U(±√(6/(d+e))) with e of all \
                  gates, biases 0; GRU and nn.MultiheadAttention as torch-default. The padding row \
                  of an embedding starts at 0 there; here it is drawn, for a shape does not tell it",
        source: "transformers 5.23, modeling_utils.py, PreTrainedModel._init_weights, \
                 initializer_range 0.02",
        when: "pre-norm transformers of width near 1000; to reproduce a model trained from scratch",
        avoid: "widths far from 1000, and deep networks without normalization: 0.02 ignores both \
                fan-in and depth",
    },
    start,
};

/// `initializer_range`.
const DEVIATION: f64 = 0.02;
/// Parameters that nn.MultiheadAttention owns itself.
const ATTENTION: &[&str] =
    &["in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight", "in_proj_bias"];

fn start(parameter: &Parameter) -> Result<Start> {
    if ATTENTION.contains(&last_name(parameter)) {
        return torch::start(parameter);
    }
    match parameter.role {
        Role::Bias if is_lstm(parameter) => Ok(constant(0.0)),
        _ if is_lstm(parameter) => {
            let fan_out = parameter.fan_out_of_all_parts() as f64;
            Ok(uniform((6.0 / (parameter.positive_fan_in()? + fan_out)).sqrt()))
        }
        _ if is_recurrent(parameter) => torch::start(parameter),
        role if role.is_matrix() => Ok(normal(DEVIATION)),
        _ => usual(parameter),
    }
}
