//! Vision transformers and residual networks, in transformers, timm and torchvision.

use super::Naming;
use super::meaning::{
    HEAD, Kind, LINEAR, Line, Packed, TABLE, kind, last, module, packed, part, role, tensor,
};
use crate::init::Component::{AttentionOutput, Down, Up};
use crate::spec::Role::Embedding;

/// `blocks.N.attn.qkv`, `cls_token`, `patch_embed.proj`, `layer1.0.downsample.0`.
pub static VISION: Naming = Naming {
    name: "vision",
    about: "ViT, DeiT, CLIP, Swin, ResNet, ConvNeXt",
    lines: LINES,
    sample: "blocks.0.attn.qkv.weight",
};

const LINES: &[Line] = &[
    module("attn.qkv", packed(Packed::QueryKeyValue)),
    module("attn.proj", last(AttentionOutput)),
    module("mlp.lin1", part(Up)),
    module("mlp.lin2", last(Down)),
    module("patch_embed.proj", kind(Kind::Conv)),
    module("patch_embeddings.projection", kind(Kind::Conv)),
    module("patch_embedding", kind(Kind::Conv)),
    module("position_embedding", TABLE),
    module("token_embedding", TABLE),
    module("visual_projection", LINEAR),
    module("text_projection", LINEAR),
    module("dwconv", kind(Kind::DepthwiseConv)),
    module("depthwise*", kind(Kind::DepthwiseConv)),
    module("classifier", HEAD),
    module("classifier.*", HEAD),
    module("cls_classifier", HEAD),
    module("head", HEAD),
    module("head.fc", HEAD),
    module("heads.head", HEAD),
    module("fc", HEAD),
    tensor("cls_token", role(Embedding)),
    tensor("class_token", role(Embedding)),
    tensor("class_embedding", role(Embedding)),
    tensor("mask_token", role(Embedding)),
    tensor("dist*_token", role(Embedding)),
    tensor("pos_embed*", role(Embedding)),
    tensor("position_embeddings", role(Embedding)),
    tensor("positional_embedding", role(Embedding)),
    tensor("reg*_token*", role(Embedding)),
    tensor("relative_position_bias_table", role(Embedding)),
];
