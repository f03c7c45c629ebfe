//! Which scheme gives a weight its variance: orthogonal where isometry pays, else independent draws.

use fanin_engine::spread::Flow;

use super::mirror::{Size, is_transposed_convolution};
use super::place::Surroundings;
use super::walk::Walk;
use crate::init::fits_center_alone;
use crate::recommend::draft::rounded;

/// Plain layers in a row from which on every direction is to be kept at any cost.
pub(super) const DEEP: usize = 8;
/// Multiplications that an orthogonal matrix may take where it is not needed: one of 256 × 256.
const WORK: f64 = (1_u64 << 24) as f64;
/// The same where the chain is deep: one of 1024 × 1024.
const DEEP_WORK: f64 = (1_u64 << 30) as f64;

/// The scheme that gives the weight of a layer this variance, with which z has the second moment
/// `second`, and why it is no independent draw.
pub(super) fn scheme(
    walk: &Walk,
    around: &Surroundings<'_>,
    layer: usize,
    (variance, second): (f64, f64),
    flow: &Flow<'_>,
) -> (String, &'static str) {
    let independent = (format!("normal:{}", rounded(variance.sqrt())), "");
    let wires = &walk.network.layers[layer];
    let parameter = &walk.parameters[wires.weight];
    let is_whole = parameter.axes.output_groups.max(parameter.axes.input_groups) <= 1;
    let is_head = layer + 1 == walk.network.layers.len();
    if is_head || !is_whole || parameter.packing.is_some() || parameter.fan_in == 0 {
        return independent;
    }
    let Size { outputs, inputs, taps } = Size::of(parameter);
    let is_central =
        fits_center_alone(outputs, inputs, taps) && !is_transposed_convolution(parameter);
    let [outputs, inputs, fan_in] = [outputs, inputs, parameter.fan_in].map(|n| n as f64);
    let is_deep = around.plain_layers >= DEEP && wires.branches.is_empty();
    let input = flow.spread(wires.input).map_or(0.0, fanin_engine::Spread::second);
    if is_deep && is_central && input > 0.0 {
        // A column of the central tap has norm g, so z² = g²·x²·inputs/outputs.
        let gain = (second / input * outputs / inputs).sqrt();
        return (
            format!("delta-orthogonal:{}", rounded(gain)),
            "; orthogonal at the central tap, so that no direction fades",
        );
    }
    let (shorter, longer) = (outputs.min(fan_in), outputs.max(fan_in));
    if shorter * shorter * longer > if is_deep { DEEP_WORK } else { WORK } {
        return independent;
    }
    let gain = rounded((variance * longer).sqrt());
    (format!("orthogonal:{gain}"), "; orthogonal, so that no direction fades")
}
