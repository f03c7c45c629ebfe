//! BERT in transformers, and models made after it.

use super::Naming;
use super::meaning::{HEAD, LINEAR, Line, TABLE, last, module, part, role, tensor};
use crate::init::Component::{AttentionOutput, Down, Key, Query, Up, Value};
use crate::spec::Role::{Bias, Buffer};

/// `encoder.layer.N.attention.self.query`, `intermediate.dense`, `output.dense`.
pub static BERT: Naming = Naming {
    name: "bert",
    about: "BERT, RoBERTa, ELECTRA, DistilBERT, and vision models of the same form",
    lines: LINES,
    sample: "bert.encoder.layer.0.attention.self.query.weight",
};

const LINES: &[Line] = &[
    module("attention.self.query", part(Query)),
    module("attention.self.key", part(Key)),
    module("attention.self.value", part(Value)),
    module("attention.attention.query", part(Query)),
    module("attention.attention.key", part(Key)),
    module("attention.attention.value", part(Value)),
    module("attention.output.dense", last(AttentionOutput)),
    module("intermediate.dense", part(Up)),
    module("output.dense", last(Down)),
    module("attention.q_lin", part(Query)),
    module("attention.k_lin", part(Key)),
    module("attention.v_lin", part(Value)),
    module("attention.out_lin", last(AttentionOutput)),
    module("ffn.lin1", part(Up)),
    module("ffn.lin2", last(Down)),
    module("*_embeddings", TABLE),
    module("pooler.dense", LINEAR),
    module("transform.dense", LINEAR),
    module("predictions.decoder", HEAD),
    module("lm_head.decoder", HEAD),
    module("seq_relationship", HEAD),
    module("qa_outputs", HEAD),
    tensor("predictions.bias", role(Bias)),
    tensor("position_ids", role(Buffer)),
    tensor("token_type_ids", role(Buffer)),
];
