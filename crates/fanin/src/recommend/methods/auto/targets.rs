//! How large pre-activations should be: where signal and gradient both last through the depth.
//!
//! Key: q second moment of z, φ activation. With E z² = q in every layer, σ² = q/E φ² leaves the
//! signal as it is, and the gradient grows by g(q) = q·E φ′²/E φ² a layer. g is 1 at every q for
//! rectifiers, and goes to 1 with q for activations that are linear near 0; on the critical line
//! without biases it is 1.

use fanin_engine::activations::{self, Activation};
use fanin_engine::moments::gaussian_moments;

/// The second moment of z for a chain of `depth` layers of an activation, and g there.
///
/// The least of (depth·ln g)² + (ln q)²/4: what the gradient gains over the whole depth against
/// how far z is from the standard normal on which activations are made to bend.
pub(super) fn signal(activation: Option<&str>, depth: usize) -> (f64, f64) {
    let Some(activation) = activation.and_then(activations::find) else { return (1.0, 1.0) };
    let cost = |q: f64| {
        let growth = depth as f64 * growth(&*activation, q).ln();
        growth * growth + 0.25 * q.ln().powi(2)
    };
    // Above 1 activations that bend on one side run away from their fixed point; those that lose
    // the gradient everywhere need to be driven further.
    let highest = if growth(&*activation, 1.0) < 0.99 { 16 } else { 0 };
    let places = (-24..=highest).map(|step| (f64::from(step) / 4.0).exp2());
    let best = places.min_by(|a, b| cost(*a).total_cmp(&cost(*b))).unwrap_or(1.0);
    (best, growth(&*activation, best))
}

/// The factor on the gradient's second moment per layer whose signal stays at `q`.
fn growth(activation: &dyn Activation, q: f64) -> f64 {
    let moments = gaussian_moments(activation, 0.0, q);
    q * moments.slope_second / moments.second
}
