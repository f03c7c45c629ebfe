//! What each floating initializer of an ONNX model is, by the operators that take it.
//!
//! ```text
//! initializer ─► views (Transpose, Reshape, …) ─► consumer and input ─► role, axes, fans
//! ```
//!
//! Names decide nothing, except what the exporter itself says of parameters and buffers.

mod links;
mod trace;
mod decide;
mod surroundings;
mod signature;

use std::collections::HashMap;

use crate::formats::onnx::{ElementType, Model};
use crate::init::{self, Position};

use links::Links;
use signature::Signature;

/// A floating initializer with its role in the network.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// What schemes see; its name is the initializer's.
    pub parameter: init::Parameter,
    /// The first node that takes it, behind views: its operator and name.
    pub consumer: String,
    /// The module of that node, as far as the file says.
    pub module: String,
    /// What a user should know of it.
    pub notes: Vec<String>,
}

/// The floating initializers of a model that reach its signal, in the order of the file.
///
/// ```no_run
/// use fanin::formats::onnx::OnnxFile;
/// use fanin::import::roles;
/// let file = OnnxFile::read("model.onnx".as_ref())?;
/// for found in roles::find(&file.model()?) {
///     println!("{} {}", found.parameter.name, found.parameter.role.label());
/// }
/// # Ok::<(), fanin::Error>(())
/// ```
pub fn find(model: &Model<'_>) -> Vec<Found> {
    let links = Links::of(&model.graph);
    let signature = Signature::of(&model.graph);
    let mut found = Vec::new();
    let mut layers = HashMap::new();
    let is_float = |kind| {
        use ElementType::{Bf16, F16, F32, F64};
        matches!(kind, F32 | F64 | F16 | Bf16)
    };
    for tensor in model.graph.initializers.iter().filter(|t| is_float(t.element_type)) {
        let uses = trace::uses(&links, tensor.name, tensor.dims.len());
        let Some(one) = decide::found(&links, &signature, tensor, &uses) else { continue };
        if let Some(used) = uses.first() {
            layers.insert(found.len(), used.node);
        }
        found.push(one);
    }
    place_layers(&links, &mut found, &layers);
    found
}

/// The depth of each parameter's layer: weights on the longest way from the input.
fn place_layers(links: &Links<'_, '_>, found: &mut [Found], layers: &HashMap<usize, usize>) {
    let is_weight = |one: &Found| one.parameter.role == init::Role::Weight;
    let weighty: std::collections::HashSet<usize> = layers
        .iter()
        .filter(|(index, _)| is_weight(&found[**index]))
        .map(|(_, &node)| node)
        .collect();
    let mut depths: HashMap<&str, usize> = HashMap::new();
    let mut of_nodes = vec![0_usize; links.graph.nodes.len()];
    for (index, node) in links.graph.nodes.iter().enumerate() {
        let deepest = node.inputs.iter().filter_map(|input| depths.get(input)).max();
        let before = deepest.copied().unwrap_or(0);
        of_nodes[index] = before + usize::from(weighty.contains(&index));
        depths.extend(node.outputs.iter().map(|&output| (output, of_nodes[index])));
    }
    let count = of_nodes.iter().copied().max().unwrap_or(0);
    for (index, one) in found.iter_mut().enumerate() {
        let Some(&node) = layers.get(&index) else { continue };
        if let Some(depth) = of_nodes[node].checked_sub(1) {
            one.parameter.place.layer = Some(Position { index: depth, count });
        }
        one.parameter.place.is_head = is_weight(one) && of_nodes[node] == count;
    }
}

#[cfg(test)]
mod tests;
