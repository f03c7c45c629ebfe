//! Floating initializers that are no parameters: buffers, masks, tables, scales.

use super::before::{Before, before, is_matrix, uniform};
use super::links::Links;
use super::signature::Signature;
use super::trace::Use;
use super::view;
use crate::formats::onnx::{Dimension, Tensor, ValueInfo};
use crate::import::{Move, Part, find};

/// Why an initializer is no parameter; none if it is one.
pub(super) fn reason(
    links: &Links<'_, '_>,
    signature: &Signature,
    tensor: &Tensor<'_>,
    uses: &[Use],
) -> Option<&'static str> {
    match signature.is_parameter(tensor.name) {
        Some(true) => return None,
        Some(false) => return Some("a buffer, as the exporter says"),
        None => {}
    }
    if uses.is_empty() {
        return Some("sets something, or reaches no signal");
    }
    let told = |part: Part| is_matrix(part) || matches!(part, Part::Table | Part::Slope);
    if uses.iter().any(|used| used.part.is_some_and(told)) && !tensor.dims.is_empty() {
        return None;
    }
    if tensor.len() <= 1 && uses.iter().all(|used| is_setting(links, tensor, used)) {
        return Some("one number of a formula");
    }
    let is_plain = uniform(links, tensor.name);
    let is_unnamed = !signature.is_empty() || !tensor.name.contains('.');
    if is_plain.is_some() && is_unnamed && uses.iter().all(|used| is_inner(links, signature, used))
    {
        return Some("the same number throughout");
    }
    if is_plain == Some(0.0) && !signature.is_empty() && is_for_each_row(links, tensor) {
        return Some("zeros for every row, as a state is before its first step");
    }
    uses.iter().find_map(|used| table(links, tensor, used))
}

/// Whether a matrix has as many rows as the inputs, if these are several.
fn is_for_each_row(links: &Links<'_, '_>, tensor: &Tensor<'_>) -> bool {
    let &[rows, _] = &tensor.dims[..] else { return false };
    let first = |input: &ValueInfo<'_>| match input.tensor()?.1?.first()? {
        Dimension::Value(size) => usize::try_from(*size).ok(),
        _ => None,
    };
    let mut inputs = links.graph.free_inputs();
    rows > 1 && inputs.all(|input| first(input) == Some(rows))
}

/// Whether one number is a setting of a formula and nothing that is trained.
fn is_setting(links: &Links<'_, '_>, tensor: &Tensor<'_>, used: &Use) -> bool {
    let is_product =
        || matches!(before(links, links.node(used.node), used.input), Before::Product(_));
    match used.part {
        Some(Part::Term) => tensor.dims.is_empty() || !is_product(),
        // JAX's exporter adds a 0 to every unit of a product without a bias.
        Some(Part::Bias) => tensor.dims.is_empty(),
        Some(Part::Factor) => tensor.dims.is_empty() || !tensor.name.contains('.'),
        None => true,
        _ => false,
    }
}

/// Whether a tensor of one value throughout serves the inside of a norm, a state or a sum.
fn is_inner(links: &Links<'_, '_>, signature: &Signature, used: &Use) -> bool {
    let node = links.node(used.node);
    match used.part {
        Some(Part::Gain | Part::Shift) => {
            let name = node.input(used.input).unwrap_or_default();
            let value = if used.part == Some(Part::Gain) { 1.0 } else { 0.0 };
            let is_unsaid = !signature.is_empty() || node.op_type == "InstanceNormalization";
            is_unsaid && uniform(links, name) == Some(value)
        }
        Some(Part::Factor) => true,
        None => !find(node).is_some_and(|i| i.joins || i.moves == Move::Stretches),
        _ => false,
    }
}

/// What a table is that is added to the signal or multiplies it, if nobody trains it.
fn table(links: &Links<'_, '_>, tensor: &Tensor<'_>, used: &Use) -> Option<&'static str> {
    const MASKED: f64 = -1e4;
    const LARGEST: usize = 1 << 22;
    let long = used.view.as_ref().map_or(tensor.dims.len(), |view| view::long(view));
    let is_table = match used.part {
        Some(Part::Factor) if long > 1 && links.node(used.node).op_type == "Mul" => {
            return Some("a table that multiplies the signal");
        }
        Some(Part::Term) => long > 1,
        None => true,
        _ => false,
    };
    if !is_table || tensor.len() > LARGEST {
        return None;
    }
    let elements = links.file.elements(tensor).ok()?.to_f64()?;
    if elements.iter().any(|x| *x <= MASKED) {
        return Some("a mask");
    }
    is_waves(&elements, tensor.dims.last().copied()?).then_some("a table of sines and cosines")
}

/// Whether rows are sines and cosines, side by side or in halves.
fn is_waves(elements: &[f64], width: usize) -> bool {
    let is_one = |a: f64, b: f64| (a.mul_add(a, b * b) - 1.0).abs() < 1e-3;
    let half = width / 2;
    let mut rows = elements.chunks_exact(width.max(1));
    width > 1
        && width.is_multiple_of(2)
        && rows.all(|row| {
            row.chunks_exact(2).all(|pair| is_one(pair[0], pair[1]))
                || (0..half).all(|i| is_one(row[i], row[i + half]))
        })
}
