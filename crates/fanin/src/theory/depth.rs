//! How deep a network can be and still be trained.
//!
//! Two limits: inputs must stay distinguishable, which Schoenholz et al. 2017 measured to hold to
//! about `6ξ_c` layers, e⁻⁶ of a deviation; and gradients must arrive with a size that one learning rate serves.

use serde::Serialize;

use super::gaussian::{Gaussian, WIDE};
use super::layer::Layer;
use super::network::{Network, Signal};

/// The depth up to which training works, and what ends it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct TrainableDepth {
    /// Layers; `None` if no limit was met within 2,000.
    pub layers: Option<usize>,
    /// What ends it.
    pub limit: DepthLimit,
}

/// What ends the depth that can be trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DepthLimit {
    /// Nothing within 2,000 layers.
    None,
    /// All inputs come to look alike: `6ξ_c`.
    Alike,
    /// Similar inputs come to look unrelated: `6ξ_c`.
    Unrelated,
    /// The gradient at the first layer is too small beside the last.
    GradientVanishes,
    /// The gradient at the first layer is too large beside the last.
    GradientExplodes,
    /// q is no finite number.
    NotFinite,
}

/// Layers that are searched for a limit.
pub const SEARCHED: usize = 2000;
/// Depth scales of the correlation to which training works (Schoenholz et al. 2017).
pub const CORRELATION_SCALES: f64 = 6.0;
/// ln `E‖δ₁‖²/E‖δ_L‖²` at which the norm has fallen to 10⁻³ (AUTOTRAINER's bound).
pub const SMALLEST_GRADIENT: f64 = -13.815_510_557_964_274;
/// ln `E‖δ₁‖²/E‖δ_L‖²` at which the norm has grown to 70 (AUTOTRAINER's bound).
pub const LARGEST_GRADIENT: f64 = 8.496_990_484_098_72;

/// How deep `network` of `layer` may be if its first pre-activations have second moment `q`.
///
/// ```
/// use fanin::theory::{Layer, Network, Point, trainable_depth};
/// let relu = fanin::engine::activations::find("relu").expect("it is registered");
/// let torch_default = Layer::new(&*relu, Point::new(1.0 / 3.0, 0.0));
/// assert_eq!(trainable_depth(&Network::Dense, &torch_default, 1.0).layers, Some(7));
/// ```
pub fn trainable_depth(network: &Network, layer: &Layer<'_>, q: f64) -> TrainableDepth {
    let by_gradient = gradient_depth(network, layer, q);
    let layers = |depth: &TrainableDepth| depth.layers.unwrap_or(usize::MAX);
    let by_correlation = correlation_depth(network, layer, q, layers(&by_gradient));
    if layers(&by_correlation) < layers(&by_gradient) { by_correlation } else { by_gradient }
}

fn gradient_depth(network: &Network, layer: &Layer<'_>, q: f64) -> TrainableDepth {
    /// What q may change by, as a share, over layers that are taken at once.
    const DRIFT: f64 = 0.05;
    /// The same for the change itself, from layer to layer.
    const BEND: f64 = 0.1;
    let at = |q: f64| {
        let step = network.step(layer, Signal { second_moment: q, correlation: 1.0 });
        (step.signal.second_moment - q, step.gradient_factor.ln())
    };
    let (mut q, mut sum, mut passed, mut before) = (q, 0.0, 0, f64::NAN);
    while passed < SEARCHED {
        let (change, factor) = at(q);
        // Near a fixed point q is all but there; near a critical one it changes ever more slowly.
        let turning = (1.0 - change / before).abs();
        let lasts = (DRIFT * q / change.abs()).min(BEND / turning);
        let lasts = if change.abs() <= 1e-9 * q { SEARCHED as f64 } else { lasts.max(1.0) };
        let lasts = (lasts as usize).clamp(1, SEARCHED - passed);
        let count = lasts as f64;
        // Between both ends both are taken to go straight (Heun's rule).
        let (change_after, factor_after) =
            if lasts == 1 { (change, factor) } else { at(q + count * change) };
        let along = |from: f64, to: f64, layer: f64| from + (to - from) * layer / count;
        for more in 0..lasts {
            sum += along(factor, factor_after, more as f64);
            let limit = match sum {
                _ if !(q + change).is_finite() || sum.is_nan() => DepthLimit::NotFinite,
                sum if sum < SMALLEST_GRADIENT => DepthLimit::GradientVanishes,
                sum if sum > LARGEST_GRADIENT => DepthLimit::GradientExplodes,
                _ => continue,
            };
            return TrainableDepth { layers: Some(passed + more), limit };
        }
        passed += lasts;
        before = along(change, change_after, count - 1.0);
        q += count * along(change, change_after, 0.5 * (count - 1.0));
    }
    TrainableDepth { layers: None, limit: DepthLimit::None }
}

/// `6ξ_c`, where the correlation settles at a rate; along a stream it is searched in `most` blocks.
fn correlation_depth(network: &Network, layer: &Layer<'_>, q: f64, most: usize) -> TrainableDepth {
    let none = TrainableDepth { layers: None, limit: DepthLimit::None };
    let Some(plain) = network.plain(layer) else {
        return stream_depth(network, layer, q, most).unwrap_or(none);
    };
    let found = match network {
        Network::BatchNorm | Network::LayerNorm => plain.layer().describe(1.0),
        _ => layer.fixed_point(q),
    };
    let depth = CORRELATION_SCALES * found.correlation_depth;
    if depth.is_nan() || depth >= SEARCHED as f64 {
        return none;
    }
    TrainableDepth { layers: Some(depth as usize), limit: limit_at(found.correlation) }
}

fn limit_at(correlation: f64) -> DepthLimit {
    if correlation == 1.0 { DepthLimit::Alike } else { DepthLimit::Unrelated }
}

/// The blocks in which a deviation from the correlation that they lead to shrinks by e⁶.
///
/// Along a stream the slope of the correlation map nears 1 as q grows, so the deviation falls as a
/// power of the depth, if it falls (Yang & Schoenholz 2017): there is no ξ to take six of, and
/// the logarithms of the slopes 1 − α²v/q′·(1 − s) are added up, v and s the second moment and the
/// slope of the plain layer in the branch. Both maps lead to the same correlation.
fn stream_depth(
    network: &Network,
    layer: &Layer<'_>,
    q: f64,
    most: usize,
) -> Option<TrainableDepth> {
    /// What q may grow by before s, which changes with ln q, is computed anew.
    const STEP: f64 = 1.05;
    /// The same where φ bends within a small part of its range, which takes longer.
    const FAR_STEP: f64 = 30.0;
    let (branch, is_normalized) = network.stream()?;
    let coarse = Layer { gaussian: Gaussian::coarse(layer.gaussian.activation()), ..*layer };
    let layer = &coarse;
    let (mut q, mut scales) = (q, 0.0);
    let held = is_normalized.then(|| layer.second_moment(1.0));
    let mut known: Option<(f64, f64, f64)> = None;
    for passed in 0..most.min(SEARCHED) {
        let at = if is_normalized { 1.0 } else { q };
        let step = if at > WIDE { FAR_STEP } else { STEP };
        let (_, correlation, slope) = match known {
            Some(known) if at <= known.0 * step => known,
            _ => {
                let near = known.map_or(0.0, |(_, correlation, _)| correlation);
                let (correlation, slope) = layer.settled_correlation(at, near);
                *known.insert((at, correlation, slope))
            }
        };
        let added = branch * branch * held.unwrap_or_else(|| layer.second_moment(at));
        let next = q + added;
        if !next.is_finite() || slope.is_nan() {
            return None;
        }
        scales -= (-added / next * (1.0 - slope)).ln_1p();
        if scales > CORRELATION_SCALES {
            return Some(TrainableDepth { layers: Some(passed), limit: limit_at(correlation) });
        }
        q = next;
    }
    None
}
