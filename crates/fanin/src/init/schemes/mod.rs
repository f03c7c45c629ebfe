//! One file for each scheme, or for a family of which each member is a line.
//!
//! To add a scheme: a new file with a [`Scheme`], `mod x;` and `&x::X,` in [`SCHEMES`].

mod constant;
mod uniform;
mod normal;
pub(super) mod truncated_normal;
mod variance_scaling;
mod torch_default;
mod orthogonal;

use super::Scheme;

/// Every scheme, from the plainest to the most careful.
pub static SCHEMES: &[&dyn Scheme] = &[
    &constant::ZEROS,
    &constant::ONES,
    &constant::CONSTANT,
    &uniform::Uniform { low: 0.0, high: 0.0 },
    &normal::Normal { deviation: 0.0 },
    &truncated_normal::TruncatedNormal { deviation: 0.0 },
    &torch_default::TorchDefault,
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
];
