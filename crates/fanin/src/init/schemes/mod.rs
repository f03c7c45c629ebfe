//! One file for each scheme, or for a family of which each member is a line.
//!
//! To add a scheme: a new file with a [`Scheme`], `mod x;` and `&x::X,` in [`SCHEMES`].

mod constant;
mod uniform;
mod normal;
pub(super) mod truncated_normal;
mod library_truncated_normal;
mod torch_default;
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
mod delta_orthogonal;
mod looks_linear;
mod sparse;
mod nguyen_widrow;
mod random_walk;
mod irnn;
mod forget_gate;
mod chrono;
mod siren;
mod randomized_asymmetric;
mod zero;
mod idinit;
mod mimetic;

use super::Scheme;

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
    &torch_default::TorchDefault,
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
    &delta_orthogonal::DeltaOrthogonal { gain: delta_orthogonal::DEFAULT_GAIN },
    &looks_linear::LooksLinear,
    &sparse::MARTENS,
    &sparse::TORCH,
    &nguyen_widrow::NguyenWidrow,
    &random_walk::RandomWalk,
    &irnn::Irnn { factor: 1.0 },
    &forget_gate::ForgetGate { bias: 1.0 },
    &chrono::CHRONO,
    &siren::Siren { frequency: siren::DEFAULT_FREQUENCY },
    &randomized_asymmetric::RandomizedAsymmetric,
    &zero::Zero,
    &idinit::IDINIT,
    &mimetic::MIMETIC,
];
