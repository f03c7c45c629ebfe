//! What theory says of a network before any weight is drawn: signal propagation at large width.
//!
//! ```text
//! activation ──► Gaussian ──► Layer (with σ_w², σ_b²) ──► fixed point, depth scales
//!                        └──► critical line
//! ```
//!
//! Definitions and derivations: `docs/theory/signal-propagation.md`.

mod quadrature;
mod closed_form;
mod gaussian;
mod layer;
mod fixed_point;
mod critical;
mod dead_units;

#[cfg(test)]
mod tests;

pub use critical::Critical;
pub use dead_units::{born_dead_probability, dead_probability};
pub use fixed_point::FixedPoint;
pub use gaussian::{Gaussian, Moments, Pair};
pub use layer::{Layer, Point, depth_scale};
