//! What a lowered file says of its network.

use std::collections::{HashMap, HashSet};

use fanin_engine::graph::Source;
use fanin_engine::{Graph, Wire};

use crate::error::{Error, Result};
use crate::formats::onnx::{self, Separated};
use crate::import::imported::{Imported, Parameter as Own};
use crate::import::lowering::Steps;
use crate::import::{Move, Options, ops, roles};
use crate::init::{Parameter, Role};
use crate::spec::CellWires;
use crate::weights::Weights;

/// The value of which a last softmax makes what a model gives as `output`.
pub(super) fn scores<'a>(model: &onnx::Model<'a>, output: &str) -> Option<&'a str> {
    let mut output = model.graph.outputs.iter().find(|own| own.name == output)?.name;
    loop {
        let node = model.graph.nodes.iter().find(|node| node.outputs.contains(&output))?;
        let import = ops::find(node)?;
        let input = node.input(0)?;
        if import.normalizes_scores {
            return Some(input);
        }
        let is_permuted = import.moves == Move::Permutes;
        let passes = import.carries.contains(&0) && node.inputs.len() == 1 && !is_permuted;
        output = passes.then_some(input)?;
    }
}

/// Whether the file leaves open how many rows its inputs have, and the caller too.
pub(super) fn has_open_rows(
    model: &onnx::Model<'_>,
    imported: &Imported,
    options: &Options,
) -> bool {
    imported.inputs.iter().all(|port| {
        let input = model.graph.inputs.iter().find(|own| own.name == port.name);
        let declared = input.and_then(onnx::ValueInfo::tensor).and_then(|own| own.1);
        let first = declared.and_then(|axes| axes.first().copied());
        let is_open = first.is_some_and(|axis| !matches!(axis, onnx::Dimension::Value(_)));
        is_open && !options.inputs.contains_key(&port.name)
    })
}

/// The rows for which the file was made: the length of every input's first axis.
pub(super) fn rows(imported: &Imported) -> Result<usize> {
    let mistake = |place: String, found: String, expected: &str| Error::Setting {
        place,
        found,
        expected: expected.to_owned(),
    };
    let mut rows = None;
    for port in &imported.inputs {
        let place = format!("input \"{}\"", port.name);
        let Some(&length) = port.r#type.shape.axes().first() else {
            return Err(mistake(place, "a scalar".to_owned(), "a first axis of rows"));
        };
        let first = *rows.get_or_insert(length);
        if length != first || length == 0 {
            let found = format!("{length} rows, after {first} in the first input");
            return Err(mistake(
                place,
                found,
                "the same number of rows, one or more, in all inputs",
            ));
        }
    }
    Ok(rows.unwrap_or(1))
}

/// What is told of a recurrent cell.
pub(super) fn cell(graph: &Graph, steps: Steps) -> CellWires {
    let parameters = |weight| {
        let of = graph.parameters().iter().enumerate();
        let used: HashSet<Wire> = sources(graph, weight);
        of.filter(|(_, wire)| used.contains(wire)).map(|(index, _)| index).collect()
    };
    CellWires {
        input_weights: parameters(steps.input_weight),
        state_weights: parameters(steps.state_weight),
        module: steps.module,
        gates: steps.gates,
        squashes: steps.squashes,
        input: steps.input,
        pre_activation: steps.pre_activation,
        added: steps.added,
        states: steps.states,
        is_reversed: steps.is_reversed,
    }
}

/// The wires that a wire is made of, itself among them.
fn sources(graph: &Graph, wire: Wire) -> HashSet<Wire> {
    let mut seen = HashSet::new();
    let mut open = vec![wire];
    while let Some(wire) = open.pop() {
        if seen.insert(wire)
            && let Source::Node(node, _) = graph.source(wire)
        {
            open.extend(&graph.nodes()[node].inputs);
        }
    }
    seen
}

pub(super) fn weights(imported: &Imported) -> Weights {
    let own = imported.parameters.iter().map(|own| (own.name.clone(), own.value.clone()));
    Weights { tensors: own.collect() }
}

/// What schemes see of each parameter of the graph.
pub(super) fn parameters(
    imported: &Imported,
    found: &[roles::Found],
    statistics: &HashMap<&str, Role>,
    separated: &[Separated],
) -> Vec<Parameter> {
    let of = |own: &Own| {
        let origin = separated.iter().find(|other| other.name == own.name);
        let origin = origin.map_or(&*own.name, |other| &other.initializer);
        let shape = own.value.shape().clone();
        if let Some(role) = statistics.get(origin) {
            return Parameter::new(&own.name, shape, *role);
        }
        let named = found.iter().find(|found| found.parameter.name == own.name);
        match named.or_else(|| found.iter().find(|found| found.initializer == origin)) {
            Some(found) => Parameter { name: own.name.clone(), ..found.parameter.clone() },
            None => Parameter::new(&own.name, shape, Role::Buffer),
        }
    };
    imported.parameters.iter().map(of).collect()
}
