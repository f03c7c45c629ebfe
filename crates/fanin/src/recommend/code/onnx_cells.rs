//! Recurrent cells of ONNX as Keras lays them out: each direction by itself, each bias by itself.
//!
//! ONNX has the directions of a cell behind one another in one tensor, and the biases of input and state
//! side by side in one. Taken apart they are named as in PyTorch, from where `cells` knows them.
//!
//! Key: D directions, G gates, H units, I inputs.

use super::Language;
use crate::init::fans::Axes;
use crate::init::{Packing, Parameter, Role};
use crate::recommend::Change;

/// A network's parameters and what changes of them, the tensors of ONNX's cells taken apart where the
/// framework does so: kernel, recurrent kernel and biases of the first direction, then of the second.
pub(super) fn apart(
    parameters: Vec<Parameter>,
    changes: Vec<Change>,
    language: Language,
) -> (Vec<Parameter>, Vec<Change>) {
    if language != Language::Keras {
        return (parameters, changes);
    }
    let parameters = in_order(parameters);
    let mut there: Vec<Parameter> = Vec::with_capacity(parameters.len());
    let mut pieces: Vec<(&str, Vec<Parameter>)> = Vec::new();
    let mut rest = &parameters[..];
    while let [first, others @ ..] = rest {
        let Some(tensors) = cell(rest) else {
            there.push(first.clone());
            rest = others;
            continue;
        };
        let module = &*first.name;
        let directions = first.shape.axes()[0];
        let of_directions: Vec<Vec<Vec<Parameter>>> = (0..directions)
            .map(|at| tensors.iter().map(|own| of_direction(own, module, at)).collect())
            .collect();
        for (place, own) in tensors.iter().enumerate() {
            let all = of_directions.iter().flat_map(|direction| direction[place].clone());
            pieces.push((&*own.name, all.collect()));
        }
        there.extend(of_directions.into_iter().flatten().flatten());
        rest = &rest[tensors.len()..];
    }
    let of_changes = changes.iter().flat_map(|change| {
        match pieces.iter().find(|(name, _)| *name == change.parameter) {
            None => vec![change.clone()],
            Some((_, own)) => {
                let own = own.iter().map(|piece| piece.name.clone());
                own.map(|parameter| Change { parameter, ..change.clone() }).collect()
            }
        }
    });
    let changes = of_changes.collect();
    (there, changes)
}

/// The parameters with those of each cell that Keras writes as a loop in the order that it has them:
/// kernel, recurrent kernel, bias.
fn in_order(parameters: Vec<Parameter>) -> Vec<Parameter> {
    let cells: Vec<Option<String>> =
        parameters.iter().map(|own| of_loop(&own.name).map(ToOwned::to_owned)).collect();
    let first = |at: usize| match &cells[at] {
        None => at,
        own => cells.iter().position(|other| other == own).unwrap_or(at),
    };
    let place = |own: &Parameter| match own.role {
        Role::Weight => 0,
        Role::Recurrent => 1,
        _ => 2,
    };
    let mut sorted: Vec<(usize, Parameter)> = parameters.into_iter().enumerate().collect();
    sorted.sort_by_key(|(at, own)| (first(*at), place(own)));
    sorted.into_iter().map(|(_, own)| own).collect()
}

/// The path of the cell that Keras wrote as a loop, of which this is a variable:
/// `sequential_1/gru_1/gru_cell_1` of `sequential_1/gru_1/gru_cell_1/Cast/ReadVariableOp/resource:0`.
pub(super) fn of_loop(name: &str) -> Option<&str> {
    let (start, _) = name.rsplit_once("_cell")?;
    let end = start.len() + name[start.len()..].find('/')?;
    name.ends_with("/resource:0").then_some(&name[..end])
}

/// The tensors of a cell with which a list begins: (D, G · H, I), (D, G · H, H) and, where there is one,
/// (D, 2 · G · H).
fn cell(list: &[Parameter]) -> Option<&[Parameter]> {
    let [input, state, ..] = list else { return None };
    let (&[directions, wide, _], &[also, as_wide, _]) = (input.shape.axes(), state.shape.axes())
    else {
        return None;
    };
    let is_packed = |own: &Parameter| {
        (&own.axes.batch[..], &own.axes.input[..], &own.axes.output[..]) == (&[0], &[2], &[1])
    };
    let is_cell = (directions, wide) == (also, as_wide)
        && (input.role, state.role) == (Role::Weight, Role::Recurrent)
        && is_packed(input)
        && is_packed(state);
    let has_bias = list
        .get(2)
        .is_some_and(|bias| bias.role == Role::Bias && bias.shape.axes() == [directions, 2 * wide]);
    is_cell.then(|| &list[..2 + usize::from(has_bias)])
}

/// What one direction has of a cell's tensor: a matrix (G · H, inputs), or two biases (G · H).
fn of_direction(own: &Parameter, module: &str, direction: usize) -> Vec<Parameter> {
    let layer = if direction == 0 { "l0" } else { "l0_reverse" };
    let packing = |from: usize, count: usize| {
        let parts = own.packing.as_ref()?.parts[from..from + count].to_vec();
        Some(Packing { axis: 0, parts })
    };
    let gates = own.packing.as_ref().map_or(0, |packing| packing.parts.len());
    if let &[_, wide, inputs] = own.shape.axes() {
        let side = if own.role == Role::Recurrent { "hh" } else { "ih" };
        return vec![Parameter {
            name: format!("{module}.weight_{side}_{layer}"),
            shape: [wide, inputs].into(),
            axes: Axes::linear(),
            packing: packing(0, gates),
            ..own.clone()
        }];
    }
    let bias = |(index, side): (usize, &str)| Parameter {
        name: format!("{module}.bias_{side}_{layer}"),
        shape: [own.shape.axes()[1] / 2].into(),
        axes: Axes::default(),
        packing: packing(index * gates / 2, gates / 2),
        ..own.clone()
    };
    ["ih", "hh"].into_iter().enumerate().map(bias).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::Component::{Candidate, ForgetGate, InputGate, OutputGate};
    use crate::recommend::Scale;

    /// The tensors of an LSTM of 4 units that reads 3 numbers both ways, and a matrix behind it.
    fn both_ways() -> Vec<Parameter> {
        let gates = [InputGate, OutputGate, ForgetGate, Candidate];
        let packed = |name: &str, shape: &[usize], role| {
            let mut own = Parameter::new(name, shape.to_vec(), role);
            let count = shape[1] / 4;
            let parts = gates.iter().cycle().take(count).map(|gate| (*gate, 4)).collect();
            own.packing = Some(Packing { axis: 1, parts });
            if role != Role::Bias {
                own.axes = Axes { batch: vec![0], ..Axes::new(2, 1) };
            }
            own
        };
        vec![
            packed("W", &[2, 16, 3], Role::Weight),
            packed("R", &[2, 16, 4], Role::Recurrent),
            packed("B", &[2, 32], Role::Bias),
            Parameter::linear("dense", 2, 8),
        ]
    }

    #[test]
    fn a_cell_that_reads_both_ways_is_eight_tensors_in_the_order_of_keras() {
        let change = Change {
            parameter: "B".to_owned(),
            module: None,
            role: Role::Bias,
            before: Scale::default(),
            after: Scale::default(),
            scheme: "spaced-memory:6".to_owned(),
            reason: String::new(),
        };
        let (found, changes) = apart(both_ways(), vec![change.clone()], Language::Keras);
        let told: Vec<(&str, &[usize])> =
            found.iter().map(|own| (&*own.name, own.shape.axes())).collect();
        let expected = [
            ("W.weight_ih_l0", &[16, 3][..]),
            ("W.weight_hh_l0", &[16, 4]),
            ("W.bias_ih_l0", &[16]),
            ("W.bias_hh_l0", &[16]),
            ("W.weight_ih_l0_reverse", &[16, 3]),
            ("W.weight_hh_l0_reverse", &[16, 4]),
            ("W.bias_ih_l0_reverse", &[16]),
            ("W.bias_hh_l0_reverse", &[16]),
            ("dense", &[2, 8]),
        ];
        assert_eq!(told, expected);
        let parts = |own: &Parameter| own.packing.as_ref().map(|packing| packing.parts.len());
        assert!(found[..8].iter().all(|own| parts(own) == Some(4)), "{found:?}");
        let changed: Vec<&str> = changes.iter().map(|own| &*own.parameter).collect();
        let biases = found.iter().filter(|own| own.role == Role::Bias);
        assert_eq!(changed, biases.map(|own| &*own.name).collect::<Vec<_>>());
        let other = apart(both_ways(), vec![change], Language::Numpy);
        assert_eq!(other.0, both_ways());
    }

    #[test]
    fn variables_of_a_loop_come_in_the_order_of_keras() {
        let own = |name: &str, role| {
            Parameter::new(&format!("s/gru_1/gru_cell_1/{name}/resource:0"), [2, 3], role)
        };
        let parameters = vec![
            Parameter::linear("first", 2, 2),
            own("split/ReadVariableOp", Role::Bias),
            own("Cast_1/ReadVariableOp", Role::Recurrent),
            own("Cast/ReadVariableOp", Role::Weight),
            Parameter::linear("last", 2, 2),
        ];
        let (found, _) = apart(parameters, Vec::new(), Language::Keras);
        let told = [Role::Weight, Role::Weight, Role::Recurrent, Role::Bias, Role::Weight];
        assert_eq!(found.iter().map(|own| own.role).collect::<Vec<_>>(), told);
        assert_eq!((&*found[0].name, &*found[4].name), ("first", "last"));
    }

    #[test]
    fn matrices_behind_one_another_are_no_cell_without_a_state() {
        let mut parameters = both_ways();
        parameters[1].role = Role::Weight;
        assert_eq!(apart(parameters.clone(), Vec::new(), Language::Keras).0, parameters);
    }
}
