//! What is in a model.

use std::fmt::Write;

use super::number::whole;
use super::table::texts;
use super::wrap::wrapped;
use crate::import::{Description, Line, Socket};

/// Characters of a note in the table.
const NOTES: u16 = 44;

/// Where a model comes from, what it takes and gives, and a table of its parameters.
pub fn model(description: &Description) -> String {
    let mut text = String::new();
    if !description.producer.is_empty() {
        let _ =
            writeln!(text, " {}, operators of opset {}", description.producer, description.opset);
    }
    for (what, sockets) in [("in ", &description.inputs), ("out", &description.outputs)] {
        for Socket { name, form } in sockets {
            let _ = writeln!(text, " {what}  {name}: {form}");
        }
    }
    let operators = description.operators.iter().map(|used| {
        let mark = if used.is_supported { "" } else { " (not supported)" };
        format!("{} {}{mark}", used.nodes, used.name)
    });
    let operators: Vec<String> = operators.collect();
    if !operators.is_empty() {
        text.push_str(&wrapped(" operators: ", "   ", &operators.join(", ")));
    }
    let (count, size) = (description.parameters.len(), whole(description.size));
    let _ = writeln!(text, " {count} parameters of {size} elements");
    for note in &description.notes {
        text.push_str(&wrapped(" note: ", "   ", note));
    }
    text.push('\n');
    let head = ["name", "shape", "role", "fans", "then", "layer", "notes"].map(str::to_owned);
    text.push_str(&texts(&head, description.parameters.iter().map(row).collect(), NOTES));
    if !description.constants.is_empty() {
        text.push_str("\n no parameters:\n");
    }
    for constant in &description.constants {
        let _ =
            writeln!(text, "   {} {}: {}", constant.name, shape(&constant.shape), constant.reason);
    }
    text
}

fn shape(axes: &[usize]) -> String {
    let axes: Vec<String> = axes.iter().map(ToString::to_string).collect();
    if axes.is_empty() { "scalar".to_owned() } else { axes.join("×") }
}

fn row(line: &Line) -> Vec<String> {
    let fans = match (line.fan_in, line.fan_out) {
        (0, 0) => String::new(),
        (fan_in, fan_out) => format!("{fan_in} → {fan_out}"),
    };
    let mut notes: Vec<String> = Vec::new();
    if !line.components.is_empty() {
        notes.push(line.components.join("|"));
    }
    if line.is_residual_output {
        notes.push("ends a residual branch".to_owned());
    }
    if let Some(block) = line.block {
        notes.push(format!("block {block}"));
    }
    if let Some(framework) = line.framework.as_ref().filter(|name| **name != line.name) {
        notes.push(format!("`{framework}`"));
    }
    notes.extend(line.notes.iter().cloned());
    vec![
        line.name.clone(),
        shape(&line.shape),
        line.role.clone(),
        fans,
        line.activation.clone().unwrap_or_default(),
        line.layer.map_or_else(String::new, |layer| layer.to_string()),
        notes.join("; "),
    ]
}
