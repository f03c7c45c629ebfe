//! GPT-2 in transformers: linear layers as `Conv1D`, whose weight is (in, out).
//!
//! Other programs use the same names for weights of shape (out, in); the shape of `c_attn` or
//! `c_fc` tells which it is, as [`Manifest::parameters`](crate::init::manifest::Manifest) does.

use super::Naming;
use super::meaning::{HEAD, Line, Packed, TABLE, last, module, packed, part, role, tensor};
use crate::init::Component::{AttentionOutput, Down, Query, Up};
use crate::spec::Role::Buffer;

/// `transformer.h.N.attn.c_attn`, `mlp.c_fc`, `wte`, `wpe`.
pub static GPT2: Naming = Naming {
    name: "gpt2",
    about: "GPT-2 and its kin; packed query, key and value along the last axis",
    lines: LINES,
    sample: "transformer.h.0.attn.c_attn.weight",
};

const LINES: &[Line] = &[
    module("crossattention.c_attn", packed(Packed::KeyValue).in_out()),
    module("c_attn", packed(Packed::QueryKeyValue).in_out()),
    module("q_attn", part(Query).in_out()),
    module("attn.c_proj", last(AttentionOutput).in_out()),
    module("crossattention.c_proj", last(AttentionOutput).in_out()),
    module("c_fc", part(Up).in_out()),
    module("mlp.c_proj", last(Down).in_out()),
    module("wte", TABLE),
    module("wpe", TABLE),
    module("transformer.lm_head", HEAD),
    tensor("h.*.attn.bias", role(Buffer)),
    tensor("attn.masked_bias", role(Buffer)),
];
