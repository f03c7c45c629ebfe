//! The scale of every layer's weight, in the order of the signal.
//!
//! Each layer's z is worked out for weights of variance 1, to which its second moment is
//! proportional; the variance then follows from what z is to be.

mod wanted;

use std::collections::{BTreeSet, HashMap};

use fanin_engine::graph::Source;
use fanin_engine::spread::Flow;
use fanin_engine::{Spread, Wire};

use super::attention::{self, Attention};
use super::follow::Functions;
use super::isometry;
use super::mirror::mirrored;
use super::place::Surroundings;
use super::recurrent::{self, Cell};
use super::tables::{self, Added};
use super::walk::{Scales, Walk};
use crate::init::{Component, Role};
use crate::recommend::draft::rounded;
use crate::spec::{self, LayerWires, Loss};

/// A present scale is right if z is so near to its target, as a factor on the second moment.
pub(super) const RIGHT: f64 = 2.0;
/// Logits are of this second moment, as z of other layers is: the gradients of the head and of the
/// layers before it are then of one order, so that one rate serves them all. The loss begins half of
/// it above that of a fair guess: ln Σ eᶻ over many classes is ln N + E z²/2.
const LOGITS: f64 = 1.0;
/// Outputs of this second moment, where targets have 1: the same of a squared loss.
const OUTPUTS: f64 = 0.1;
/// Logits that are smaller pass too little gradient on to the layers before them.
pub(super) const LEAST_LOGITS: f64 = 0.03;
/// Logits of attention of this second moment: it begins by looking at all places nearly alike.
const ATTENTION: f64 = 0.1;
/// Logits of attention above which its shares are nearly all or nothing.
const SATURATED: f64 = 4.0;

/// The square of a bias at most that somebody chose for a gate: σ(−4) lets 2 % through.
const CHOSEN: f64 = 16.0;

/// How much of a start is solved for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// What is off by more than a factor of two.
    Needed,
    /// Every weight that a layer multiplies by.
    Whole,
}

/// How a parameter is to start, and why.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Choice {
    /// The parameter's position.
    pub parameter: usize,
    pub scheme: String,
    pub reason: String,
}

/// The parameters that change.
pub(super) struct Solved {
    pub choices: Vec<Choice>,
    /// The scales of all parameters.
    pub scales: Vec<Scales>,
    /// Operators of which no rule is known.
    pub guessed: Vec<&'static str>,
}

/// The scale of every parameter, starting from those at `present`.
pub(super) fn solve(walk: &Walk, present: &[Scales], loss: &Loss, extent: Extent) -> Solved {
    let surroundings = Surroundings::new(walk);
    let mut solver = Solver {
        walk,
        functions: Functions::new(walk, &surroundings, present),
        surroundings,
        outputs: if matches!(loss, Loss::CrossEntropy | Loss::BinaryCrossEntropy) {
            LOGITS
        } else {
            OUTPUTS
        },
        extent,
        scales: present.to_vec(),
        present,
        decided: BTreeSet::new(),
        tempered: BTreeSet::new(),
        tied: spec::tied(&walk.parameters),
        choices: Vec::new(),
    };
    solver.settle_norms();
    solver.settle_tokens();
    let mut layers: HashMap<usize, Vec<usize>> = HashMap::new();
    for (layer, wires) in walk.network.layers.iter().enumerate() {
        if let Source::Node(node, 0) = walk.network.graph.source(wires.pre_activation) {
            layers.entry(node).or_default().push(layer);
        }
    }
    let attentions = attention::all(walk);
    let cells = recurrent::cells(walk);
    let mut flow = solver.go(&layers, (&attentions, &cells));
    let late = solver.late();
    if !late.is_empty() {
        solver.decided = late;
        flow = solver.go(&layers, (&attentions, &cells));
    }
    if extent == Extent::Whole {
        solver.mirror(&flow);
    }
    solver.choices.sort_by_key(|choice| choice.parameter);
    let guessed = walk.guessed(&flow);
    Solved { choices: solver.choices, scales: solver.scales, guessed }
}

struct Solver<'w> {
    walk: &'w Walk,
    surroundings: Surroundings<'w>,
    functions: Functions,
    /// What the second moment of the network's outputs is to be.
    outputs: f64,
    extent: Extent,
    scales: Vec<Scales>,
    present: &'w [Scales],
    decided: BTreeSet<usize>,
    /// Weights of queries and keys by which logits have their size: a network that is followed row by row,
    /// or shares its layers, has many an attention by the same.
    tempered: BTreeSet<usize>,
    /// Last matrices with the tables that begin as they do.
    tied: Vec<(usize, usize)>,
    choices: Vec<Choice>,
}

impl<'w> Solver<'w> {
    /// Goes along the signal and decides each layer where its z is known.
    fn go(
        &mut self,
        layers: &HashMap<usize, Vec<usize>>,
        (attentions, cells): (&[Attention], &[Cell]),
    ) -> Flow<'w> {
        let walk = self.walk;
        self.tempered.clear();
        let mut flow = walk.begin(&self.scales);
        let added = tables::added(walk, &self.surroundings);
        for node in walk.forward().filter(|&node| walk.is_open(node)) {
            for cell in cells.iter().filter(|cell| cell.node == node) {
                self.settle(cell, &mut flow);
            }
            flow.step(node);
            for &layer in layers.get(&node).into_iter().flatten() {
                self.decide(layer, node, &mut flow);
            }
            for table in added.iter().filter(|own| own.node == node) {
                self.quieten(table, &mut flow);
            }
            for attention in attentions.iter().filter(|own| own.node == node) {
                self.temper(attention, &mut flow);
            }
        }
        flow
    }

    /// Weights that were decided where something before had taken them already, as a head's that is
    /// an embedding too: what lies between has to be decided by them.
    fn late(&self) -> BTreeSet<usize> {
        let graph = &self.walk.network.graph;
        let copies = |of| self.tied.iter().filter(move |own| own.0 == of).map(|own| own.1);
        let is_late = |wires: &&LayerWires| {
            let Source::Node(input, _) = graph.source(wires.input) else { return false };
            let mut own = std::iter::once(wires.weight).chain(copies(wires.weight));
            let is_set = self.choices.iter().any(|choice| choice.parameter == wires.weight);
            let takers = |own: usize| self.surroundings.takers(graph.parameters()[own]);
            is_set && own.any(|own| takers(own).iter().any(|&taker| taker < input))
        };
        let late = self.walk.network.layers.iter().filter(is_late);
        late.map(|wires| wires.weight).collect()
    }

    /// Gains at 1 and shifts at 0, unless a gain is 0 all over, which begins a branch as nothing.
    fn settle_norms(&mut self) {
        /// A gain or shift is right if its elements are so near to 1 or 0 in the mean square.
        const NEAR: f64 = 0.02;
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
                let scales = Scales { mean: start, second: start };
                self.set(index, scales, scheme.to_owned(), format!("{what} starts at {start}"));
            }
        }
    }

    /// Tables of tokens at second moment 1, where their scale matters.
    fn settle_tokens(&mut self) {
        for table in tables::tokens(self.walk, &self.surroundings) {
            let second = self.present[table].second;
            if second > 0.0 && !(1.0 / RIGHT..=RIGHT).contains(&second) {
                let reason = "tokens begin with E x² = 1: all layers read what they open";
                let scales = Scales { mean: 0.0, second: 1.0 };
                self.set(table, scales, "normal:1".to_owned(), reason.to_owned());
            }
        }
    }

    /// Brings a table that is louder than the stream it is added to down to it.
    fn quieten(&mut self, table: &Added, flow: &mut Flow<'_>) {
        let second = |wire: Wire| flow.spread(wire).map_or(0.0, Spread::second);
        let (own, stream) = (second(table.own), second(table.stream));
        if !(own > RIGHT * stream && stream > 0.0 && own.is_finite()) {
            return;
        }
        let second = self.scales[table.parameter].second * stream / own;
        let scheme = format!("normal:{}", rounded(second.sqrt()));
        let reason = "as large as what it is added to, which it would drown".to_owned();
        self.set(table.parameter, Scales { mean: 0.0, second }, scheme, reason);
        self.again(&[table.parameter], table.node, flow);
    }

    /// The parameters of a recurrent cell, by what is about to enter it.
    fn settle(&mut self, cell: &Cell, flow: &mut Flow<'_>) {
        // Steps that are written out are layers too, but none by itself.
        self.decided.extend(cell.input.iter().chain(&cell.state));
        let found = recurrent::choices(self.walk, cell, self.present, self.extent, flow);
        let changed: Vec<usize> = found.iter().map(|(_, choice)| choice.parameter).collect();
        for (scales, Choice { parameter, scheme, reason }) in found {
            self.set(parameter, scales, scheme, reason);
        }
        if !changed.is_empty() {
            self.again(&changed, cell.node, flow);
        }
    }

    /// Sets a parameter's scale and scheme, in place of those that it may have been given before.
    fn set(&mut self, parameter: usize, scales: Scales, scheme: String, reason: String) {
        self.scales[parameter] = scales;
        for (_, table) in self.tied.iter().filter(|(head, _)| *head == parameter) {
            self.scales[*table] = scales;
        }
        self.choices.retain(|choice| choice.parameter != parameter);
        self.choices.push(Choice { parameter, scheme, reason });
    }

    /// Keeps or sets the weight of a layer whose z has just been worked out.
    fn decide(&mut self, layer: usize, node: usize, flow: &mut Flow<'_>) {
        let wires = &self.walk.network.layers[layer];
        if !self.decided.insert(wires.weight) {
            return;
        }
        let Some(now) = flow.spread(wires.pre_activation).map(Spread::second) else { return };
        let Some(target) = self.target(layer, flow) else { return };
        let kept = self.kept_bias(layer);
        let now = (now - kept).max(0.0);
        let is_right = now >= target.least && now <= target.second * RIGHT;
        if is_right && self.extent == Extent::Needed {
            return;
        }
        let (weight, bias) = (wires.weight, wires.bias);
        self.scales[weight] = Scales { mean: 0.0, second: 1.0 };
        let bias = bias.filter(|_| kept == 0.0);
        if let Some(bias) = bias.filter(|&bias| self.scales[bias].second > 0.0) {
            let reason = "the weights alone carry the signal".to_owned();
            self.set(bias, Scales::ZERO, "zeros".to_owned(), reason);
        }
        self.layer_again(layer, node, flow);
        let unit = flow.spread(wires.pre_activation).map_or(0.0, Spread::second) - kept;
        if !(unit > 0.0 && unit.is_finite()) {
            self.scales[weight] = self.present[weight];
            self.layer_again(layer, node, flow);
            return;
        }
        let carried = target.second - bias.map_or(0.0, |_| target.bias);
        self.draw(layer, carried / unit, carried, &target.reason, flow);
        if let Some(bias) = bias.filter(|_| target.bias > 0.0) {
            let deviation = rounded(target.bias.sqrt());
            let reason = "on the critical line: its part of E z² is the same for rows of any size";
            let scales = Scales { mean: 0.0, second: target.bias };
            self.set(bias, scales, format!("normal:{deviation}"), reason.to_owned());
        }
        self.layer_again(layer, node, flow);
    }

    /// The second moment of biases that say how far a gate is open, or how large a scale is: those that are all the
    /// same were chosen, and stay.
    fn kept_bias(&self, layer: usize) -> f64 {
        let is_dial = self.functions.is_gate(layer) || self.functions.scaler(layer).is_some();
        let is_several = |bias: &usize| self.walk.parameters[*bias].shape.elements() > 1;
        let bias = self.walk.network.layers[layer].bias.filter(is_several).filter(|_| is_dial);
        let Some(Scales { mean, second }) = bias.map(|bias| self.present[bias]) else { return 0.0 };
        let is_chosen = second - mean * mean <= 1e-6 * second && second <= CHOSEN;
        if is_chosen { second } else { 0.0 }
    }

    /// Gives a layer's weight this variance, with which z has the second moment `second`.
    fn draw(&mut self, layer: usize, variance: f64, second: f64, reason: &str, flow: &Flow<'_>) {
        let moments = (variance, second);
        let (scheme, isometry) =
            isometry::scheme(self.walk, &self.surroundings, layer, moments, flow);
        let weight = self.walk.network.layers[layer].weight;
        let scales = Scales { mean: 0.0, second: variance };
        self.set(weight, scales, scheme, format!("{reason}{isometry}"));
    }

    /// Brings the logits of attention to their size, by queries and keys alike.
    fn temper(&mut self, attention: &Attention, flow: &mut Flow<'_>) {
        let Some(now) = flow.spread(attention.logits).map(Spread::second) else { return };
        let is_right = self.extent == Extent::Needed && now <= SATURATED;
        if is_right || !(now > 0.0 && now.is_finite()) {
            return;
        }
        let by = (ATTENTION / now).sqrt();
        let reason = format!("attention begins nearly even: logits of second moment {ATTENTION}");
        for &layer in &attention.layers {
            let wires = &self.walk.network.layers[layer];
            if !self.tempered.insert(wires.weight) {
                continue;
            }
            let Scales { mean, second } = self.scales[wires.weight];
            let own = second - mean * mean;
            let variance = by * own;
            if !variance.is_finite() || variance <= 0.0 {
                continue;
            }
            if attention::holds(self.walk, wires.weight, &[Component::Value]) {
                self.draw_parts(wires.weight, (variance, own), &reason);
                continue;
            }
            let z = flow.spread(wires.pre_activation).map_or(1.0, Spread::second);
            self.draw(layer, variance, by * z, &reason, flow);
            self.layer_again(layer, attention.node, flow);
        }
        // A walk knows one variance of a packed matrix, that of its values: logits are said here.
        if let Some(found) = flow.spread(attention.logits).filter(|own| own.second() > 0.0) {
            let by = ATTENTION / found.second();
            let said = found.clone().scaled(by.sqrt(), by);
            flow.set(attention.logits, said);
        }
    }

    /// Gives queries and keys of a packed matrix one variance, and its values another.
    fn draw_parts(&mut self, weight: usize, (logits, value): (f64, f64), reason: &str) {
        let parts = self.walk.parameters[weight].packing.iter().flat_map(|own| &own.parts);
        let [mut sum, mut count] = [0.0; 2];
        for (component, size) in parts {
            let variance = if *component == Component::Value { value } else { logits };
            (sum, count) = (sum + variance * *size as f64, count + *size as f64);
        }
        let [a, b] = [logits, value].map(|variance| rounded(variance.sqrt()));
        let scales = Scales { mean: 0.0, second: sum / count.max(1.0) };
        self.set(weight, scales, format!("attention-normal:{a},{b}"), reason.to_owned());
    }

    /// A chain of one activation that is not odd: mirrored units, with which it starts as if it were.
    fn mirror(&mut self, flow: &Flow<'_>) {
        let found = mirrored(self.walk, &self.surroundings, flow, self.outputs);
        let Some(found) = found else { return };
        let reason = if found.is_linear {
            "mirrored, as φ(z) − φ(−z) = z: rows stay apart and no direction fades"
        } else {
            "mirrored, so that what φ adds to z and −z alike cancels: rows stay apart"
        };
        let bends = |layer: &LayerWires| layer.bend.as_ref().map(|bend| bend.name.clone());
        let bend = self.walk.network.layers.iter().find_map(bends).unwrap_or_default();
        let reason = reason.replace('φ', &bend);
        for (layer, (gain, second)) in self.walk.network.layers.iter().zip(found.layers) {
            let scheme = match rounded(gain) {
                1.0 => "looks-linear".to_owned(),
                gain => format!("looks-linear:{gain}"),
            };
            let scales = Scales { mean: 0.0, second };
            self.set(layer.weight, scales, scheme, reason.clone());
            let is_off =
                |bias: usize| self.scales[bias].second.max(self.present[bias].second) > 0.0;
            if let Some(bias) = layer.bias.filter(|&bias| is_off(bias)) {
                let reason = "mirrored units need none".to_owned();
                self.set(bias, Scales::ZERO, "zeros".to_owned(), reason);
            }
        }
    }

    /// Works out again what depends on a layer's weight and bias, up to a node.
    fn layer_again(&self, layer: usize, last: usize, flow: &mut Flow<'_>) {
        let wires = &self.walk.network.layers[layer];
        let own: Vec<usize> = [Some(wires.weight), wires.bias].into_iter().flatten().collect();
        self.again(&own, last, flow);
    }

    /// Works out again what depends on some parameters, up to a node.
    fn again(&self, parameters: &[usize], last: usize, flow: &mut Flow<'_>) {
        let graph = &self.walk.network.graph;
        let mut changed: BTreeSet<Wire> = BTreeSet::new();
        for &parameter in parameters {
            let wire = graph.parameters()[parameter];
            let Scales { mean, second } = self.scales[parameter];
            flow.set(wire, Spread::independent(graph.shape(wire), mean, second));
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
}
