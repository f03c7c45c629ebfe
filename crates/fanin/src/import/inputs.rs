//! Shapes of a model's inputs: as the caller says, as the file says, or filled in.

use std::collections::BTreeMap;

use fanin_engine::{Kind, Type};

use crate::formats::onnx::{Dimension, ElementType, ValueInfo};
use crate::{Error, Result};

use super::options::Options;

/// The lengths of named axes that the caller's shapes settle.
pub(super) fn named_axes<'a>(
    inputs: &[&ValueInfo<'a>],
    options: &Options,
) -> Result<BTreeMap<&'a str, usize>> {
    let mut known = BTreeMap::new();
    for input in inputs {
        let Some(given) = options.inputs.get(input.name) else { continue };
        let Some((_, Some(declared))) = input.tensor() else { continue };
        if declared.len() != given.len() {
            return Err(mistake(
                input.name,
                format!("shape {given:?}"),
                format!("{} axes, as in the file", declared.len()),
            ));
        }
        for (axis, &length) in declared.iter().zip(given) {
            let Dimension::Named(name) = *axis else { continue };
            let before = *known.entry(name).or_insert(length);
            if before != length {
                let found = format!("axis `{name}` of {length} and of {before} elements");
                return Err(mistake(input.name, found, "one length".to_owned()));
            }
        }
    }
    Ok(known)
}

/// Kind, shape and element type of an input.
pub(super) fn type_of(
    input: &ValueInfo<'_>,
    named: &BTreeMap<&str, usize>,
    options: &Options,
) -> Result<(Type, ElementType)> {
    let Some((element, declared)) = input.tensor() else {
        return Err(mistake(input.name, "no tensor".to_owned(), "a tensor".to_owned()));
    };
    let kind = kind_of(element).ok_or_else(|| {
        mistake(input.name, format!("elements of type {element}"), READ.to_owned())
    })?;
    let shape = match (options.inputs.get(input.name), declared) {
        (Some(given), _) => given.clone(),
        (None, None) => {
            let expected = format!("one; say it by `--input {}=1x3x224x224`", input.name);
            return Err(mistake(input.name, "no shape".to_owned(), expected));
        }
        (None, Some(declared)) => {
            let axis = |(index, axis): (usize, &Dimension<'_>)| {
                length(input, index, *axis, named, options)
            };
            declared.iter().enumerate().map(axis).collect::<Result<Vec<usize>>>()?
        }
    };
    Ok((Type { kind, shape: shape.into() }, element))
}

const READ: &str = "floating numbers, whole numbers or booleans";

/// The engine's kind for elements of this type.
pub(super) fn kind_of(element: ElementType) -> Option<Kind> {
    if element.is_float() {
        Some(Kind::Float)
    } else if element.is_integer() || element == ElementType::Bool {
        Some(Kind::Integer)
    } else {
        None
    }
}

fn length(
    input: &ValueInfo<'_>,
    index: usize,
    axis: Dimension<'_>,
    named: &BTreeMap<&str, usize>,
    options: &Options,
) -> Result<usize> {
    let open = |name: &str| {
        if let Some(length) = named.get(name) {
            return Ok(*length);
        }
        if index == 0 {
            return Ok(options.batch);
        }
        let expected = format!("a length; say all axes by `--input {}=…`", input.name);
        Err(mistake(input.name, format!("axis {index} `{name}` left open"), expected))
    };
    match axis {
        Dimension::Value(length) => usize::try_from(length).map_err(|_| {
            mistake(input.name, format!("axis {index} of {length}"), "0 or more".to_owned())
        }),
        Dimension::Named(name) => open(name),
        Dimension::Unknown => open("?"),
    }
}

fn mistake(input: &str, found: String, expected: String) -> Error {
    Error::Setting { place: format!("input \"{input}\""), found, expected }
}
