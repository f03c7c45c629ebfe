//! What theory says of a network before any weight is drawn: signal propagation at large width.
//!
//! ```text
//! activation ──► Gaussian ──► Layer (with σ_w², σ_b²) ──► fixed point, depth scales
//!                        └──► critical line
//! ```
//!
//! Definitions and derivations: `docs/theory/signal-propagation.md`.

mod expression;
mod quadrature;
mod growth;
mod hypergeometric;
mod closed_form;
mod kink_series;
mod steep_series;
mod mehler;
mod gaussian;
mod pairs;
mod layer;
mod fixed_point;
mod critical;
mod network;
mod normalized;
mod batch_fluctuations;
mod batch_rows;
mod depth;
mod finite_width;
mod fluctuations;
mod correlation_variance;
mod stream_variance;
mod stream_correlation;
mod layer_norm_variance;
mod over_seeds;
mod borders;
mod spatial_modes;
mod complex;
mod slopes;
mod jacobian;
mod green;
mod jacobian_density;
mod walks;
mod stream_spectrum;
mod tangent_kernel;
mod attention;
mod recurrence;
mod dead_units;
mod scheme_effects;
mod averages;
mod unusable;
mod description;

#[cfg(test)]
mod tests;

pub use attention::{Attention, Tokens};
pub use averages::Averages;
pub use batch_fluctuations::{BatchVariances, batch_variances};
pub use batch_rows::{BatchRows, batch_gradient_factor};
pub use borders::{Borders, Image, borders};
pub use correlation_variance::correlation_variance;
pub use critical::{Critical, Footing};
pub use dead_units::{born_dead_probability, dead_probability};
pub use depth::{CORRELATION_SCALES, DepthLimit, TrainableDepth, trainable_depth};
pub use description::{
    AttentionDescription, Chosen, Description, Gains, Question, describe, describe_attention,
};
pub use expression::{Expression, activation};
pub use finite_width::{log_second_moment_variance, squared_length_variance};
pub use fixed_point::FixedPoint;
pub use fluctuations::{log_gradient_variance, log_trace_variance, tangent_kernel_variance};
pub use gaussian::{Gaussian, Moments, Pair};
pub use jacobian::{JacobianSpectrum, Weights, jacobian_spectrum};
pub use jacobian_density::{DensityPoint, JacobianDensity, Quantiles, jacobian_density};
pub use layer::{Layer, Point, depth_scale};
pub use network::{Network, Signal, Step};
pub use normalized::Plain;
pub use over_seeds::{FiniteWidth, over_seeds};
pub use pairs::Pairs;
pub use recurrence::{Cell, Memory, Recurrence, State};
pub use scheme_effects::{Effect, SchemeEffect, effect, scheme_effects, scheme_point};
pub use spatial_modes::{SpatialMode, SpatialModes, mode_factor, spatial_modes};
pub use stream_spectrum::stream_singular_values;
pub use stream_variance::stream_variance;
pub use tangent_kernel::{TangentKernel, tangent_kernel};
