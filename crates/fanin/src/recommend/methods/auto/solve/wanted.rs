//! What z of a layer is to be, by its place and by what follows it.

use fanin_engine::spread::Flow;

use super::super::attention;
use super::super::place::End;
use super::super::targets::Aim;
use super::{Extent, LEAST_LOGITS, RIGHT, Solver};
use crate::spec::Layout;

/// Behind a norm the scale of z is of no matter, unless rounding or ε meet it.
const NORMALIZED: (f64, f64) = (1e-4, 1e4);
/// What all branches together add to the second moment of the stream, as a share of it: a quarter, so
/// that rows reach the head nearly as they came.
///
/// Attention that begins nearly even adds to all positions alike, so more of it makes them alike
/// (Dong et al. 2021).
const BRANCHES: f64 = 0.25;
/// The same of other branches whose weights serve many positions of a row, as feed-forward branches
/// and convolutions do: as much as the stream brings. The mean over positions that reaches the head
/// says nothing of what differs between them but by what bends in these branches. (With a quarter
/// the transformers of `bench/fix` of 4 blocks take 1.5 times the steps, and that of 8 blocks does
/// not arrive.)
const POSITIONS: f64 = 1.0;
/// Factors behind the sum of a stream and a branch that branches make up for.
const FADING: std::ops::Range<f64> = 0.65..0.95;
/// Numbers that say a place and a time, at most.
const COORDINATES: usize = 4;

/// What z of a layer is to be.
pub(super) struct Target {
    pub second: f64,
    /// What biases are to have of it.
    pub bias: f64,
    pub reason: String,
    /// The present scale will do if z is at least this, and not much above the target.
    pub least: f64,
}

impl Solver<'_> {
    /// That of a layer whose z has just been worked out; none of what is to stay as it is.
    pub(super) fn target(&self, layer: usize, flow: &Flow<'_>) -> Option<Target> {
        let wires = &self.walk.network.layers[layer];
        let parameter = &self.walk.parameters[wires.weight];
        let is_zero = self.present[wires.weight].second == 0.0;
        if self.surroundings.is_normalized(wires) {
            let now = flow.spread(wires.pre_activation)?.second();
            let fits = now > NORMALIZED.0 && now < NORMALIZED.1;
            // Of a plain matrix the directions matter, if not the scale.
            let is_plain = parameter.shape.rank() == 2 && wires.branches.is_empty();
            let is_wanted = !fits || (self.extent == Extent::Whole && is_plain);
            let reason = "a norm follows; 1 keeps clear of its ε".to_owned();
            return is_wanted.then_some(Target {
                second: 1.0,
                bias: 0.0,
                reason,
                least: 1.0 / RIGHT,
            });
        }
        if let Some(scaler) = self.functions.scaler(layer) {
            let second = scaler.second();
            let reason =
                format!("E z² = {second:.3}: it scales, and begins by scaling all nearly alike");
            return (!is_zero).then_some(Target { second, bias: 0.0, reason, least: 0.0 });
        }
        if let Some(all) = self.surroundings.gathered(wires) {
            let is_output = all.sum == self.walk.network.output;
            let sum = if is_output { self.outputs } else { 1.0 };
            let reason = format!("{} are summed up: E x² = {sum} of their sum", all.count);
            let second = all.share(sum);
            return Some(Target { second, bias: 0.0, reason, least: second / RIGHT });
        }
        if parameter.place.is_residual_output && !self.surroundings.is_modulated(wires) {
            return if is_zero { None } else { Some(self.share(layer, flow)) };
        }
        if layer + 1 == self.walk.network.layers.len() {
            let reason =
                "outputs as large as z elsewhere: one rate serves head and body".to_owned();
            let second = self.outputs / self.steepness(layer);
            let least = LEAST_LOGITS.min(second / RIGHT);
            return (!is_zero).then_some(Target { second, bias: 0.0, reason, least });
        }
        let alike = self.alike(layer);
        let is_gate = self.functions.is_gate(layer);
        let depth = match (wires.branches.is_empty(), is_gate) {
            (true, true) => alike,
            (true, false) => self.surroundings.plain_layers,
            _ => 2,
        };
        let Aim { second, bias, growth, .. } =
            self.functions.passed(self.walk, layer).rest((depth, alike), wires.bias.is_some());
        let name = self.functions.name(self.walk, layer).unwrap_or("such");
        if let Some(second) = self.periods(layer, flow).filter(|own| *own > second) {
            let reason =
                format!("E z² = {second:.3}: coordinates span several periods of the sine");
            return Some(Target { second, bias: 0.0, reason, least: second / RIGHT });
        }
        let kind = if is_gate { "gate" } else { "layer" };
        let those = format!("{alike} {name} {kind}{}", if alike == 1 { "" } else { "s" });
        let total = growth.powf(alike as f64);
        let reason = if bias > 0.0 {
            format!("E z² = {second:.3} with biases: without them {those} part rows by size")
        } else if (growth - 1.0).abs() > 1e-3 {
            format!("E z² = {second:.3}: the gradient of {those} grows ×{total:.2}")
        } else {
            format!("E z² = {second:.3} from layer to layer")
        };
        Some(Target { second, bias, reason, least: second / RIGHT })
    }

    /// E z² of a layer of sines on coordinates, by U(±1/n) of the first layer of SIREN (Sitzmann et al. 2020, §3.2).
    ///
    /// With less of it sines of neighboring places are alike, so one direction of the curvature is so steep that only
    /// small rates learn: of 2 coordinates and sin(30·z) those below 0.003, and with this up to 0.01.
    fn periods(&self, layer: usize, flow: &Flow<'_>) -> Option<f64> {
        let wires = &self.walk.network.layers[layer];
        let inputs = self.walk.parameters[wires.weight].fan_in;
        let is_of_coordinates = (1..=COORDINATES).contains(&inputs)
            && self.walk.enters(wires.input)
            && self.functions.frequency(layer).is_some();
        let spread = flow.spread(wires.input).or_else(|| self.walk.entering().next());
        let second = spread.filter(|_| is_of_coordinates)?.second();
        Some(second / (3 * inputs) as f64)
    }

    /// By how much sines before the outputs are steeper than z.
    ///
    /// Of sin(a·z) the gradient at hidden weights is a times that of other layers, for weights that are 1/a of
    /// theirs; outputs so much smaller bring it down to theirs. (Of 2 coordinates and sin(30·z) the loss after 100
    /// steps at the best rate is then no larger than SIREN's, and two to eight times as large without.)
    fn steepness(&self, head: usize) -> f64 {
        let before = head.checked_sub(1).and_then(|layer| self.functions.frequency(layer));
        before.map_or(1.0, |frequency| frequency.abs().max(1.0))
    }

    /// Layers that this one stands in line with and that bend as it does, itself among them; 2 in a branch.
    fn alike(&self, layer: usize) -> usize {
        let layers = &self.walk.network.layers;
        let is_alike = |other: &usize| {
            layers[*other].branches.is_empty()
                && self.functions.are_alike(self.walk, [layer, *other])
                && !self.surroundings.is_normalized(&layers[*other])
        };
        if layers[layer].branches.is_empty() {
            return (0..layers.len()).filter(is_alike).count();
        }
        2
    }

    /// What the last layer of a residual branch is to add to the stream.
    fn share(&self, layer: usize, flow: &Flow<'_>) -> Target {
        let wires = &self.walk.network.layers[layer];
        let sums = match self.walk.parameters[wires.weight].place.residual_sums {
            0 => self.surroundings.branches.max(1),
            known => known.saturating_sub(self.surroundings.beside).max(1),
        };
        let end = self.surroundings.end(wires);
        let stream = end
            .and_then(|end| Some(flow.spread(end.stream)?.second() / end.factor.powi(2)))
            .filter(|second| *second > 0.0 && second.is_finite())
            .unwrap_or(1.0);
        // A factor behind the sum, as √½, is there for branches that are as large as the stream.
        let behind = end.map_or(1.0, |end| self.surroundings.behind(end.sum).1.abs());
        if let Some(End { is_bent: false, .. }) = end
            && FADING.contains(&behind)
        {
            let second = stream * (behind.powi(-2) - 1.0);
            let reason = format!("its branch adds what ×{behind:.2} behind the sum takes away");
            return Target { second, bias: 0.0, reason, least: second / RIGHT };
        }
        let is_of_rows = wires.layout == Layout::FLAT || attention::ends_in(self.walk, wires);
        let all = if is_of_rows { BRANCHES } else { POSITIONS };
        let added = all * stream / sums as f64;
        let second = match end {
            Some(end) if end.is_bent => self.functions.passed(self.walk, layer).driven(added),
            _ => added,
        };
        let part = 1.0 / all * sums as f64;
        let reason = format!("its branch adds 1/{part} of the stream, as {sums} share the depth");
        Target { second, bias: 0.0, reason, least: second / (RIGHT * part) }
    }
}
