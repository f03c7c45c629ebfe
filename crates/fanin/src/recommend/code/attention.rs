//! Attention as Flax and Keras lay it out: a layer each for query, key and value.
//!
//! PyTorch's `MultiheadAttention` has the three in one `in_proj_weight` and one `in_proj_bias`. Where a
//! layer of the model's own packs them (`qkv`, `c_attn`), it stays one layer, of which parts are drawn.

use super::Language;
use crate::init::Component::{self, Key, Query, Value};
use crate::init::Parameter;
use crate::recommend::Change;

/// What packs the three in `MultiheadAttention`, and what comes behind attention there.
const WEIGHT: &str = "in_proj_weight";
const BIAS: &str = "in_proj_bias";
const OUTPUT: &str = "out_proj";

/// A network's parameters and what changes of them, with those of `MultiheadAttention` under the names
/// and in the order that the framework has.
pub(super) fn apart(
    parameters: Vec<Parameter>,
    changes: &[Change],
    language: Language,
) -> (Vec<Parameter>, Vec<Change>) {
    if !matches!(language, Language::Flax | Language::Keras) {
        return (parameters, changes.to_vec());
    }
    let named = |name: &str| parameters.iter().find(|own| own.name == name);
    let pieces = |name: &str| named(name).map_or_else(Vec::new, |own| pieces(own, &parameters));
    let mut apart = Vec::new();
    for parameter in &parameters {
        let name = parameter.name.as_str();
        if name.ends_with(BIAS) && named(&beside(name, BIAS, WEIGHT)).is_some_and(is_packed) {
            continue;
        }
        let mut biases = if name.ends_with(WEIGHT) && is_packed(parameter) {
            pieces(&beside(name, WEIGHT, BIAS)).into_iter()
        } else {
            Vec::new().into_iter()
        };
        for own in pieces(name) {
            apart.push(own);
            apart.extend(biases.next());
        }
    }
    let changes = changes.iter().flat_map(|change| {
        let own = pieces(&change.parameter).into_iter();
        own.map(|piece| Change { parameter: piece.name, ..change.clone() })
    });
    let changes = changes.collect();
    (apart, changes)
}

/// Whether a parameter's units are laid out there as (heads, width of a head).
pub(super) fn is_by_head(parameter: &Parameter) -> bool {
    parameter.role.is_matrix() && parameter.part_of.is_some()
}

/// Whether these are matrices of attention, which lie in this order in every framework.
pub(super) fn is_of_attention(component: Component) -> bool {
    matches!(component, Query | Key | Value)
}

/// What stands in place of a parameter: three for a packed one, else one.
fn pieces(parameter: &Parameter, all: &[Parameter]) -> Vec<Parameter> {
    let name = parameter.name.as_str();
    let renamed = |name: String| Parameter { name, ..parameter.clone() };
    for (packed, leaf) in [(WEIGHT, "weight"), (BIAS, "bias")] {
        if name.ends_with(packed) && is_packed(parameter) {
            let part = |(index, own): (usize, &str)| {
                let name = beside(name, packed, &format!("{own}.{leaf}"));
                Parameter { name, ..parameter.part(index) }
            };
            return ["query", "key", "value"].into_iter().enumerate().map(part).collect();
        }
    }
    for leaf in ["weight", "bias"] {
        let own = format!("{OUTPUT}.{leaf}");
        let is_behind = |other: &Parameter| other.name == beside(name, &own, WEIGHT);
        if name.ends_with(&own) && all.iter().any(|other| is_behind(other) && is_packed(other)) {
            return vec![renamed(beside(name, &own, &format!("out.{leaf}")))];
        }
    }
    vec![parameter.clone()]
}

/// Whether a parameter is packed of query, key and value, in this order.
fn is_packed(parameter: &Parameter) -> bool {
    let parts = parameter.packing.as_ref().map_or(&[][..], |packing| &packing.parts);
    parts.iter().map(|(component, _)| *component).eq([Query, Key, Value])
}

/// A name with another end.
fn beside(name: &str, end: &str, other: &str) -> String {
    format!("{}{other}", name.strip_suffix(end).unwrap_or(name))
}
