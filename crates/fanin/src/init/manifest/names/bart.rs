//! BART and Whisper in transformers, and fairseq's transformers.

use super::Naming;
use super::meaning::{HEAD, Line, TABLE, last, module, part, role, tensor};
use crate::init::Component::{AttentionOutput, Down, Up};
use crate::spec::Role::Bias;

/// `encoder_attn.out_proj`, `fc1`, `fc2`, `embed_positions`, `proj_out`.
pub static BART: Naming = Naming {
    name: "bart",
    about: "BART, Whisper, OPT, Marian, M2M, fairseq; also CLIP's and ViT's `fc1` and `fc2`",
    lines: LINES,
    sample: "model.decoder.layers.0.fc1.weight",
};

const LINES: &[Line] = &[
    module("encoder_attn.out_proj", last(AttentionOutput)),
    module("*attn.out_proj", last(AttentionOutput)),
    module("fc1", part(Up)),
    module("fc2", last(Down)),
    module("embed_positions", TABLE),
    module("embed_positions.*", TABLE),
    module("proj_out", HEAD),
    module("output_projection", HEAD),
    tensor("final_logits_bias", role(Bias)),
];
