//! What the numbers of an input are: measured ones, or places in a table.

use fanin_engine::Kind;

use crate::formats::onnx::{Model, OnnxFile};
use crate::spec::{Feed, Numbers};

use super::imported::Port;
use super::ops::{self, Part};
use super::roles::links::Links;

/// The columns of an input, and what stands in them; `rows` are how many of its first axes count
/// rows, 1 or 0.
pub(super) fn feed(file: &OnnxFile, model: &Model<'_>, port: &Port, rows: usize) -> Feed {
    let axes: Vec<usize> = port.r#type.shape.axes().iter().skip(rows).copied().collect();
    let numbers = match port.r#type.kind {
        Kind::Float => Numbers::Measured,
        Kind::Integer | Kind::Position => match table(file, model, &port.name) {
            Some(count) => Numbers::Indices(count),
            None => Numbers::Switches,
        },
    };
    Feed { name: port.name.clone(), columns: axes.iter().product(), axes, numbers }
}

/// The rows of the smallest table in which the elements of a value are looked up.
fn table(file: &OnnxFile, model: &Model<'_>, name: &str) -> Option<usize> {
    let links = Links::of(file, &model.graph);
    let mut open = vec![name];
    let mut smallest = None;
    while let Some(value) = open.pop() {
        for &(index, input) in links.takers(value) {
            let node = &model.graph.nodes[index];
            let Some(import) = ops::find(node) else { continue };
            let is_table = import.parameters.iter().any(|(_, part)| *part == Part::Table);
            if is_table && input == 1 {
                let initializer = |name| model.graph.initializers.iter().find(|t| t.name == name);
                let rows = node.input(0).and_then(initializer).and_then(|t| t.dims.first());
                smallest = smallest.into_iter().chain(rows.copied()).min();
            } else if import.carries.contains(&input) {
                open.extend(node.output(0));
            }
        }
    }
    smallest
}
