//! What PyTorch's exporter says of parameters and buffers.

use std::collections::HashMap;

use crate::formats::onnx::Graph;

/// Which initializers were parameters and which buffers, by their names in the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Signature(HashMap<String, bool>);

const KEY: &str = "pkg.torch.export.ExportedProgram.graph_signature";

impl Signature {
    /// From lines such as `p_fc_weight: PARAMETER target='fc.weight'`.
    pub fn of(graph: &Graph<'_>) -> Self {
        let text = graph.metadata(KEY).unwrap_or_default();
        let read = |line: &str| {
            let (_, line) = line.split_once(": ")?;
            let is_parameter = line.starts_with("PARAMETER ");
            let is_known = is_parameter || line.starts_with("BUFFER ");
            let (_, target) = line.split_once("target='")?;
            let (target, _) = target.split_once('\'')?;
            is_known.then(|| (target.to_owned(), is_parameter))
        };
        Self(text.lines().filter_map(read).collect())
    }

    /// Whether the tensor of this name is a parameter; none if nothing is said of it.
    pub fn is_parameter(&self, name: &str) -> Option<bool> {
        self.0.get(name).copied()
    }
}
