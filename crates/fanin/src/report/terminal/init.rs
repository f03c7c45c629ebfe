//! Which scheme gave which parameter its values.

use std::fmt::Write;
use std::path::Path;

use super::number::{compact, whole};
use super::table::aligned;
use crate::init::Explanation;
use crate::weights::Weights;

/// For each parameter: shape, fans, scheme, standard deviation and why.
pub fn explain(explanations: &[Explanation]) -> String {
    let head = ["parameter", "shape", "fan-in", "fan-out", "scheme", "distribution", "std", "why"];
    let rows = explanations.iter().map(|e| {
        let axes: Vec<String> = e.shape.iter().map(ToString::to_string).collect();
        vec![
            e.name.clone(),
            axes.join("×"),
            e.fan_in.to_string(),
            e.fan_out.to_string(),
            e.scheme.clone().unwrap_or_else(|| "–".to_owned()),
            e.distribution.clone(),
            compact(e.deviation),
            e.reason.clone(),
        ]
    });
    aligned(&head.map(str::to_owned), rows.collect())
}

/// What was written where.
pub fn written(weights: &Weights, path: &Path) -> String {
    let mut text = String::new();
    let (tensors, elements) = (weights.tensors.len(), whole(weights.elements()));
    let _ = writeln!(text, "wrote {tensors} tensors, {elements} numbers, to {}", path.display());
    text
}
