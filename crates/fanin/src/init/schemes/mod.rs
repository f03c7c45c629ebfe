//! One file for each scheme, or for a family of which each member is a line.
//!
//! To add a scheme: a new file with a [`Scheme`], `mod x;` and `&x::X,` in [`SCHEMES`].

mod constant;
mod uniform;
mod normal;
pub(super) mod truncated_normal;
mod library_truncated_normal;
mod variance_scaling;
mod fan_in;
mod lecun;
mod xavier;
mod he;
mod geometric_mean;
mod exact_gain;
mod orthogonal;
mod identity;
mod dirac;
mod stft;
mod delta_orthogonal;
mod looks_linear;
mod sparse;
mod nguyen_widrow;
mod random_walk;
mod irnn;
mod forget_gate;
mod chrono;
mod spaced_memory;
mod siren;
mod randomized_asymmetric;
mod zero;
mod idinit;
mod mimetic;
mod attention_normal;

mod known_place;
mod base;
mod sample_networks;
mod defaults;
mod transformer_normal;
mod ds_init;
mod fixup;
mod t_fixup;
mod admin;
mod deep_norm;
mod sub_ln;
mod residual_scale;
mod mup;
mod spectral;
mod unit_scaling;
mod lora;
mod diff_transformer;

#[cfg(test)]
mod tests;

use super::Scheme;

pub(crate) use looks_linear::mirrors_central_tap;

/// Every scheme, from the plainest to the most careful.
pub static SCHEMES: &[&dyn Scheme] = &[
    &constant::ZEROS,
    &constant::ONES,
    &constant::CONSTANT,
    &uniform::Uniform { low: 0.0, high: 0.0 },
    &normal::Normal { mean: 0.0, deviation: 0.0 },
    &truncated_normal::TRUNCATED_NORMAL,
    &library_truncated_normal::TORCH,
    &library_truncated_normal::KERAS,
    &variance_scaling::GIVEN,
    &fan_in::UNIFORM,
    &fan_in::NORMAL,
    &lecun::UNIFORM,
    &lecun::NORMAL,
    &lecun::TRUNCATED,
    &xavier::UNIFORM,
    &xavier::NORMAL,
    &xavier::TRUNCATED,
    &he::UNIFORM,
    &he::NORMAL,
    &he::TRUNCATED,
    &he::FAN_OUT_UNIFORM,
    &he::FAN_OUT_NORMAL,
    &geometric_mean::UNIFORM,
    &geometric_mean::NORMAL,
    &exact_gain::UNIFORM,
    &exact_gain::NORMAL,
    &orthogonal::Orthogonal { gain: orthogonal::DEFAULT_GAIN },
    &identity::Identity { gain: 1.0 },
    &dirac::Dirac,
    &stft::Stft { is_imaginary: false },
    &delta_orthogonal::DeltaOrthogonal { gain: delta_orthogonal::DEFAULT_GAIN },
    &looks_linear::LooksLinear { gain: looks_linear::DEFAULT_GAIN, is_first: false },
    &sparse::MARTENS,
    &sparse::TORCH,
    &nguyen_widrow::NguyenWidrow,
    &random_walk::RandomWalk,
    &irnn::Irnn { factor: 1.0 },
    &forget_gate::ForgetGate { bias: 1.0 },
    &chrono::CHRONO,
    &spaced_memory::SPACED_MEMORY,
    &siren::Siren { frequency: siren::DEFAULT_FREQUENCY },
    &randomized_asymmetric::RandomizedAsymmetric,
    &zero::Zero,
    &idinit::IDINIT,
    &mimetic::MIMETIC,
    &attention_normal::ATTENTION_NORMAL,
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
    &admin::Admin::Logarithmic,
    &deep_norm::DEEP_NORM,
    &deep_norm::DEEP_NORM_TORCHSCALE,
    &sub_ln::SubLn,
    &residual_scale::REZERO,
    &residual_scale::SKIP_INIT,
    &residual_scale::LAYER_SCALE,
    &residual_scale::NORM_FORMER,
    &mup::MUP,
    &spectral::Spectral,
    &unit_scaling::UnitScaling,
    &lora::Lora,
    &diff_transformer::DiffTransformer,
];
