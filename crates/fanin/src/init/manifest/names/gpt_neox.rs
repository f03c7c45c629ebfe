//! GPT-NeoX in transformers, and others with query, key and value packed head by head.

use super::Naming;
use super::meaning::{HEAD, Line, Packed, TABLE, last, module, packed, part, role, tensor};
use crate::init::Component::{AttentionOutput, Down, Up};
use crate::spec::Role::Buffer;

/// `gpt_neox.layers.N.attention.query_key_value`, `mlp.dense_h_to_4h`.
pub static GPT_NEOX: Naming = Naming {
    name: "gpt-neox",
    about: "GPT-NeoX, Pythia, BLOOM, Falcon; packed query, key and value head by head",
    lines: LINES,
    sample: "gpt_neox.layers.0.attention.query_key_value.weight",
};

const LINES: &[Line] = &[
    module("query_key_value", packed(Packed::QueryKeyValueByHead)),
    module("attention.dense", last(AttentionOutput)),
    module("self_attention.dense", last(AttentionOutput)),
    module("dense_h_to_4h", part(Up)),
    module("dense_4h_to_h", last(Down)),
    module("embed_in", TABLE),
    module("embed_out", HEAD),
    tensor("rotary_emb.inv_freq", role(Buffer)),
    tensor("attention.bias", role(Buffer)),
    tensor("attention.masked_bias", role(Buffer)),
];
