//! PyTorch's own modules: what `torch.nn` calls its parameters and buffers.

use super::Naming;
use super::meaning::{
    HEAD, Kind, Line, Packed, TABLE, kind, last, module, packed, part, role, tensor,
};
use crate::init::Component::{AttentionOutput, Down, Key, Query, Up, Value};
use crate::spec::Role::{
    Bias, Buffer, Counter, Recurrent, RunningMean, RunningVariance, Slope, Weight,
};

/// `in_proj_weight`, `weight_hh_l0`, `running_mean`, `linear1`.
pub static TORCH: Naming = Naming {
    name: "torch",
    about: "torch.nn: attention, recurrent layers, normalizations, transformer layers",
    lines: LINES,
    sample: "weight_hh_l0",
};

const QUERY_KEY_VALUE: super::Meaning = packed(Packed::QueryKeyValue);
const GATES: super::Meaning = packed(Packed::Gates);

const LINES: &[Line] = &[
    tensor("in_proj_weight", QUERY_KEY_VALUE.of_role(Weight)),
    tensor("in_proj_bias", QUERY_KEY_VALUE.of_role(Bias)),
    tensor("q_proj_weight", part(Query).of_role(Weight)),
    tensor("k_proj_weight", part(Key).of_role(Weight)),
    tensor("v_proj_weight", part(Value).of_role(Weight)),
    tensor("weight_ih*", GATES.of_role(Weight)),
    tensor("weight_hh*", GATES.of_role(Recurrent)),
    tensor("weight_hr*", role(Weight)),
    tensor("bias_ih*", GATES.of_role(Bias)),
    tensor("bias_hh*", GATES.of_role(Bias)),
    tensor("bias_k", role(Bias)),
    tensor("bias_v", role(Bias)),
    tensor("running_mean", role(RunningMean)),
    tensor("running_var", role(RunningVariance)),
    tensor("num_batches_tracked", role(Counter)),
    tensor("inv_freq", role(Buffer)),
    tensor("*prelu*.weight", role(Slope)),
    module("out_proj", last(AttentionOutput)),
    module("linear1", part(Up)),
    module("linear2", last(Down)),
    module("*norm*", kind(Kind::Norm)),
    module("*Norm*", kind(Kind::Norm)),
    module("ln_*", kind(Kind::Norm)),
    module("bn*", kind(Kind::Norm)),
    module("conv*", kind(Kind::Conv)),
    module("*embedding*", TABLE),
    module("*embed", TABLE),
    module("*emb", TABLE),
    module("*conv_transpose*", kind(Kind::ConvTranspose)),
    module("*convtranspose*", kind(Kind::ConvTranspose)),
    module("score", HEAD),
];
