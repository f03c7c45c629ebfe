//! What exporters do to a model that a user should know of.

use super::before::{is_matrix, weights_of};
use super::links::Links;
use super::signature::Signature;
use super::{Found, Roles};
use crate::formats::onnx::{Elements, Model};
use crate::import::find;
use crate::init::Role;

/// Notes on the file as a whole.
pub(super) fn notes(
    links: &Links<'_, '_>,
    model: &Model<'_>,
    signature: &Signature,
    roles: &Roles,
) -> Vec<String> {
    let nodes = &model.graph.nodes;
    let mut notes = Vec::new();
    let quantized = nodes.iter().filter(|node| is_quantized(node.op_type)).count();
    if quantized > 0 {
        notes.push(format!(
            "quantized weights in {quantized} nodes: export the model before it is quantized"
        ));
    }
    let fused = |node: &&crate::formats::onnx::Node<'_>| {
        let rule = node.metadata("pkg.onnxscript.rewriter.rule_name").unwrap_or_default();
        let bias = node.input(2).unwrap_or_default();
        let is_kernel = find(node).is_some_and(|i| i.parameters.iter().any(|(_, p)| is_matrix(*p)));
        let renamed = bias.ends_with(".weight_bias") || bias.starts_with("onnx::Conv_");
        is_kernel && (rule.contains("BatchNorm") || renamed)
    };
    let folded = nodes.iter().filter(fused).count();
    if folded > 0 {
        notes.push(format!(
            "batch normalization folded into {folded} layers, whose weights are not the model's \
             own: see `fanin help export`"
        ));
    }
    let kept = |name: &&String| {
        roles
            .parameters
            .iter()
            .any(|f| f.initializer == **name || f.framework.as_ref() == Some(name))
    };
    let all = signature.0.iter().filter(|(_, is_parameter)| **is_parameter).map(|(name, _)| name);
    let lost = all.filter(|name| !kept(name)).count();
    if lost > 0 {
        let are = if lost == 1 {
            "is not in the file under its name"
        } else {
            "are not in the file under their names"
        };
        notes.push(format!(
            "{lost} of the module's parameters {are}: merged, tied or folded on export"
        ));
    }
    for node in nodes {
        let name = weights_of(links, node).and_then(|input| node.input(input));
        let made = name.and_then(|name| links.maker(name)).map(|index| links.node(index));
        if let Some(made) = made.filter(|made| {
            made.inputs
                .iter()
                .all(|input| links.initializer(input).is_none_or(|t| !t.element_type.is_float()))
                && matches!(
                    made.op_type,
                    "ConstantOfShape" | "Constant" | "RandomNormal" | "RandomUniform"
                )
        }) {
            notes.push(format!(
                "the weights of node \"{}\" are made by {}, not kept in the file",
                node.name, made.op_type
            ));
        }
    }
    notes
}

fn is_quantized(operator: &str) -> bool {
    operator.starts_with("QLinear")
        || ["MatMulInteger", "ConvInteger", "DequantizeLinear", "DynamicQuantizeLinear"]
            .contains(&operator)
}

/// The most elements that are compared with others.
const LARGEST: usize = 1 << 26;

pub(super) fn values(links: &Links<'_, '_>, name: &str) -> Option<Vec<f32>> {
    let tensor = links.initializer(name).filter(|tensor| tensor.len() <= LARGEST)?;
    links.file.elements(tensor).ok().as_ref().and_then(Elements::to_f32)
}

/// Ties matrices again that the exporter split from a table by transposing them, and says which
/// rows of a table are zeros.
pub(super) fn tie(links: &Links<'_, '_>, found: &mut [Found]) {
    let shape = |one: &Found| one.parameter.shape.axes().to_vec();
    for table in 0..found.len() {
        let size = shape(&found[table]);
        let [rows, width] = size[..] else { continue };
        if found[table].parameter.role != Role::Embedding {
            continue;
        }
        let Some(own) = values(links, &found[table].initializer) else { continue };
        let is_zeros = |row: &&[f32]| row.iter().all(|x| *x == 0.0);
        let zeros = own.chunks_exact(width.max(1)).filter(is_zeros).count();
        if zeros > 0 && zeros < rows {
            found[table].notes.push(format!("{zeros} rows of zeros: padding"));
        }
        let name = found[table].initializer.clone();
        let framework = found[table].framework.clone();
        let is_uniform = own.iter().all(|x| *x == own[0]);
        for head in found.iter_mut() {
            let is_turned = shape(head) == [width, rows];
            if head.parameter.role != Role::Weight || !is_turned || is_uniform {
                continue;
            }
            let Some(other) = values(links, &head.initializer) else { continue };
            let is_equal = (0..own.len()).all(|i| own[i] == other[(i % width) * rows + i / width]);
            if is_equal {
                head.notes.push(format!("tied: `{name}` transposed"));
                head.tied = Some(name.clone());
                if framework.is_some() {
                    head.framework.clone_from(&framework);
                    head.parameter.framework.clone_from(&framework);
                }
            }
        }
    }
}
