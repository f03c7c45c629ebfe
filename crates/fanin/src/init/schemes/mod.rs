//! One file for each scheme, or for a family of which each member is a line.
//!
//! To add a scheme: a new file with a [`Scheme`], `mod x;` and `&x::X,` in [`SCHEMES`].

mod constant;
mod uniform;
mod normal;
pub(super) mod truncated_normal;
mod variance_scaling;
mod orthogonal;

mod known_place;
mod base;
mod sample_networks;
mod defaults;
mod transformer_normal;
mod ds_init;
mod fixup;
mod t_fixup;
mod deep_norm;
mod sub_ln;
mod residual_scale;
mod mup;
mod spectral;
mod unit_scaling;
mod lora;

#[cfg(test)]
mod tests;

use super::Scheme;

/// Every scheme, from the plainest to the most careful.
pub static SCHEMES: &[&dyn Scheme] = &[
    &constant::ZEROS,
    &constant::ONES,
    &constant::CONSTANT,
    &uniform::Uniform { low: 0.0, high: 0.0 },
    &normal::Normal { deviation: 0.0 },
    &truncated_normal::TruncatedNormal { deviation: 0.0 },
    &variance_scaling::FAN_IN_UNIFORM,
    &variance_scaling::FAN_IN_NORMAL,
    &variance_scaling::LECUN_UNIFORM,
    &variance_scaling::LECUN_NORMAL,
    &variance_scaling::XAVIER_UNIFORM,
    &variance_scaling::XAVIER_NORMAL,
    &variance_scaling::HE_UNIFORM,
    &variance_scaling::HE_NORMAL,
    &variance_scaling::HE_FAN_OUT_NORMAL,
    &variance_scaling::EXACT_GAIN_UNIFORM,
    &variance_scaling::EXACT_GAIN_NORMAL,
    &orthogonal::Orthogonal { gain: orthogonal::DEFAULT_GAIN },
    &defaults::TORCH,
    &defaults::KERAS,
    &defaults::FLAX,
    &defaults::BURN,
    &defaults::CANDLE,
    &defaults::TRANSFORMERS,
    &transformer_normal::GPT2,
    &transformer_normal::GPT2_RESIDUAL,
    &transformer_normal::SMALL_INIT,
    &transformer_normal::WANG_INIT,
    &transformer_normal::MITCHELL,
    &ds_init::DsInit,
    &fixup::FIXUP,
    &fixup::FIXUP_FAN_OUT,
    &t_fixup::TFixup,
    &deep_norm::DEEP_NORM,
    &deep_norm::DEEP_NORM_TORCHSCALE,
    &sub_ln::SubLn,
    &residual_scale::REZERO,
    &residual_scale::SKIP_INIT,
    &residual_scale::LAYER_SCALE,
    &mup::MUP,
    &spectral::Spectral,
    &unit_scaling::UnitScaling,
    &lora::Lora,
];
