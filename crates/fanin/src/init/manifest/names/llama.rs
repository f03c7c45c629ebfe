//! Llama in transformers and in Meta's own files, and models made after it.

use super::Naming;
use super::meaning::{HEAD, Kind, LINEAR, Line, Packed, TABLE, last, module, packed, part, tensor};
use crate::init::Component::{AttentionOutput, Down, Gate, Key, Query, Up, Value};
use crate::spec::Role::Weight;

/// `model.layers.N.self_attn.q_proj`, `mlp.gate_proj`, `block_sparse_moe.experts.E.w1`.
pub static LLAMA: Naming = Naming {
    name: "llama",
    about: "Llama, Mistral, Mixtral, Qwen, Gemma, Phi, OPT's attention; one or many experts",
    lines: LINES,
    sample: "model.layers.0.mlp.gate_proj.weight",
};

const LINES: &[Line] = &[
    module("q_proj", part(Query)),
    module("k_proj", part(Key)),
    module("v_proj", part(Value)),
    module("o_proj", last(AttentionOutput)),
    module("self_attn.dense", last(AttentionOutput)),
    module("qkv_proj", packed(Packed::QueryKeyValue)),
    module("gate_proj", part(Gate)),
    module("up_proj", part(Up)),
    module("down_proj", last(Down)),
    module("gate_up_proj", packed(Packed::GateUp)),
    tensor("experts.gate_up_proj", packed(Packed::GateUp).of_kind(Kind::Experts).of_role(Weight)),
    tensor("experts.gate_proj", part(Gate).of_kind(Kind::Experts).of_role(Weight)),
    tensor("experts.up_proj", part(Up).of_kind(Kind::Experts).of_role(Weight)),
    tensor("experts.down_proj", last(Down).of_kind(Kind::Experts).of_role(Weight)),
    module("experts.*.w1", part(Gate)),
    module("experts.*.w2", last(Down)),
    module("experts.*.w3", part(Up)),
    module("feed_forward.w1", part(Gate)),
    module("feed_forward.w2", last(Down)),
    module("feed_forward.w3", part(Up)),
    module("block_sparse_moe.gate", LINEAR),
    module("mlp.gate", LINEAR),
    module("attention.wq", part(Query)),
    module("attention.wk", part(Key)),
    module("attention.wv", part(Value)),
    module("attention.wo", last(AttentionOutput)),
    module("embed_tokens", TABLE),
    module("tok_embeddings", TABLE),
    module("lm_head", HEAD),
];
