//! Keras' layers: `kernel`, `recurrent_kernel`, `gamma`, `beta`, `moving_mean`.

use super::Naming;
use super::meaning::{Kind, Line, Packed, kind, last, module, packed, part, role, tensor};
use crate::init::Component::{AttentionOutput, Key, Query, Value};
use crate::spec::Role::{
    Embedding, NormScale, NormShift, Recurrent, RunningMean, RunningVariance, Slope, Weight,
};

/// `dense/kernel`, `lstm/lstm_cell/recurrent_kernel`, `batch_normalization/moving_mean`.
pub static KERAS: Naming = Naming {
    name: "keras",
    about: "Keras 2 and 3 on any backend; weights as (kernel…, in, out)",
    lines: LINES,
    sample: "lstm/lstm_cell/recurrent_kernel",
};

const GATES: super::Meaning = packed(Packed::Gates).keras();

const LINES: &[Line] = &[
    module("conv?d_transpose*", kind(Kind::ConvTranspose)),
    module("depthwise_conv?d*", kind(Kind::DepthwiseConv)),
    module("multi_head_attention*.query*", part(Query).of_kind(Kind::ToHeads)),
    module("multi_head_attention*.key*", part(Key).of_kind(Kind::ToHeads)),
    module("multi_head_attention*.value*", part(Value).of_kind(Kind::ToHeads)),
    module(
        "multi_head_attention*.attention_output",
        last(AttentionOutput).of_kind(Kind::FromHeads),
    ),
    tensor("recurrent_kernel", GATES.of_role(Recurrent)),
    tensor("lstm*.kernel", GATES.of_role(Weight)),
    tensor("lstm*.bias", GATES),
    tensor("gru*.kernel", GATES.of_role(Weight)),
    tensor("gru*.bias", GATES),
    tensor("depthwise_kernel", kind(Kind::DepthwiseConv).of_role(Weight).keras()),
    tensor("pointwise_kernel", kind(Kind::Conv).of_role(Weight).keras()),
    tensor("kernel", role(Weight).keras()),
    tensor("embeddings", role(Embedding)),
    tensor("gamma", role(NormScale)),
    tensor("beta", role(NormShift)),
    tensor("moving_mean", role(RunningMean)),
    tensor("moving_variance", role(RunningVariance)),
    tensor("p_re_lu*.alpha", role(Slope)),
];
