//! Which scheme gave which parameter its values, and where they went.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use super::number::{compact, whole};
use super::table::aligned;
use super::wrap::wrapped;
use crate::formats::ByteSize;
use crate::init::like::Library;
use crate::init::manifest::Guess;
use crate::init::{PieceLine, Start};
use crate::weights::Weights;

/// For each parameter: what it is, shape, fans, scheme, standard deviation and why; and where some
/// of it is left out, names, shapes or types differ, what is written of it.
pub fn explain(start: &Start) -> String {
    let is_renamed = start.init.iter().any(|line| line.written.is_some());
    let is_cut = start.init.iter().any(|line| line.slice != "whole");
    let types: BTreeSet<&str> = start.init.iter().map(|line| line.dtype.name()).collect();
    let mut head = vec!["parameter", "role", "shape"];
    head.extend(is_renamed.then_some("written as"));
    head.extend(is_cut.then_some("part"));
    head.extend((types.len() > 1).then_some("type"));
    head.extend(["fan-in", "fan-out", "scheme", "distribution", "std", "why"]);
    let row = |PieceLine { explanation: e, written, slice, dtype, .. }: &PieceLine| {
        let mut row = vec![e.name.clone(), e.role.clone(), times(&e.shape)];
        row.extend(is_renamed.then(|| match written {
            Some(there) => format!("{} {}", there.name, times(&there.shape)),
            None => String::new(),
        }));
        row.extend(is_cut.then(|| slice.clone()));
        row.extend((types.len() > 1).then(|| dtype.to_string()));
        row.extend([
            e.fan_in.to_string(),
            e.fan_out.to_string(),
            e.scheme.clone().unwrap_or_else(|| "–".to_owned()),
            e.distribution.clone(),
            compact(e.deviation),
            e.reason.clone(),
        ]);
        row
    };
    let head: Vec<String> = head.into_iter().map(str::to_owned).collect();
    let mut text = aligned(&head, start.init.iter().map(row).collect());
    let types: Vec<&str> = types.into_iter().collect();
    let _ = writeln!(text, "\n {} as {}", amount(start), types.join(" and "));
    text + &notes(start) + &guesses(start)
}

fn times(shape: &[usize]) -> String {
    shape.iter().map(ToString::to_string).collect::<Vec<String>>().join("×")
}

/// What was written where.
pub fn written(start: &Start) -> String {
    let mut text = format!("wrote {} ", amount(start));
    let _ = match start.files.as_slice() {
        [first, .., index] => {
            let shards = start.files.len() - 1;
            writeln!(
                text,
                "to {} and the rest of {shards} files, found by {}",
                first.display(),
                index.display()
            )
        }
        files => files.iter().try_for_each(|file| writeln!(text, "to {}", file.display())),
    };
    text + &notes(start) + &guesses(start)
}

/// What a user should know of names.
fn notes(start: &Start) -> String {
    start.notes.iter().map(|note| wrapped("\nnote: ", "  ", note)).collect()
}

/// What had to be guessed, so that it can be said; each reason once.
fn guesses(start: &Start) -> String {
    let mut reasons: Vec<(&str, &str, usize)> = Vec::new();
    for Guess { name, taken_as } in &start.guesses {
        match reasons.iter_mut().find(|(_, reason, _)| reason == taken_as) {
            Some((_, _, others)) => *others += 1,
            None => reasons.push((name, taken_as, 0)),
        }
    }
    let line = |(name, reason, others): (&str, &str, usize)| {
        let others = if others > 0 { format!(" and {others} more") } else { String::new() };
        wrapped(" guessed: ", "   ", &format!("{name}{others} taken as {reason}"))
    };
    reasons.into_iter().map(line).collect()
}

fn amount(start: &Start) -> String {
    let elements = usize::try_from(start.elements).unwrap_or(usize::MAX);
    format!("{} numbers, {},", whole(elements), ByteSize(start.bytes))
}

/// What was drawn as another library draws it, and how far it is the same; `is_in_order` tells
/// whether the parameters came in the order in which a program makes them.
pub fn drawn_like(
    library: &dyn Library,
    weights: &Weights,
    path: &Path,
    is_in_order: bool,
) -> String {
    let (tensors, elements) = (weights.tensors.len(), whole(weights.elements()));
    let mut text = format!("wrote {tensors} tensors, {elements} numbers, to {}\n", path.display());
    let facts = library.facts();
    text.push_str(&wrapped("  as      ", "          ", facts.program));
    text.push_str(&wrapped("  exact   ", "          ", facts.exact));
    if library.draws_in_order() && !is_in_order {
        let order = "that of the file, which may be sorted, while this library's values depend on the \
                     order in which a program makes its layers: a .json or .toml list says it, and an .onnx file \
                     that PyTorch exported with optimize=False";
        text.push_str(&wrapped("  order   ", "          ", order));
    }
    text
}
