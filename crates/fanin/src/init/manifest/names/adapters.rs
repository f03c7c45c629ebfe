//! Parameters that are added to a network: low-rank updates and factors on residual branches.

use super::Naming;
use super::meaning::{Line, module, part, role, tensor};
use crate::init::Component::{LoraDown, LoraUp};
use crate::spec::Role::{NormScale, ResidualScale, ShortcutScale};

/// `lora_A` and `lora_B`; the factors `gamma`, `lambda1`, `resweight`, `omega` and `c_attn`.
pub static ADAPTERS: Naming = Naming {
    name: "adapters",
    about: "LoRA (peft), LayerScale (timm, DINOv2, BEiT, ConvNeXt), ReZero, SkipInit, Admin, \
            NormFormer (fairseq)",
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
    tensor("w_resid", role(ResidualScale)),
    tensor("omega", role(ShortcutScale)),
    tensor("*_ratio_change", role(ShortcutScale)),
    tensor("c_attn", role(NormScale)),
    tensor("head_scale*", role(NormScale)),
];
