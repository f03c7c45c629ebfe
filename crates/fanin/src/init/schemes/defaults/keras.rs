//! What Keras gives its layers.

use super::recurrent::{is_lstm, is_recurrent, last_name};
use super::{FrameworkDefault, Start, constant, uniform, usual};
use crate::error::Result;
use crate::init::scheme::Facts;
use crate::init::{Component, Parameter};
use crate::spec::Role;

/// Glorot's uniform rule, zeros for biases.
pub const KERAS: FrameworkDefault = FrameworkDefault {
    facts: &Facts {
        name: "keras-default",
        aliases: &["keras", "tensorflow-default"],
        example: "keras-default",
        argument: "",
        needs: "",
        formula: "W ~ U(±√(6/(d+e))), fans without regard to groups; recurrent weights one \
                  orthogonal matrix over all gates, others with e of all gates; embeddings \
                  U(±0.05); biases 0, an LSTM's forget gate 1; slopes 0",
        source: "keras 3.15, layers: core/dense, core/embedding, rnn/lstm, activations/prelu",
        when: "tanh networks of similar widths; to reproduce a run of Keras' defaults",
        avoid: "deep relu networks, where each layer halves the signal's variance",
    },
    start,
};

/// Bound of Keras' `uniform`.
const EMBEDDING_BOUND: f64 = 0.05;

fn start(parameter: &Parameter) -> Result<Start> {
    match parameter.role {
        Role::Embedding => Ok(uniform(EMBEDDING_BOUND)),
        Role::Recurrent => Ok(Start::OrthogonalOverGates),
        Role::Weight => {
            let (fan_in, fan_out) = ungrouped_fans(parameter)?;
            Ok(uniform((6.0 / (fan_in + fan_out)).sqrt()))
        }
        Role::Bias if is_recurrent(parameter) && is_lstm(parameter) => {
            let is_forget_gate = parameter.place.component == Some(Component::ForgetGate);
            // Keras has one bias where PyTorch has two: the second starts at 0.
            let is_second = last_name(parameter).starts_with("bias_hh");
            Ok(constant(if is_forget_gate && !is_second { 1.0 } else { 0.0 }))
        }
        Role::Slope => Ok(constant(0.0)),
        _ => usual(parameter),
    }
}

/// Fans as Keras computes them from the shape alone, which does not tell the groups.
fn ungrouped_fans(parameter: &Parameter) -> Result<(f64, f64)> {
    let axes = &parameter.axes;
    let fan_in = parameter.positive_fan_in()? * axes.input_groups.max(1) as f64;
    parameter.positive_fan_out()?;
    let fan_out = parameter.fan_out_of_all_parts() * axes.output_groups.max(1);
    Ok((fan_in, fan_out as f64))
}
