//! What `PyTorch` gives its modules.

use super::recurrent::{hidden_size, is_recurrent, last_name};
use super::{FrameworkDefault, Start, constant, normal, uniform, usual};
use crate::error::Result;
use crate::init::scheme::Facts;
use crate::init::{Component, Parameter};
use crate::spec::Role;

/// U(±1/√d) for linear layers and convolutions, and what the other modules say.
pub const TORCH: FrameworkDefault = FrameworkDefault {
    facts: &Facts {
        name: "torch-default",
        aliases: &["pytorch-default", "torch"],
        example: "torch-default",
        argument: "",
        needs: "",
        formula: "W, b ~ U(±1/√d), variance 1/(3d); embeddings N(0, 1); recurrent layers, biases \
                  too: U(±1/√hidden); MultiheadAttention: in_proj U(±√(6/(4d))), its fans those of \
                  all three parts, and biases 0; transposed convolutions: d = out·kernel / groups",
        source: "torch 2.15, nn/modules: linear, conv (kaiming_uniform_, a = √5), sparse, rnn, \
                 activation",
        when: "networks of up to about 3 hidden layers; to reproduce a run of PyTorch's defaults",
        avoid: "deep networks without normalization: each relu layer divides the signal's variance by 6",
    },
    start,
};

/// The choice of `PyTorch`'s modules.
pub(super) fn start(parameter: &Parameter) -> Result<Start> {
    if is_recurrent(parameter) {
        let one_gate = Parameter { fan_in: hidden_size(parameter), ..parameter.clone() };
        return Ok(uniform(1.0 / one_gate.positive_fan_in()?.sqrt()));
    }
    let in_attention_output = parameter.place.component == Some(Component::AttentionOutput);
    match (parameter.role, last_name(parameter)) {
        (Role::Embedding, _) => Ok(normal(1.0)),
        (_, "in_proj_weight" | "q_proj_weight" | "k_proj_weight" | "v_proj_weight") => {
            let fan_out = parameter.fan_out_of_all_parts() as f64;
            Ok(uniform((6.0 / (parameter.positive_fan_in()? + fan_out)).sqrt()))
        }
        (_, "in_proj_bias") => Ok(constant(0.0)),
        (Role::Bias, _) if in_attention_output && parameter.name.ends_with("out_proj.bias") => {
            Ok(constant(0.0))
        }
        (Role::Weight | Role::Bias, _) => Ok(uniform(1.0 / own_fan_in(parameter)?.sqrt())),
        _ => usual(parameter),
    }
}

/// `PyTorch` reads the second axis as inputs, which for a transposed convolution holds outputs.
fn own_fan_in(parameter: &Parameter) -> Result<f64> {
    if is_transposed_convolution(parameter) {
        return parameter.positive_fan_out();
    }
    parameter.positive_fan_in()
}

/// Whether it is (in, out / groups, kernel…).
pub(super) fn is_transposed_convolution(parameter: &Parameter) -> bool {
    let axes = &parameter.axes;
    let has_kernel = parameter.role == Role::Bias || parameter.shape.axes().len() > 2;
    axes.input == [0] && axes.output == [1] && has_kernel
}
