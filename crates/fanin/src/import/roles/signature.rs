//! What PyTorch's exporter says of parameters, buffers and modules.

use std::collections::HashMap;

use crate::formats::onnx::{Graph, Model, Node};

const KEY: &str = "pkg.torch.export.ExportedProgram.graph_signature";

/// Which names were parameters (true) and which buffers (false) before the export.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::import) struct Signature(pub HashMap<String, bool>);

impl Signature {
    /// From lines such as `p_fc_weight: PARAMETER target='fc.weight'`.
    pub fn of(model: &Model<'_>) -> Self {
        Self(said(model).map(|(name, is_parameter)| (name.to_owned(), is_parameter)).collect())
    }

    /// The parameters in the order in which their modules were made; none if nothing is said.
    pub fn in_order<'m>(model: &'m Model<'_>) -> Vec<&'m str> {
        said(model).filter(|(_, is_parameter)| *is_parameter).map(|(name, _)| name).collect()
    }

    /// Whether the exporter says nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a name was a parameter; none if nothing is said of it.
    pub fn is_parameter(&self, name: &str) -> Option<bool> {
        self.0.get(name).copied()
    }
}

/// Names with whether they are parameters, in the exporter's order.
fn said<'m>(model: &'m Model<'_>) -> impl Iterator<Item = (&'m str, bool)> {
    let text = model.graph.metadata(KEY).or_else(|| model.metadata(KEY)).unwrap_or_default();
    let read = |line: &'m str| {
        let (_, rest) = line.split_once(": ")?;
        let is_parameter = rest.starts_with("PARAMETER");
        let is_buffer = rest.starts_with("BUFFER") || rest.starts_with("CONSTANT_TENSOR");
        let (target, _) = rest.split_once("target='")?.1.split_once('\'')?;
        (is_parameter || is_buffer).then_some((target, is_parameter))
    };
    text.lines().filter_map(read)
}

/// The path of the module that a node was exported from, as far as its metadata say.
pub(in crate::import) fn said_module<'a>(node: &Node<'a>) -> Option<&'a str> {
    // `: Model/layers.0: Layer/layers.0.norm: LayerNorm/layer_norm_1: aten.layer_norm.default`
    let innermost = node.metadata("namespace")?.split('/').rev().nth(1)?;
    let (path, _) = innermost.split_once(": ")?;
    (!path.is_empty()).then_some(path)
}

/// The path of the module that a node was exported from: `layers.0.attn`.
pub(in crate::import) fn module(node: &Node<'_>) -> String {
    if node.metadata("namespace").is_some() {
        return said_module(node).unwrap_or_default().to_owned();
    }
    // `/layers/layers.0/norm/LayerNormalization`
    let mut levels: Vec<&str> = node.name.split('/').skip(1).collect();
    levels.pop();
    let mut path = String::new();
    for level in levels {
        if level.split('.').next() == path.rsplit('.').next() && !path.is_empty() {
            path.truncate(path.rfind('.').map_or(0, |at| at + 1));
            path.push_str(level);
        } else {
            path = if path.is_empty() { level.to_owned() } else { format!("{path}.{level}") };
        }
    }
    path
}

/// The path of the module whose call a node belongs to. TorchScript numbers further calls of one module,
/// `core_1` of `core`, as modules may be called: then `graph` has tensors of this name.
pub(in crate::import) fn owner(node: &Node<'_>, graph: &Graph<'_>) -> String {
    let path = module(node);
    if said_module(node).is_some() {
        return path;
    }
    let is_module = |path: &str| {
        let mut names = graph.initializers.iter().map(|tensor| tensor.name);
        names.any(|name| name.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
    };
    let mut owner = String::new();
    for part in path.split('.') {
        let start = owner.len();
        owner.push_str(if start > 0 { "." } else { "" });
        owner.push_str(part);
        if let Some((first, number)) = part.rsplit_once('_')
            && !number.is_empty()
            && number.bytes().all(|digit| digit.is_ascii_digit())
            && !is_module(&owner)
        {
            owner.truncate(owner.len() - part.len() + first.len());
        }
    }
    owner
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::onnx::Tensor;

    #[test]
    fn a_further_call_is_of_the_module_that_has_tensors() {
        let named = |name| Tensor { name, ..Tensor::default() };
        let graph = Graph {
            initializers: ["core.bias", "fc.bias", "fc_1.bias", "a.b_2.0.bias"].map(named).to_vec(),
            ..Graph::default()
        };
        let cases = [
            ("/core/Gemm", "core"),
            ("/core_12/Gemm", "core"),
            ("/fc_1/Gemm", "fc_1"),
            ("/a_1/b_2/b_2.0/MatMul", "a.b_2.0"),
            ("/Add_1", ""),
        ];
        for (name, path) in cases {
            let node = Node { name, ..Node::default() };
            assert_eq!(owner(&node, &graph), path, "{name}");
        }
    }
}
