//! The scale of every layer's weight, in the order of the signal.
//!
//! Each layer's z is worked out for weights of variance 1, to which its second moment is
//! proportional; the variance then follows from what z is to be.

use std::collections::BTreeSet;

use fanin_engine::Wire;
use fanin_engine::graph::Source;
use fanin_engine::spread::Flow;

use super::place::Surroundings;
use super::targets;
use super::walk::{Scales, Walk};
use crate::init::{Component, Packing, Role};
use crate::spec::LayerWires;

/// A present scale is right if z is so near to its target, as a factor on the second moment.
const RIGHT: f64 = 2.0;
/// Behind a norm the scale of z is of no matter, unless rounding or ε meet it.
const NORMALIZED: (f64, f64) = (1e-4, 1e4);
/// Logits of this second moment: the loss begins within a tenth of that of a fair guess.
const LOGITS: f64 = 0.3;
/// Logits that are smaller pass too little gradient on to the layers before them.
pub(super) const LEAST_LOGITS: f64 = 0.03;
/// A norm's gain or shift is right if its elements are so near to 1 or 0 in the mean square.
const NEAR: f64 = 0.02;
/// Plain layers in a row from which on every direction is to be kept.
const DEEP: usize = 8;

/// How a parameter is to start, and why.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Choice {
    /// The parameter's position.
    pub parameter: usize,
    pub scheme: String,
    pub reason: String,
}

/// What z of a layer is to be.
struct Target {
    second: f64,
    reason: String,
    /// The present scale will do if z is at least this, and not much above the target.
    least: f64,
}

/// The parameters that change.
pub(super) struct Solved {
    pub choices: Vec<Choice>,
    /// Operators of which no rule is known.
    pub guessed: Vec<&'static str>,
}

/// The scale of every parameter, starting from those at `present`.
pub(super) fn solve(walk: &Walk, present: &[Scales]) -> Solved {
    let surroundings = Surroundings::new(walk);
    let mut solver = Solver {
        walk,
        surroundings,
        scales: present.to_vec(),
        present,
        decided: BTreeSet::new(),
        choices: Vec::new(),
    };
    solver.settle_norms();
    solver.settle_recurrent();
    let mut flow = walk.begin(&solver.scales);
    for node in walk.forward().filter(|&node| walk.is_open(node)) {
        flow.step(node);
        for layer in 0..walk.network.layers.len() {
            let z = walk.network.layers[layer].pre_activation;
            if walk.network.graph.source(z) == Source::Node(node, 0) {
                solver.decide(layer, node, &mut flow);
            }
        }
    }
    solver.mirror();
    solver.choices.sort_by_key(|choice| choice.parameter);
    Solved { choices: solver.choices, guessed: walk.guessed(&flow) }
}

struct Solver<'w> {
    walk: &'w Walk,
    surroundings: Surroundings<'w>,
    scales: Vec<Scales>,
    present: &'w [Scales],
    decided: BTreeSet<usize>,
    choices: Vec<Choice>,
}

impl Solver<'_> {
    /// Gains at 1 and shifts at 0, unless a gain is 0 all over, which begins a branch as nothing.
    fn settle_norms(&mut self) {
        for (index, parameter) in self.walk.parameters.iter().enumerate() {
            let start = match parameter.role {
                Role::NormScale if self.present[index].second > 0.0 => 1.0,
                Role::NormShift => 0.0,
                _ => continue,
            };
            let own = self.present[index];
            if own.second - 2.0 * start * own.mean + start * start > NEAR {
                let (scheme, what) = if start == 1.0 {
                    ("ones", "a norm's gain")
                } else {
                    ("zeros", "a norm's shift")
                };
                self.set(
                    index,
                    start,
                    start,
                    scheme.to_owned(),
                    format!("{what} starts at {start}"),
                );
            }
        }
    }

    /// States go through an orthogonal matrix, by which they keep their size for any number of
    /// steps; the gate that forgets begins open.
    fn settle_recurrent(&mut self) {
        let has = |packing: &Packing, gate| packing.parts.iter().any(|(part, _)| *part == gate);
        for (index, parameter) in self.walk.parameters.iter().enumerate() {
            let own = self.present[index];
            let packing = parameter.packing.as_ref().or(parameter.part_of.as_ref());
            let gated = packing.is_some_and(|packing| {
                has(packing, Component::ForgetGate) || has(packing, Component::ResetGate)
            });
            let fan_in = parameter.fan_in.max(1) as f64;
            let size = own.second * fan_in;
            let is_off = !(1.0 / RIGHT..=RIGHT).contains(&size);
            match parameter.role {
                Role::Recurrent if is_off => {
                    let reason = "orthogonal: states keep their size over any number of steps";
                    self.set(
                        index,
                        0.0,
                        1.0 / fan_in,
                        "orthogonal:1".to_owned(),
                        reason.to_owned(),
                    );
                }
                Role::Weight if gated && is_off => {
                    let scheme = format!("normal:{}", digits(fan_in.sqrt().recip()));
                    let reason = "gates see an input of second moment 1".to_owned();
                    self.set(index, 0.0, 1.0 / fan_in, scheme, reason);
                }
                Role::Bias
                    if packing.is_some_and(|packing| has(packing, Component::ForgetGate))
                        && own.mean.abs() < 0.1 =>
                {
                    let reason =
                        "the forget gate begins open, so that the cell remembers".to_owned();
                    self.set(index, 0.125, 0.125, "forget-gate-bias".to_owned(), reason);
                }
                _ => {}
            }
        }
    }

    fn set(&mut self, parameter: usize, mean: f64, second: f64, scheme: String, reason: String) {
        self.scales[parameter] = Scales { mean, second };
        self.choices.push(Choice { parameter, scheme, reason });
    }

    /// Keeps or sets the weight of a layer whose z has just been worked out.
    fn decide(&mut self, layer: usize, node: usize, flow: &mut Flow<'_>) {
        let wires = &self.walk.network.layers[layer];
        if !self.decided.insert(wires.weight) {
            return;
        }
        let Some(now) = flow.spread(wires.pre_activation).map(fanin_engine::Spread::second) else {
            return;
        };
        let Some(target) = self.target(layer, flow) else { return };
        let is_right = now >= target.least && now <= target.second * RIGHT;
        if is_right {
            return;
        }
        let (weight, bias) = (wires.weight, wires.bias);
        self.scales[weight] = Scales { mean: 0.0, second: 1.0 };
        if let Some(bias) = bias.filter(|&bias| self.scales[bias].second > 0.0) {
            self.set(
                bias,
                0.0,
                0.0,
                "zeros".to_owned(),
                "the weights alone carry the signal".to_owned(),
            );
        }
        self.again(layer, node, flow);
        let unit = flow.spread(wires.pre_activation).map_or(0.0, fanin_engine::Spread::second);
        if !(unit > 0.0 && unit.is_finite()) {
            self.scales[weight] = self.present[weight];
            self.again(layer, node, flow);
            return;
        }
        let variance = target.second / unit;
        let (scheme, isometry) = self.scheme(layer, variance, target.second, flow);
        let reason = format!("{}{isometry}", target.reason);
        self.set(weight, 0.0, variance, scheme, reason);
        self.again(layer, node, flow);
    }

    /// A deep chain of relu layers of one width, if any of them is to change: mirrored units, with
    /// which it starts as a linear network. Independent draws would bring all rows together.
    fn mirror(&mut self) {
        let layers = &self.walk.network.layers;
        let [hidden @ .., head] = &layers[..] else { return };
        let parameter = |layer: &LayerWires| &self.walk.parameters[layer.weight];
        let width = |layer: &LayerWires| parameter(layer).shape.axes()[0];
        let fits = |layer: &LayerWires| {
            let axes = parameter(layer).shape.axes();
            let is_relu = layer.bend.as_ref().is_some_and(|bend| bend.name == "relu");
            is_relu && axes.len() == 2 && axes[0] % 2 == 0 && axes[0] == width(&hidden[0])
        };
        let is_changed =
            |layer: &LayerWires| self.choices.iter().any(|c| c.parameter == layer.weight);
        let is_chain = self.surroundings.plain_layers == layers.len()
            && hidden.len() >= DEEP
            && hidden.iter().all(fits)
            && parameter(head).shape.rank() == 2
            && layers.iter().all(|layer| parameter(layer).place.layer.is_some());
        if !is_chain || !hidden.iter().any(is_changed) {
            return;
        }
        let reason = "mirrored, as relu(z) − relu(−z) = z: rows stay apart and no direction fades";
        let mut choices = Vec::new();
        for layer in layers {
            let own = self.walk.parameters[layer.weight].shape.axes();
            let second = 1.0 / own[0].max(own[1]) as f64;
            choices.push((layer.weight, second, "looks-linear", reason));
            if let Some(bias) = layer.bias.filter(|&bias| self.present[bias].second > 0.0) {
                choices.push((bias, 0.0, "zeros", "mirrored units need none"));
            }
        }
        self.choices.clear();
        for (parameter, second, scheme, reason) in choices {
            self.set(parameter, 0.0, second, scheme.to_owned(), reason.to_owned());
        }
    }

    /// Works out again what depends on a layer's weight and bias, up to its z.
    fn again(&self, layer: usize, last: usize, flow: &mut Flow<'_>) {
        let graph = &self.walk.network.graph;
        let wires = &self.walk.network.layers[layer];
        let mut changed: BTreeSet<Wire> = BTreeSet::new();
        for parameter in [Some(wires.weight), wires.bias].into_iter().flatten() {
            let wire = graph.parameters()[parameter];
            let Scales { mean, second } = self.scales[parameter];
            flow.set(wire, fanin_engine::Spread::independent(graph.shape(wire), mean, second));
            changed.insert(wire);
        }
        for index in self.walk.forward().take_while(|&index| index <= last) {
            let node = &graph.nodes()[index];
            if node.inputs.iter().any(|input| changed.contains(input)) {
                flow.step(index);
                changed.extend(&node.outputs);
            }
        }
    }

    fn target(&self, layer: usize, flow: &Flow<'_>) -> Option<Target> {
        let wires = &self.walk.network.layers[layer];
        let parameter = &self.walk.parameters[wires.weight];
        let present = self.present[wires.weight];
        if self.surroundings.is_normalized(wires) {
            let now = flow.spread(wires.pre_activation)?.second();
            let fits = now > NORMALIZED.0 && now < NORMALIZED.1;
            let reason = "a norm follows; 1 keeps clear of its ε".to_owned();
            return (!fits).then_some(Target { second: 1.0, reason, least: 1.0 / RIGHT });
        }
        if parameter.place.is_residual_output {
            if present.second == 0.0 {
                return None;
            }
            let sums = parameter.place.residual_sums.max(1) as f64;
            let end = self.surroundings.end(wires);
            let stream = end
                .and_then(|end| Some(flow.spread(end.stream)?.second() / end.factor.powi(2)))
                .filter(|second| *second > 0.0 && second.is_finite())
                .unwrap_or(1.0);
            let reason =
                format!("its branch adds 1/{sums} of the stream, as {sums} share the depth");
            return Some(Target { second: stream / sums, reason, least: stream / sums / RIGHT });
        }
        if layer + 1 == self.walk.network.layers.len() {
            if present.second == 0.0 {
                return None;
            }
            let reason = "small outputs: the loss begins near that of a fair guess".to_owned();
            return Some(Target { second: LOGITS, reason, least: LEAST_LOGITS });
        }
        let activation = wires.bend.as_ref().map(|bend| bend.name.as_str());
        let depth = if wires.branches.is_empty() { self.surroundings.plain_layers } else { 2 };
        let (second, growth) = targets::signal(activation, depth);
        let reason = match activation {
            Some(name) if (growth - 1.0).abs() > 1e-3 => {
                let total = growth.powf(depth as f64);
                format!(
                    "E z² = {second:.3}: the gradient of {depth} {name} layers grows ×{total:.2}"
                )
            }
            _ => format!("E z² = {second:.3} from layer to layer"),
        };
        Some(Target { second, reason, least: second / RIGHT })
    }

    /// The scheme that gives this variance, and why it is no independent draw.
    fn scheme(
        &self,
        layer: usize,
        variance: f64,
        second: f64,
        flow: &Flow<'_>,
    ) -> (String, &'static str) {
        let wires = &self.walk.network.layers[layer];
        let parameter = &self.walk.parameters[wires.weight];
        let axes = parameter.shape.axes();
        let deep = self.surroundings.plain_layers >= DEEP && wires.branches.is_empty();
        let is_head = layer + 1 == self.walk.network.layers.len();
        let (fan_in, fan_out) = (parameter.fan_in as f64, parameter.fan_out as f64);
        if deep && !is_head && axes.len() == 2 && parameter.packing.is_none() {
            let gain = (variance * fan_in.max(fan_out)).sqrt();
            return (
                format!("orthogonal:{}", digits(gain)),
                "; orthogonal, so that no direction fades",
            );
        }
        let input = flow.spread(wires.input).map_or(0.0, fanin_engine::Spread::second);
        let taps: usize =
            parameter.axes.kernel(axes.len()).iter().map(|&axis| axes[axis]).product();
        let inputs = fan_in / taps as f64;
        let outputs = parameter.shape.elements() as f64 / fan_in;
        let is_whole = parameter.axes.output_groups.max(parameter.axes.input_groups) <= 1;
        if deep && !is_head && taps > 1 && is_whole && outputs >= inputs && input > 0.0 {
            // A column of the central tap has norm g, so z² = g²·x²·inputs/outputs.
            let gain = (second / input * outputs / inputs).sqrt();
            return (
                format!("delta-orthogonal:{}", digits(gain)),
                "; orthogonal at the central tap, so that no direction fades",
            );
        }
        (format!("normal:{}", digits(variance.sqrt())), "")
    }
}

/// Four significant digits.
fn digits(x: f64) -> String {
    let places = 3 - x.abs().max(f64::MIN_POSITIVE).log10().floor() as i32;
    let scale = 10_f64.powi(places);
    format!("{}", (x * scale).round() / scale)
}
