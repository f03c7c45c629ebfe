//! Layers that start equal, as PyTorch's exporter through TorchScript writes them.

use super::*;
use crate::formats::Existing;
use crate::formats::onnx::{AttributeValue, ElementType, OnnxFile, ValueInfo};
use crate::import::{FileNetwork, Options, describe, write_back};
use crate::init::Role;
use crate::spec::Architecture;
use crate::weights::Weights;

/// As they lie in a file.
fn bytes(numbers: impl Iterator<Item = f32>) -> Vec<u8> {
    numbers.flat_map(f32::to_le_bytes).collect()
}

/// Three layers of two units: the second is a copy of the first, and no bias is another than 0.
fn file(producer: &'static str) -> OnnxFile {
    let (weights, zeros) = (bytes([1.0, -2.0, 3.0, 0.5].into_iter()), bytes([0.0; 2].into_iter()));
    let other = bytes([0.25, 1.5, -1.0, 2.0].into_iter());
    let tensor = |name, dims: &[usize], data| Tensor::new(name, ElementType::F32, dims, data);
    let turned = |inputs: &[&'static str; 3], out| {
        Node::new("Gemm", inputs, &[out]).with("transB", AttributeValue::Int(1))
    };
    let named = |name, node| Node { name, ..node };
    let graph = Graph {
        nodes: vec![
            Node::new("Identity", &["0.weight"], &["2.weight"]),
            Node::new("Identity", &["0.bias"], &["2.bias"]),
            Node::new("Identity", &["0.bias"], &["4.bias"]),
            named("/0/Gemm", turned(&["x", "0.weight", "0.bias"], "/0/Gemm_output_0")),
            Node::new("Relu", &["/0/Gemm_output_0"], &["/1/Relu_output_0"]),
            named(
                "/2/Gemm",
                turned(&["/1/Relu_output_0", "2.weight", "2.bias"], "/2/Gemm_output_0"),
            ),
            Node::new("Relu", &["/2/Gemm_output_0"], &["/3/Relu_output_0"]),
            named("/4/Gemm", turned(&["/3/Relu_output_0", "4.weight", "4.bias"], "y")),
        ],
        initializers: vec![
            tensor("0.weight", &[2, 2], &weights),
            tensor("0.bias", &[2], &zeros),
            tensor("4.weight", &[2, 2], &other),
        ],
        inputs: vec![ValueInfo::of("x", ElementType::F32, &[3, 2])],
        outputs: vec![ValueInfo::of("y", ElementType::F32, &[3, 2])],
        ..Default::default()
    };
    let model = Model { producer_name: producer, ..Model::new(graph, 20) };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    std::fs::write(&path, model.to_bytes()).unwrap();
    OnnxFile::read(&path).unwrap()
}

fn network(producer: &'static str) -> FileNetwork {
    FileNetwork::of(file(producer), &Options::default()).unwrap()
}

fn names(network: &FileNetwork) -> Vec<String> {
    network.parameters().unwrap().into_iter().map(|own| own.name).collect()
}

const ALL: [&str; 6] = ["0.weight", "0.bias", "2.weight", "2.bias", "4.weight", "4.bias"];

#[test]
fn equal_layers_and_biases_are_parameters_of_their_own() {
    let network = network("pytorch");
    assert_eq!(names(&network), ALL);
    let roles = network.parameters().unwrap().into_iter().map(|own| own.role);
    let (weight, bias) = (Role::Weight, Role::Bias);
    assert_eq!(roles.collect::<Vec<_>>(), [weight, bias, weight, bias, weight, bias]);
    let file = file("pytorch");
    let told = describe(&file, &file.model().unwrap(), &Options::default()).unwrap();
    assert_eq!(told.size, 18);
}

#[test]
fn identities_of_other_exporters_stay() {
    assert_eq!(names(&network("other")), ["0.weight", "0.bias", "4.weight"]);
}

#[test]
fn what_is_computed_or_asked_for_is_no_parameter() {
    let file = file("pytorch");
    let mut model = file.model().unwrap();
    model.graph.nodes[0].outputs[0] = "/a/Identity_output_0";
    model.graph.nodes[1].outputs[0] = "17";
    model.graph.outputs[0].name = "4.bias";
    assert_eq!(restored(&model), None);
}

/// Which matrix that an exporter turned is made of another, by the nodes that take both; the file has a
/// bias of this name too.
#[track_caller]
fn check_turned(nodes: [&'static str; 2], bias: &'static str, is_own: bool) {
    let data = bytes([0.0; 4].into_iter());
    let tensor = |name, dims: &[usize]| Tensor::new(name, ElementType::F32, dims, &data);
    let product = |name, inputs, out| Node { name, ..Node::new("MatMul", inputs, &[out]) };
    let graph = Graph {
        nodes: vec![
            Node::new("Identity", &["onnx::MatMul_33"], &["onnx::MatMul_34"]),
            product(nodes[0], &["x", "onnx::MatMul_33"], "h"),
            product(nodes[1], &["h", "onnx::MatMul_34"], "y"),
        ],
        initializers: vec![tensor("onnx::MatMul_33", &[2, 2]), tensor(bias, &[4])],
        inputs: vec![ValueInfo::of("x", ElementType::F32, &[3, 2])],
        outputs: vec![ValueInfo::of("y", ElementType::F32, &[3, 2])],
        ..Default::default()
    };
    let model = Model { producer_name: "pytorch", ..Model::new(graph, 20) };
    assert_eq!(restored(&model).is_some(), is_own, "{nodes:?}, {bias}");
}

#[test]
fn a_matrix_that_was_turned_for_a_second_call_stays_one() {
    check_turned(["/q/MatMul", "/k/MatMul"], "core.bias", true);
    check_turned(["/core/MatMul", "/core_1/MatMul"], "core.bias", false);
    check_turned(["/core_2/MatMul", "/core_1/MatMul"], "core.bias", false);
    check_turned(["/core/MatMul", "/core_1/MatMul"], "core_1.bias", true);
    check_turned(["/MatMul", "/MatMul_1"], "core.bias", false);
}

/// The weights with one element of the tensors of these names moved.
fn moved(network: &FileNetwork, changed: &[&str]) -> Weights {
    let mut weights = network.own_weights().clone();
    for (at, name) in changed.iter().enumerate() {
        let (_, tensor) = weights.tensors.iter_mut().find(|(own, _)| own == name).unwrap();
        let mut values = tensor.data().to_vec();
        values[0] += 1.0 + at as f32;
        *tensor = fanin_engine::Tensor::new(tensor.shape().clone(), values).unwrap();
    }
    weights
}

#[test]
fn each_of_them_is_written_back_under_its_name() {
    let target = tempfile::tempdir().unwrap();
    let cases: [(&[&str], usize); 5] = [
        (&[], 3),
        (&["4.weight"], 3),
        (&["2.bias"], 2),
        (&["0.bias"], 1),
        (&["0.weight", "2.weight", "0.bias", "2.bias", "4.bias"], 0),
    ];
    for (case, (changed, identities)) in cases.into_iter().enumerate() {
        let network = network("pytorch");
        let path = target.path().join(format!("{case}.onnx"));
        let weights = moved(&network, changed);
        write_back(&network, &weights, &path, Existing::Keep).unwrap();
        let again = FileNetwork::read(&path, &Options::default()).unwrap();
        assert_eq!(again.own_weights(), &weights, "{changed:?}");
        let model = again.file().model().unwrap();
        let left = model.graph.nodes.iter().filter(|node| node.op_type == "Identity").count();
        assert_eq!(left, identities, "{changed:?}");
    }
}

#[test]
fn without_changes_the_bytes_are_the_same() {
    let target = tempfile::tempdir().unwrap();
    let (network, path) = (network("pytorch"), target.path().join("same.onnx"));
    write_back(&network, network.own_weights(), &path, Existing::Keep).unwrap();
    assert_eq!(network.file().model().unwrap(), OnnxFile::read(&path).unwrap().model().unwrap());
}
