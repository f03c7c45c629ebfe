//! Equal initializers of which an exporter keeps one, given back under their own names.
//!
//! PyTorch's exporter through TorchScript keeps the first of all tensors with the same elements, be they
//! biases of zeros, matrices of zeros or experts that start as copies, and lets an `Identity` make each
//! of the others of it, under its name:
//!
//! ```text
//! 0.bias ─► [Identity] ─► 2.bias
//! ```
//!
//! What a module itself uses twice has no such node, but for a matrix that it turned anew for every call
//! (`onnx::MatMul_34`). So each of the other names is a parameter that learns alone.

use std::collections::{HashMap, HashSet};

use crate::formats::onnx::{Graph, Model, Node, Separated, Tensor};

use super::roles::{self, Signature};

/// `model` with an initializer for every such `Identity`, which then makes nothing any more; none where
/// there are none. Nodes keep their numbers.
pub(super) fn restored<'a>(model: &Model<'a>) -> Option<Model<'a>> {
    let kept = kept(model);
    if kept.is_empty() {
        return None;
    }
    let mut model = model.clone();
    for (index, tensor) in kept {
        let node = &mut model.graph.nodes[index];
        (node.inputs, node.outputs) = (Vec::new(), Vec::new());
        model.graph.initializers.push(tensor);
    }
    Some(model)
}

/// The initializers that [`restored`] gives back, as uses of the one that was kept.
pub(super) fn separated(model: &Model<'_>) -> Vec<Separated> {
    let own = |(node, tensor): (usize, Tensor<'_>)| Separated {
        initializer: model.graph.nodes[node].inputs[0].to_owned(),
        node,
        input: 0,
        name: tensor.name.to_owned(),
    };
    kept(model).into_iter().map(own).collect()
}

/// What each `Identity` of this kind, by its number, makes of an initializer.
fn kept<'a>(model: &Model<'a>) -> Vec<(usize, Tensor<'a>)> {
    let graph = &model.graph;
    // The newer exporter says what its parameters are, and lets several nodes use one tensor.
    if model.producer_name != "pytorch" || !Signature::of(model).is_empty() {
        return Vec::new();
    }
    let tensors: HashMap<&str, &Tensor<'a>> =
        graph.initializers.iter().map(|tensor| (tensor.name, tensor)).collect();
    let asked: HashSet<&str> = graph.outputs.iter().map(|output| output.name).collect();
    let own = |(index, node): (usize, &Node<'a>)| {
        let (&[from], &[name]) = (&node.inputs[..], &node.outputs[..]) else { return None };
        let is_own = node.op_type == "Identity" && node.is_standard() && is_tensor_name(name);
        let tensor = *tensors.get(from).filter(|_| is_own && !asked.contains(name))?;
        Some((index, Tensor { name, ..tensor.clone() }))
    };
    let mut kept: Vec<(usize, Tensor<'a>)> =
        graph.nodes.iter().enumerate().filter_map(own).collect();
    if kept.iter().any(|(_, tensor)| is_turned(tensor.name)) {
        let owners = Owners::of(graph, kept.iter().map(|(_, tensor)| tensor));
        kept.retain(|(node, tensor)| {
            let from = graph.nodes[*node].inputs[0];
            !(is_turned(tensor.name) && owners.is_same(from, tensor.name))
        });
    }
    kept
}

/// Modules whose nodes take a value first, by its name.
struct Owners<'a>(HashMap<&'a str, String>);

impl<'a> Owners<'a> {
    /// Of the matrices that were turned in a graph, which has these tensors too.
    fn of<'t>(graph: &'t Graph<'a>, more: impl Iterator<Item = &'t Tensor<'a>>) -> Self
    where
        'a: 't,
    {
        let initializers = graph.initializers.iter().chain(more).cloned().collect();
        let all = Graph { initializers, ..Graph::default() };
        let mut owners = HashMap::new();
        for node in graph.nodes.iter().filter(|node| node.op_type != "Identity") {
            for name in node.inputs.iter().filter(|name| is_turned(name)) {
                owners.entry(*name).or_insert_with(|| roles::owner(node, &all));
            }
        }
        Self(owners)
    }

    fn is_same(&self, one: &str, other: &str) -> bool {
        self.0.get(one).is_some_and(|path| self.0.get(other) == Some(path))
    }
}

/// Whether a matrix was turned on export, and so lost its name.
fn is_turned(name: &str) -> bool {
    name.starts_with("onnx::")
}

/// Whether a value is called as tensors of modules are, not as what is computed: `/2/Add_output_0`, `17`.
fn is_tensor_name(name: &str) -> bool {
    !name.starts_with('/') && name.contains(|c: char| !c.is_ascii_digit())
}

#[cfg(test)]
mod tests;
