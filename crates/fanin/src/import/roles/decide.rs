//! The role of an initializer, by its uses.

use super::Found;
use super::links::Links;
use super::signature::Signature;
use super::surroundings::{Before, activation, before};
use super::trace::Use;
use crate::formats::onnx::{Node, Tensor};
use crate::import::Part;
use crate::init::fans::{self, Axes};
use crate::init::{Parameter, Place, Role};

/// The initializer with its role; none if it is no parameter.
pub(super) fn found(
    links: &Links<'_, '_>,
    signature: &Signature,
    tensor: &Tensor<'_>,
    uses: &[Use],
) -> Option<Found> {
    let said = signature.is_parameter(tensor.name);
    let used = uses.first()?;
    // One number is a setting of a formula unless the exporter or a product before it says more.
    let joins = |used: &Use| matches!(used.part, None | Some(Part::Term | Part::Factor));
    let is_alone = |used: &Use| {
        let node = &links.graph.nodes[used.node];
        joins(used) && before(links, node, used.input) != Before::Product
    };
    let is_setting = tensor.dims.is_empty() || (tensor.len() == 1 && uses.iter().all(is_alone));
    if said == Some(false) || (said.is_none() && is_setting) {
        return None;
    }
    let mut notes = Vec::new();
    let (used, role) = role(links, uses).unwrap_or((used, Role::Bias));
    let node = &links.graph.nodes[used.node];
    let mut parameter = Parameter::new(tensor.name, tensor.dims.clone(), role);
    if role.is_matrix() {
        match axes(used, node, tensor.dims.len()) {
            Some(axes) => parameter.axes = axes,
            None => notes.push("axes: not followed through all views".to_owned()),
        }
        let described = parameter.described();
        if let Ok(fans) = fans::fans(&described, &tensor.dims, &parameter.axes) {
            (parameter.fan_in, parameter.fan_out) = (fans.fan_in, fans.fan_out);
        }
        parameter.activation = activation(links, node);
    }
    if uses.len() > 1 && matches!(role, Role::NormScale | Role::NormShift | Role::Bias) {
        let text = "shared by {} layers; equal ones were merged on export";
        notes.push(text.replace("{}", &uses.len().to_string()));
    }
    if role == Role::Embedding && uses.iter().any(|u| is_weight(u.part)) {
        notes.push("tied: embedding and head in one".to_owned());
    }
    if used.is_composite {
        notes.push("computed with before it meets the signal".to_owned());
    }
    let module = module(node);
    parameter.place = Place { module: module.clone(), ..Place::default() };
    let consumer = format!("{} \"{}\"", node.op_type, node.name);
    Some(Found { parameter, consumer, module, notes })
}

fn is_weight(part: Option<Part>) -> bool {
    use Part::{Gemm, Kernel, Left, Right, TransposedKernel};
    matches!(part, Some(Right | Left | Gemm | Kernel | TransposedKernel))
}

/// The use that tells most, and the role that follows from it.
fn role<'u>(links: &Links<'_, '_>, uses: &'u [Use]) -> Option<(&'u Use, Role)> {
    let told = |used: &'u Use| {
        let node = &links.graph.nodes[used.node];
        let role = match used.part? {
            Part::Table => Role::Embedding,
            Part::Right
            | Part::Left
            | Part::Gemm
            | Part::Kernel
            | Part::TransposedKernel
            | Part::RecurrentInput => Role::Weight,
            Part::RecurrentState => Role::Recurrent,
            Part::Bias | Part::RecurrentBias => Role::Bias,
            Part::Gain => Role::NormScale,
            Part::Shift => Role::NormShift,
            Part::Slope => Role::Slope,
            Part::Term if used.is_table => Role::Embedding,
            Part::Term => match before(links, node, used.input) {
                Before::Norm => Role::NormShift,
                Before::Product | Before::Other => Role::Bias,
            },
            Part::Factor => match before(links, node, used.input) {
                Before::Norm => Role::NormScale,
                Before::Product | Before::Other => Role::ResidualScale,
            },
        };
        Some((used, role))
    };
    let all: Vec<_> = uses.iter().filter_map(told).collect();
    all.iter().find(|(_, role)| *role == Role::Embedding).or(all.first()).copied()
}

/// What the axes of a parameter mean to the node that takes it.
fn axes(used: &Use, node: &Node<'_>, rank: usize) -> Option<Axes> {
    let integer = |name: &str, default| {
        let value = node.attribute(name).and_then(|a| a.int()).unwrap_or(default);
        usize::try_from(value).ok()
    };
    let last = used.order.len().checked_sub(1)?;
    let seen = match used.part? {
        Part::Right => Axes::new(last.checked_sub(1)?, last),
        Part::Left => Axes::new(last, last.checked_sub(1)?),
        Part::Gemm if integer("transB", 0)? == 1 => Axes::linear(),
        Part::Gemm => Axes::new(0, 1),
        Part::Kernel => Axes::convolution(integer("group", 1)?),
        Part::TransposedKernel => Axes::transposed_convolution(integer("group", 1)?),
        Part::RecurrentInput | Part::RecurrentState => Axes { batch: vec![0], ..Axes::new(2, 1) },
        Part::Table => Axes::new(0, last),
        Part::Term if used.is_table => Axes::new(0, 1),
        _ => return None,
    };
    let back = |axes: &[usize]| {
        axes.iter().map(|&axis| used.order.get(axis).copied()).collect::<Option<Vec<_>>>()
    };
    let axes = Axes {
        input: back(&seen.input)?,
        output: back(&seen.output)?,
        batch: back(&seen.batch)?,
        ..seen
    };
    let all = [&axes.input, &axes.output, &axes.batch];
    all.iter().all(|list| list.iter().all(|&axis| axis < rank)).then_some(axes)
}

/// The path of the module that a node was exported from.
fn module(node: &Node<'_>) -> String {
    let namespace = node.metadata("namespace").unwrap_or_default();
    let inside = |part: &&str| part.contains(": torch.") || part.contains(": ");
    let levels: Vec<&str> = namespace.split('/').filter(inside).collect();
    let level = levels.iter().rev().find(|level| !level.contains(": aten."));
    level.and_then(|level| level.split_once(": ")).map_or_else(String::new, |(p, _)| p.to_owned())
}
