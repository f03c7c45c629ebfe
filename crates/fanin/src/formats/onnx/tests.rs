//! Files of real exporters, and every way of storing that the format has.

pub(super) mod samples;
mod storage;
mod hostile;
mod beside_the_model;
mod orders;
mod oracle;

use super::*;
use samples::{MODELS, model_file};

#[test]
fn models_of_every_exporter_are_read() {
    let counted: Vec<_> = MODELS
        .iter()
        .map(|(name, bytes)| {
            let file = model_file(bytes);
            let model = file.model().unwrap();
            let graph = &model.graph;
            let elements = |tensor| file.elements(tensor).unwrap().len();
            let elements: usize = graph.initializers.iter().map(elements).sum();
            (*name, model.opset("").unwrap(), graph.nodes.len(), graph.initializers.len(), elements)
        })
        .collect();
    // Counted by the onnx package of Python: `onnx.load`, `onnx.numpy_helper.to_array`.
    assert_eq!(
        counted,
        [
            ("sklearn_mlp_reg", 21, 10, 7, 291),
            ("keras_cnn", 17, 12, 10, 578),
            ("gat_scatter.legacy", 20, 46, 4, 211),
            ("autoencoder_conv", 20, 8, 8, 2481),
        ]
    );
}

#[test]
fn metadata_of_model_graph_node_and_value_is_kept() {
    let file = model_file(samples::AUTOENCODER);
    let model = file.model().unwrap();
    let signature = model.graph.metadata("pkg.torch.export.ExportedProgram.graph_signature");
    assert!(
        signature.unwrap().contains("p_0_weight: PARAMETER target='0.weight'"),
        "{signature:?}"
    );
    let conv = &model.graph.nodes[0];
    assert_eq!(conv.op_type, "Conv");
    let namespace = conv.metadata("namespace").unwrap();
    assert!(namespace.contains("torch.nn.modules.conv.Conv2d"), "{namespace}");
    assert!(model.graph.value_infos.iter().any(|value| value.metadata.iter().count() > 0));
    assert_eq!(model.producer_name, "pytorch");
}

#[test]
fn attributes_are_asked_for_by_name_and_kind() {
    let file = model_file(samples::AUTOENCODER);
    let model = file.model().unwrap();
    let conv = &model.graph.nodes[0];
    assert_eq!(conv.attribute("strides").unwrap().ints(), Some(&[2, 2][..]));
    assert_eq!(conv.attribute("group").unwrap().int(), Some(1));
    assert_eq!(conv.attribute("group").unwrap().ints(), None);
    assert_eq!(conv.attribute("group").unwrap().kind(), "an int");
    assert_eq!(conv.attribute("auto_pad").and_then(Attribute::string), Some("NOTSET"));
    assert!(conv.attribute("no such").is_none());
}

#[test]
fn graphs_inside_nodes_are_read() {
    let file = model_file(samples::GAT);
    let model = file.model().unwrap();
    let branches: Vec<&Graph<'_>> = model
        .graph
        .nodes
        .iter()
        .filter(|node| node.op_type == "If")
        .flat_map(|node| &node.attributes)
        .flat_map(Attribute::graphs)
        .collect();
    let sizes: Vec<_> = branches.iter().map(|g| (g.nodes.len(), g.outputs.len())).collect();
    assert_eq!(sizes, [(4, 3), (3, 3), (1, 1), (1, 1)]);
}

#[test]
fn a_model_written_here_reads_as_it_was() {
    for (name, bytes) in MODELS {
        let file = model_file(bytes);
        let written = file.model().unwrap().to_bytes();
        let again = OnnxFile { path: "again.onnx".into(), bytes: written.clone() };
        let model = again.model().unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(model.to_bytes(), written, "{name}");
        let original = file.model().unwrap();
        assert_eq!(model.graph.nodes.len(), original.graph.nodes.len());
        for (ours, theirs) in model.graph.initializers.iter().zip(&original.graph.initializers) {
            assert_eq!(again.elements(ours).unwrap(), file.elements(theirs).unwrap(), "{name}");
        }
    }
}
