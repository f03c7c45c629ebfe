//! Parameters that are added to a network: low-rank updates and factors on residual branches.

use super::Naming;
use super::meaning::{Line, module, part, role, tensor};
use crate::init::Component::{LoraDown, LoraUp};
use crate::spec::Role::ResidualScale;

/// `lora_A` and `lora_B`; the factors `gamma`, `lambda1` and `resweight`.
pub static ADAPTERS: Naming = Naming {
    name: "adapters",
    about: "LoRA (peft), LayerScale (timm, DINOv2, BEiT, ConvNeXt), ReZero, SkipInit",
    lines: LINES,
    sample: "layers.0.q_proj.lora_A.default.weight",
};

const LINES: &[Line] = &[
    module("lora_A", part(LoraDown)),
    module("lora_A.*", part(LoraDown)),
    module("lora_B", part(LoraUp)),
    module("lora_B.*", part(LoraUp)),
    tensor("ls*.gamma", role(ResidualScale)),
    tensor("layer_scale*.lambda1", role(ResidualScale)),
    tensor("layer_scale*.gamma", role(ResidualScale)),
    tensor("layer_scale*", role(ResidualScale)),
    tensor("gamma_?", role(ResidualScale)),
    tensor("lambda_?", role(ResidualScale)),
    tensor("resweight*", role(ResidualScale)),
    tensor("rezero*", role(ResidualScale)),
    tensor("skip_gain", role(ResidualScale)),
];
