//! Weights of recurrent cells: states and gradients that last over the steps that there are.
//!
//! A cell's matrices serve at every step, so their scale decides over all T steps together. What is
//! solved for is in [`laws`]; here are the cells of a network, what enters them, and the choices.

mod laws;

#[cfg(test)]
mod tests;

use std::collections::HashSet;

use fanin_engine::spread::Flow;
use fanin_engine::{Spread, Wire};

use self::laws::Law;
use super::solve::{Choice, Extent, RIGHT};
use super::walk::{Scales, Walk};
use crate::init::{self, Component, Parameter, Role};
use crate::recommend::draft::rounded;

/// Biases of gated cells of this second moment were drawn for memory: 1 at an LSTM's forget gate is 1/4,
/// half of it where a second bias lies beside.
const REMEMBERS: f64 = 0.1;

/// A recurrent cell of the network.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cell {
    law: Law,
    /// Positions of its weights from the input, from the state, and of its biases.
    pub input: Vec<usize>,
    pub state: Vec<usize>,
    biases: Vec<usize>,
    steps: usize,
    /// The first node that multiplies by a weight from the input, and what it multiplies.
    pub node: usize,
    entering: Wire,
}

/// The cells whose weights from the state are known as such, in the order of the signal.
pub(super) fn cells(walk: &Walk) -> Vec<Cell> {
    let mut found: Vec<Cell> = Vec::new();
    for (index, parameter) in walk.parameters.iter().enumerate() {
        let is_new = found.iter().all(|cell| !cell.state.contains(&index));
        if parameter.role == Role::Recurrent && is_new {
            found.extend(cell(walk, index));
        }
    }
    found.sort_by_key(|cell| cell.node);
    found
}

fn cell(walk: &Walk, state: usize) -> Option<Cell> {
    let graph = &walk.network.graph;
    let module = &walk.parameters[state].place.module;
    let of_module = |role: Role| -> Vec<usize> {
        let own = walk.parameters.iter().enumerate();
        let own = own.filter(|(_, p)| p.role == role && p.place.module == *module);
        own.map(|(index, _)| index).collect()
    };
    let told = walk.network.cells.iter().find(|cell| cell.state_weights.contains(&state));
    let input = told.map_or_else(|| of_module(Role::Weight), |told| told.input_weights.clone());
    let states = told.map_or_else(|| of_module(Role::Recurrent), |told| told.state_weights.clone());
    let biases = of_module(Role::Bias);
    let steps = told.map_or_else(
        || {
            let own: Vec<Wire> = states.iter().map(|&state| graph.parameters()[state]).collect();
            let takes = |&node: &usize| graph.nodes()[node].inputs.iter().any(|w| own.contains(w));
            walk.forward().filter(takes).count()
        },
        |told| graph.shape(told.states).axes()[0],
    );
    let gates: HashSet<Component> =
        input.iter().chain(&states).flat_map(|&p| gates(&walk.parameters[p])).collect();
    let has = |gate| gates.contains(&gate);
    let law = if has(Component::ForgetGate) {
        Law::Lstm
    } else if has(Component::UpdateGate) || has(Component::ResetGate) {
        Law::Gru
    } else {
        let squash = told.and_then(|told| Some(told.squashes.first()?.as_ref()?.activation));
        let named = walk.parameters[state].activation.as_deref().or(squash);
        Law::plain(named?, walk.parameters[state].fan_in)?
    };
    let (node, entering) = product(walk, &input)?;
    Some(Cell { law, input, state: states, biases, steps, node, entering })
}

/// The gates that lie in a parameter, or that it serves.
fn gates(parameter: &Parameter) -> Vec<Component> {
    let packing = parameter.packing.as_ref().or(parameter.part_of.as_ref());
    let parts = packing.map_or(&[][..], |packing| &packing.parts);
    parts.iter().map(|(gate, _)| *gate).chain(parameter.place.component).collect()
}

/// The first node that takes weights, or what is made of them, together with a signal: with what is made
/// of more than parameters and constants, as the weights of another direction beside them are not.
fn product(walk: &Walk, weights: &[usize]) -> Option<(usize, Wire)> {
    let graph = &walk.network.graph;
    let mut made: HashSet<Wire> = weights.iter().map(|&w| graph.parameters()[w]).collect();
    let still = walk.still();
    for index in walk.forward() {
        let node = &graph.nodes()[index];
        if node.inputs.iter().any(|wire| made.contains(wire)) {
            match node.inputs.iter().find(|wire| !still.contains(wire)) {
                Some(&signal) => return Some((index, signal)),
                None => made.extend(&node.outputs),
            }
        }
    }
    None
}

/// What the parameters of a cell are to be, by what enters it: scales and choices.
pub(super) fn choices(
    walk: &Walk,
    cell: &Cell,
    present: &[Scales],
    extent: Extent,
    flow: &Flow<'_>,
) -> Vec<(Scales, Choice)> {
    let second = flow.spread(cell.entering).map_or(0.0, Spread::second);
    if !(second > 0.0 && second.is_finite()) {
        return Vec::new();
    }
    let start = cell.law.solve(cell.steps);
    let mut found = Vec::new();
    let mut choose = |parameter: usize, scales: Scales, scheme: String, reason: String| {
        let own = present[parameter];
        let ratio = own.second / scales.second;
        let is_right = match walk.parameters[parameter].role {
            Role::Bias => scales != Scales::ZERO && own.second >= REMEMBERS,
            _ => (1.0 / RIGHT..=RIGHT).contains(&ratio),
        };
        if extent == Extent::Whole || !is_right {
            found.push((scales, Choice { parameter, scheme, reason }));
        }
    };
    for &weight in &cell.input {
        let variance = start.drive / (walk.parameters[weight].fan_in.max(1) as f64 * second);
        let scales = Scales { mean: 0.0, second: variance };
        let scheme = if start.is_mirrored {
            mirrored(&walk.parameters[weight], variance)
        } else {
            format!("normal:{}", rounded(variance.sqrt()))
        };
        choose(weight, scales, scheme, start.of_input.clone());
    }
    for &weight in &cell.state {
        let units = walk.parameters[weight].fan_in.max(1) as f64;
        let scales = Scales { mean: 0.0, second: start.gain / units };
        choose(weight, scales, start.matrix.clone(), start.of_state.clone());
    }
    for &bias in &cell.biases {
        match &start.bias {
            Some((scheme, ..)) if is_silent(scheme, &walk.parameters[bias]) => {
                let is_wanted = extent == Extent::Whole || present[bias].second < REMEMBERS;
                if is_wanted && present[bias].second > 0.0 {
                    let reason = "0, as the bias beside it says what is remembered".to_owned();
                    choose(bias, Scales::ZERO, "zeros".to_owned(), reason);
                }
            }
            Some((scheme, mean, second)) => {
                let scales = Scales { mean: *mean, second: *second };
                choose(bias, scales, scheme.clone(), start.of_bias.clone());
            }
            None if present[bias].second > 0.0 => {
                choose(bias, Scales::ZERO, "zeros".to_owned(), start.of_bias.clone());
            }
            None => {}
        }
    }
    found
}

/// Whether a scheme gives a bias nothing but 0, as to the second of two that add up.
fn is_silent(scheme: &str, bias: &Parameter) -> bool {
    let count = bias.packing.as_ref().map_or(0, |packing| packing.parts.len());
    let parts = (0..count).map(|index| bias.part(index));
    let Ok(scheme) = init::find(scheme) else { return false };
    let is_zero = |part: &Parameter| {
        scheme.distribution(part).is_ok_and(|own| own.mean() == 0.0 && own.deviation() == 0.0)
    };
    count > 0 && parts.into_iter().all(|part| is_zero(&part))
}

/// The scheme that gives a cell's weight from the input this variance, of twins of opposite sign.
fn mirrored(weight: &Parameter, variance: f64) -> String {
    let inputs = weight.fan_in.max(1);
    let half = weight.shape.elements() / inputs / 2;
    let gain = (variance * half.max(inputs) as f64).sqrt();
    format!("looks-linear:{},first", rounded(gain))
}
