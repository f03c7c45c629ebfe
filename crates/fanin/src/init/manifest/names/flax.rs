//! Flax's modules: `kernel`, `scale`, `embedding`, one dense layer for each gate.

use super::Naming;
use super::meaning::{Kind, Line, kind, last, module, part, role, tensor};
use crate::init::Component::{
    AttentionOutput, Candidate, ForgetGate, InputGate, Key, OutputGate, Query, ResetGate,
    UpdateGate, Value,
};
use crate::spec::Role::{Embedding, NormScale, Recurrent, RunningMean, RunningVariance};

/// `Dense_0/kernel`, `Embed_0/embedding`, `LayerNorm_0/scale`, `LSTMCell_0/hf/kernel`.
pub static FLAX: Naming = Naming {
    name: "flax",
    about: "flax.linen and nnx, by the names of their modules' fields",
    lines: LINES,
    sample: "Embed_0/embedding",
};

const LINES: &[Line] = &[
    tensor("hi.kernel", part(InputGate).of_role(Recurrent).keras()),
    tensor("hf.kernel", part(ForgetGate).of_role(Recurrent).keras()),
    tensor("hg.kernel", part(Candidate).of_role(Recurrent).keras()),
    tensor("ho.kernel", part(OutputGate).of_role(Recurrent).keras()),
    tensor("hr.kernel", part(ResetGate).of_role(Recurrent).keras()),
    tensor("hz.kernel", part(UpdateGate).of_role(Recurrent).keras()),
    tensor("hn.kernel", part(Candidate).of_role(Recurrent).keras()),
    module("hi", part(InputGate)),
    module("hf", part(ForgetGate)),
    module("hg", part(Candidate)),
    module("ho", part(OutputGate)),
    module("ii", part(InputGate)),
    module("if", part(ForgetGate)),
    module("ig", part(Candidate)),
    module("io", part(OutputGate)),
    module("ir", part(ResetGate)),
    module("iz", part(UpdateGate)),
    module("in", part(Candidate)),
    module("ConvTranspose_*", kind(Kind::ConvTranspose)),
    module("*Attention*.query", part(Query).of_kind(Kind::ToHeads)),
    module("*Attention*.key", part(Key).of_kind(Kind::ToHeads)),
    module("*Attention*.value", part(Value).of_kind(Kind::ToHeads)),
    module("*Attention*.out", last(AttentionOutput).of_kind(Kind::FromHeads)),
    module("*attention*.query", part(Query).of_kind(Kind::ToHeads)),
    module("*attention*.key", part(Key).of_kind(Kind::ToHeads)),
    module("*attention*.value", part(Value).of_kind(Kind::ToHeads)),
    module("*attention*.out", last(AttentionOutput).of_kind(Kind::FromHeads)),
    tensor("embedding", role(Embedding)),
    tensor("scale", role(NormScale)),
    tensor("batch_stats.*.mean", role(RunningMean)),
    tensor("batch_stats.*.var", role(RunningVariance)),
];
