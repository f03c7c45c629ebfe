//! Recurrent cells as Flax and Keras lay them out.
//!
//! What is named as in PyTorch has two biases that add up, where others have one: Flax at the state
//! of an LSTM and at the input of other cells, Keras at both sides of a GRU in one variable of two rows.
//! Gates lie side by side in all of them, in an order of the framework's own.

use super::draw::{Draw, Drawn};
use super::{Language, attention};
use crate::error::{Error, Result};
use crate::init::Component::{
    self, Candidate, ForgetGate, InputGate, OutputGate, ResetGate, UpdateGate,
};
use crate::init::{Packing, Parameter};

/// What a parameter of a cell is, by its name in PyTorch: `rnn.weight_ih_l0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place<'a> {
    /// The module's name, which may be empty.
    pub module: &'a str,
    /// `weight` or `bias`.
    pub kind: &'a str,
    /// `ih` from the input, `hh` from the state.
    pub side: &'a str,
    /// `l0`, `l1_reverse`: the layer and its direction.
    pub layer: &'a str,
}

impl<'a> Place<'a> {
    /// None for a name of another kind.
    pub fn of(name: &'a str) -> Option<Self> {
        let (module, leaf) = name.rsplit_once('.').unwrap_or(("", name));
        let (kind, rest) = leaf.split_once('_')?;
        let (side, layer) = rest.split_once('_')?;
        let number = layer.strip_prefix('l')?;
        let number = number.strip_suffix("_reverse").unwrap_or(number);
        let is_one = ["weight", "bias"].contains(&kind)
            && ["ih", "hh"].contains(&side)
            && !number.is_empty()
            && number.bytes().all(|b| b.is_ascii_digit());
        is_one.then_some(Self { module, kind, side, layer })
    }
}

/// The gates of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gates {
    /// Input, forget, candidate, output.
    Lstm,
    /// Reset, update, candidate.
    Gru,
    /// None: one matrix.
    Plain,
}

impl Gates {
    /// Those of a packing; none where it is one of other things, such as query, key and value.
    pub fn of(packing: Option<&Packing>) -> Option<Self> {
        let Some(packing) = packing else { return Some(Self::Plain) };
        let has = |gate: Component| packing.parts.iter().any(|(own, _)| *own == gate);
        let is =
            |all: &[Component]| packing.parts.len() == all.len() && all.iter().all(|g| has(*g));
        if is(&[InputGate, ForgetGate, Candidate, OutputGate]) {
            Some(Self::Lstm)
        } else {
            is(&[ResetGate, UpdateGate, Candidate]).then_some(Self::Gru)
        }
    }

    /// In the order of a framework.
    fn order(self, language: Language) -> &'static [Component] {
        match (self, language) {
            (Self::Lstm, _) => &[InputGate, ForgetGate, Candidate, OutputGate],
            (Self::Gru, Language::Keras) => &[UpdateGate, ResetGate, Candidate],
            (Self::Gru, _) => &[ResetGate, UpdateGate, Candidate],
            (Self::Plain, _) => &[],
        }
    }
}

/// Parts in the order of a framework, each with what is drawn for it; none where that is not known.
pub(super) fn ordered(
    packing: &Packing,
    draws: &[Draw],
    language: Language,
) -> Option<(Vec<Draw>, Vec<usize>)> {
    if packing.parts.iter().all(|(own, _)| attention::is_of_attention(*own)) {
        return Some((draws.to_vec(), packing.parts.iter().map(|(_, size)| *size).collect()));
    }
    let order = Gates::of(Some(packing))?.order(language);
    let place = |gate: &Component| packing.parts.iter().position(|(own, _)| own == gate);
    let places = order.iter().map(place).collect::<Option<Vec<usize>>>()?;
    Some(places.iter().map(|&own| (draws[own], packing.parts[own].1)).unzip())
}

/// The parameters that a framework has, and what is drawn for each.
///
/// # Errors
/// [`Error::Setting`] for two biases whose sum no plain call draws.
pub(super) fn joined<'a>(
    mut drawn: Vec<Drawn<'a>>,
    parameters: &'a [Parameter],
    language: Language,
) -> Result<(Vec<Drawn<'a>>, Vec<&'a Parameter>)> {
    let mut there: Vec<&Parameter> = parameters.iter().collect();
    for (state, input) in biases(parameters) {
        let gates = Gates::of(input.packing.as_ref());
        let mut take = |own: &Parameter| -> Option<Drawn<'a>> {
            let place = drawn.iter().position(|d| d.parameter.name == own.name)?;
            Some(drawn.remove(place))
        };
        let (of_input, of_state) = (take(input), take(state));
        if language == Language::Keras && gates == Some(Gates::Gru) {
            there.retain(|own| own.name != state.name);
            if of_input.is_none() && of_state.is_none() {
                continue;
            }
            let parameter = input;
            let zeros = || Drawn::constant(parameter);
            let rows = [of_input.unwrap_or_else(zeros), of_state.unwrap_or_else(zeros)];
            drawn.push(Drawn::stacked(parameter, rows));
            continue;
        }
        let is_at_state = language == Language::Flax && gates == Some(Gates::Lstm);
        let (kept, left) = if is_at_state { (state, input) } else { (input, state) };
        there.retain(|own| own.name != left.name);
        let only_input = gates == Some(Gates::Gru);
        if language == Language::Flax && only_input && of_state.as_ref().is_some_and(Drawn::is_zero)
        {
            // Of a GRU, linen has this bias for its candidate, and nnx none.
            drawn.push(Drawn { is_optional: true, ..Drawn::constant(state) });
        }
        let sum = match (of_input, of_state) {
            (None, None) => continue,
            (Some(own), None) => own,
            (None, Some(own)) if !only_input => own,
            (Some(own), Some(other)) if only_input && other.is_zero() => own,
            (None, Some(own)) if own.is_zero() => own,
            (Some(one), Some(other)) if !only_input => {
                one.plus(&other).ok_or_else(|| refused(input, state, language))?
            }
            _ => return Err(refused(input, state, language)),
        };
        drawn.push(Drawn { parameter: kept, ..sum });
    }
    Ok((drawn, there))
}

/// As many variables of Keras as this parameter stands for: a GRU's input bias has that of its state
/// below it.
pub(super) fn rows_in_keras(parameter: &Parameter) -> usize {
    let is_bias = Place::of(&parameter.name).is_some_and(|own| own.kind == "bias");
    let gates = Gates::of(parameter.packing.as_ref());
    if is_bias && gates == Some(Gates::Gru) { 2 } else { 1 }
}

fn refused(input: &Parameter, state: &Parameter, language: Language) -> Error {
    Error::Setting {
        place: format!("code for {}", language.name()),
        found: format!("{} and {}, which are one bias there", input.name, state.name),
        expected: "one of them constant, and 0 in a GRU; write the weights to a file instead"
            .to_owned(),
    }
}

/// Pairs of biases that add up: at the state, and at the input.
fn biases(parameters: &[Parameter]) -> Vec<(&Parameter, &Parameter)> {
    let twin = |input: &&Parameter| -> Option<&Parameter> {
        let own = Place::of(&input.name).filter(|own| (own.kind, own.side) == ("bias", "ih"))?;
        let of_state = Place { side: "hh", ..own };
        parameters.iter().find(|other| Place::of(&other.name) == Some(of_state))
    };
    parameters.iter().filter_map(|input| Some((twin(&input)?, input))).collect()
}

/// Gates as Flax names those that have a parameter each, in the order in which others pack them: of
/// all linen's cells and of `nnx.LSTMCell`, where `if` is no name.
pub(super) fn gates_of_flax(
    parameters: &[Parameter],
) -> Vec<(String, &'static str, Option<usize>)> {
    let mut found = Vec::new();
    for gates in [Gates::Lstm, Gates::Gru, Gates::Plain] {
        let is_own = |own: &&Parameter| {
            Place::of(&own.name).is_some() && Gates::of(own.packing.as_ref()) == Some(gates)
        };
        if !parameters.iter().any(|own| is_own(&own)) {
            continue;
        }
        for (side, dense) in [("i", "dense_i"), ("h", "dense_h")] {
            let named = |(part, gate): (usize, &&str)| (format!("{side}{gate}"), dense, Some(part));
            match gates {
                Gates::Lstm => found.extend(["i", "f", "g", "o"].iter().enumerate().map(named)),
                Gates::Gru => found.extend(["r", "z", "n"].iter().enumerate().map(named)),
                Gates::Plain => found.push((side.to_owned(), dense, None)),
            }
        }
    }
    if found.iter().any(|(gate, ..)| gate == "if") {
        found.push(("if_".to_owned(), "dense_i", Some(1)));
    }
    found
}

/// The path of a cell's parameter in a Flax model, whose cells multiply packed gates at once
/// (`flax.nnx`): `rnn/dense_i/kernel`; none for what is no parameter of a cell.
pub(super) fn flax(parameters: &[Parameter], parameter: &Parameter) -> Option<String> {
    let place = Place::of(&parameter.name)?;
    let gates = Gates::of(parameter.packing.as_ref())?;
    let others = parameters.iter().filter_map(|p| Place::of(&p.name));
    let is_alone = others.filter(|own| own.module == place.module).all(|own| own.layer == "l0");
    let module = place.module.replace('.', "/");
    let module = if is_alone { module } else { format!("{module}_{}", place.layer) };
    let path = match (place.kind, place.side) {
        ("weight", "ih") => "dense_i/kernel",
        ("weight", _) => "dense_h/kernel",
        (_, "hh") => "dense_h/bias",
        _ if gates == Gates::Lstm => "dense_h/bias",
        _ => "dense_i/bias",
    };
    Some(if module.is_empty() { path.to_owned() } else { format!("{module}/{path}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_cells_are_told_from_others() {
        let place = Place::of("encoder.rnn.weight_hh_l1_reverse").unwrap();
        assert_eq!(
            (place.module, place.kind, place.side, place.layer),
            ("encoder.rnn", "weight", "hh", "l1_reverse")
        );
        for name in ["rnn.weight", "weight_ih", "rnn.weight_ih_lx", "rnn.scale_ih_l0", "a.b_c_l0"] {
            assert_eq!(Place::of(name), None, "{name}");
        }
    }

    #[test]
    fn gates_come_in_the_order_of_the_framework() {
        let parts = vec![(ResetGate, 3), (UpdateGate, 3), (Candidate, 3)];
        let packing = Packing { axis: 0, parts };
        let draws = [1.0, 2.0, 3.0].map(Draw::Constant);
        let first = |language| ordered(&packing, &draws, language).unwrap().0[0];
        assert_eq!(first(Language::Keras), Draw::Constant(2.0));
        assert_eq!(first(Language::Flax), Draw::Constant(1.0));
        let attention = vec![(Component::Query, 3), (Component::Key, 3), (Component::Value, 3)];
        let attention = Packing { axis: 0, parts: attention };
        assert_eq!(ordered(&attention, &draws, Language::Keras).unwrap().0, draws);
        let other = Packing { axis: 0, parts: vec![(Component::Gate, 3), (Component::Up, 3)] };
        assert_eq!(ordered(&other, &draws, Language::Keras), None);
    }
}
