//! T5 in transformers: an encoder and a decoder of blocks with numbered layers.

use super::Naming;
use super::meaning::{Line, TABLE, last, module, part};
use crate::init::Component::{AttentionOutput, Down, Gate, Key, Query, Up, Value};

/// `encoder.block.N.layer.0.SelfAttention.q`, `DenseReluDense.wi`, `shared`.
pub static T5: Naming = Naming {
    name: "t5",
    about: "T5, mT5, Flan-T5, UMT5",
    lines: LINES,
    sample: "encoder.block.0.layer.0.SelfAttention.q.weight",
};

const LINES: &[Line] = &[
    module("*Attention.q", part(Query)),
    module("*Attention.k", part(Key)),
    module("*Attention.v", part(Value)),
    module("*Attention.o", last(AttentionOutput)),
    module("DenseReluDense.wi", part(Up)),
    module("DenseReluDense.wi_0", part(Gate)),
    module("DenseReluDense.wi_1", part(Up)),
    module("DenseReluDense.wo", last(Down)),
    module("relative_attention_bias", TABLE),
    module("shared", TABLE),
];
