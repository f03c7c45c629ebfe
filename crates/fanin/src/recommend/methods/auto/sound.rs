//! Whether a start is right as it is: signal and gradient in bounds in every layer.

use fanin_engine::Spread;

use super::solve::LEAST_LOGITS;
use super::walk::{Expected, Walk};

/// E z² of a layer whose scale no norm takes out, on the main path: below, activations are nearly
/// linear and rows lose their differences to biases.
const SIGNAL: (f64, f64) = (0.1, 10.0);
/// The same in a residual branch, which may as well add little.
const IN_BRANCH: (f64, f64) = (1e-3, 30.0);
/// The largest over the smallest norm of a weight's gradient, the head left out.
const GRADIENTS: f64 = 50.0;
/// E y² of the outputs.
const OUTPUTS: f64 = 4.0;
/// 1 − the cosine between the outputs of two rows, against that of the rows themselves.
const APART: f64 = 0.03;

/// Whether a start passes in all places, by what is expected of its layers, of which some are free to have a z of
/// this second moment, be it out of bounds elsewhere.
pub(super) fn is_sound(
    walk: &Walk,
    expected: &[Expected],
    is_free: impl Fn(usize, f64) -> bool,
) -> bool {
    let Some((head, hidden)) = expected.split_last() else { return true };
    let in_bounds = |(layer, own): (usize, &Expected)| {
        let is_main = walk.network.layers[layer].branches.is_empty();
        let (low, high) = if is_main { SIGNAL } else { IN_BRANCH };
        let fits = own.signal > low && own.signal < high;
        own.signal.is_finite() && own.gradient.is_finite() && (fits || is_free(layer, own.signal))
    };
    let gradients = || hidden.iter().map(|own| own.gradient.sqrt()).filter(|norm| *norm > 0.0);
    let largest = gradients().fold(0.0, f64::max);
    let least = gradients().fold(f64::INFINITY, f64::min);
    let rows = walk.entering().map(|spread: &Spread| 1.0 - spread.cosine(0)).fold(0.0, f64::max);
    let is_zero = head.signal == 0.0;
    hidden.iter().enumerate().all(in_bounds)
        && (hidden.is_empty() || largest <= GRADIENTS * least)
        && head.signal <= OUTPUTS
        && (is_zero || head.signal >= LEAST_LOGITS)
        && (is_zero || 1.0 - head.cosine >= APART * rows.min(1.0))
}
