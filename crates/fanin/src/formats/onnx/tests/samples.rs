//! The models that tests read.

use super::*;

pub const SKLEARN: &[u8] = include_bytes!("../../../../tests/data/onnx/sklearn_mlp_reg.onnx");
pub const KERAS: &[u8] = include_bytes!("../../../../tests/data/onnx/keras_cnn.onnx");
pub const GAT: &[u8] = include_bytes!("../../../../tests/data/onnx/gat_scatter.legacy.onnx");
pub const AUTOENCODER: &[u8] = include_bytes!("../../../../tests/data/onnx/autoencoder_conv.onnx");

pub const MODELS: [(&str, &[u8]); 4] = [
    ("sklearn_mlp_reg", SKLEARN),
    ("keras_cnn", KERAS),
    ("gat_scatter.legacy", GAT),
    ("autoencoder_conv", AUTOENCODER),
];

pub fn model_file(bytes: &[u8]) -> OnnxFile {
    OnnxFile { path: "model.onnx".into(), bytes: bytes.to_vec() }
}

/// x·w, plus a branch inside an `If` that uses w from around it.
pub fn small() -> Vec<u8> {
    let weights = Elements::F32(vec![1.0, 2.0, 3.0]).to_bytes(ElementType::F32).unwrap();
    let condition = [1];
    let branch = || Graph {
        nodes: vec![Node::new("Neg", &["w"], &["n"])],
        outputs: vec![ValueInfo::of("n", ElementType::F32, &[3])],
        ..Graph::default()
    };
    let graph = Graph {
        name: "small",
        nodes: vec![
            Node::new("Mul", &["x", "w"], &["p"]).with("axis", AttributeValue::Int(-1)),
            Node::new("If", &["c"], &["q"])
                .with("then_branch", AttributeValue::Graph(Box::new(branch())))
                .with("else_branch", AttributeValue::Graph(Box::new(branch()))),
            Node::new("Add", &["p", "q"], &["y"])
                .with("scales", AttributeValue::Floats(vec![0.5, 2.0]))
                .with("modes", AttributeValue::Strings(vec![b"a", b"b"])),
        ],
        initializers: vec![
            Tensor::new("w", ElementType::F32, &[3], &weights),
            Tensor::new("c", ElementType::Bool, &[], &condition),
        ],
        inputs: vec![ValueInfo::of("x", ElementType::F32, &[3])],
        outputs: vec![ValueInfo::of("y", ElementType::F32, &[3])],
        ..Graph::default()
    };
    Model::new(graph, 20).to_bytes()
}
