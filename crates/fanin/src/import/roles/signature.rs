//! What PyTorch's exporter says of parameters, buffers and modules.

use std::collections::HashMap;

use crate::formats::onnx::{Model, Node};

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
