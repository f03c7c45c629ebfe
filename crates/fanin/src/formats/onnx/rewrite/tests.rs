//! Copies differ in what was asked for, and in nothing else.

use std::fs;
use std::path::PathBuf;

use super::super::tests::samples::{MODELS, model_file};
use super::*;
use crate::formats::onnx::{AttributeValue, Graph, Model, Node, ValueInfo};

fn all_elements(file: &OnnxFile) -> BTreeMap<String, Elements> {
    let model = file.model().unwrap();
    let tensors = model.graph.initializers.iter();
    tensors.map(|t| (t.name.to_owned(), file.elements(t).unwrap())).collect()
}

fn rewritten(file: &OnnxFile, changes: &Changes) -> Result<OnnxFile> {
    Ok(OnnxFile { path: "new.onnx".into(), bytes: file.rewritten(changes)? })
}

/// Bytes at which two files of one length differ.
fn differing(a: &[u8], b: &[u8]) -> Vec<usize> {
    assert_eq!(a.len(), b.len());
    (0..a.len()).filter(|at| a[*at] != b[*at]).collect()
}

#[test]
fn unchanged_elements_give_the_same_bytes() {
    for (name, bytes) in MODELS {
        let file = model_file(bytes);
        let changes = Changes { elements: all_elements(&file), ..Changes::default() };
        assert_eq!(rewritten(&file, &changes).unwrap().bytes, *bytes, "{name}");
        assert_eq!(rewritten(&file, &Changes::default()).unwrap().bytes, *bytes, "{name}");
    }
}

#[test]
fn changed_elements_change_their_own_bytes_alone() {
    for (name, bytes) in MODELS {
        let file = model_file(bytes);
        let mut changes = Changes::default();
        for (key, elements) in all_elements(&file) {
            if let Elements::F32(values) = elements {
                let values = values.iter().map(|x| x + 1.0).collect();
                changes.elements.insert(key, Elements::F32(values));
            }
        }
        let copy = rewritten(&file, &changes).unwrap();
        let new = all_elements(&copy);
        for (key, elements) in &changes.elements {
            assert_eq!(&new[key], elements, "{name}");
        }
        let model = file.model().unwrap();
        let inside = |at: &usize| {
            model.graph.initializers.iter().any(|tensor| match tensor.data {
                Data::Raw(raw) => (raw.start..raw.end()).contains(at),
                _ => false,
            })
        };
        if model.graph.initializers.iter().all(|t| matches!(t.data, Data::Raw(_))) {
            let changed = differing(&file.bytes, &copy.bytes);
            assert!(!changed.is_empty() && changed.iter().all(inside), "{name}");
        }
    }
}

#[test]
fn typed_elements_change_their_length_and_that_of_everything_around_them() {
    let mut tensor = Message::default();
    tensor.int(1, 3);
    tensor.int(2, 10);
    [0x3C00, 0x3C00, 0x3C00].iter().for_each(|bits| tensor.int(5, *bits));
    tensor.text(8, "half");
    let mut graph = Message::default();
    graph.text(2, "a name before");
    graph.bytes(5, &tensor.0);
    graph.text(10, "a text behind");
    let mut model = Message::default();
    model.bytes(7, &graph.0);
    model.bytes(8, &[0x10, 20]);
    let file = model_file(&model.0);
    let elements = Elements::F32(vec![0.0, 1.0, 0.0]);
    let changes =
        Changes { elements: [("half".to_owned(), elements.clone())].into(), ..Changes::default() };
    let copy = rewritten(&file, &changes).unwrap();
    assert!(copy.bytes.len() < file.bytes.len());
    assert_eq!(all_elements(&copy)["half"], elements);
    let model = copy.model().unwrap();
    assert_eq!(
        (model.graph.name, model.graph.doc_string),
        ("a name before", &b"a text behind"[..])
    );
    let same = Changes { elements: all_elements(&file), ..Changes::default() };
    assert_eq!(rewritten(&file, &same).unwrap().bytes, file.bytes);
}

#[test]
fn signaling_nan_and_odd_booleans_survive_where_nothing_changes() {
    let signaling = [0x01, 0x7C, 0x00, 0x80];
    let odd = [2, 1];
    let graph = Graph {
        initializers: vec![
            Tensor::new("half", ElementType::F16, &[2], &signaling),
            Tensor::new("odd", ElementType::Bool, &[2], &odd),
        ],
        ..Graph::default()
    };
    let file = model_file(&Model::new(graph, 20).to_bytes());
    let changes = Changes { elements: all_elements(&file), ..Changes::default() };
    assert_eq!(rewritten(&file, &changes).unwrap().bytes, file.bytes);
}

/// Two norms that share one gain, which is an input as well, and a constant from a node.
fn shared() -> Vec<u8> {
    let gain = Elements::F32(vec![1.0, 1.0]).to_bytes(ElementType::F32).unwrap();
    let two = Elements::F32(vec![2.0]).to_bytes(ElementType::F32).unwrap();
    let value = Tensor::new("", ElementType::F32, &[], &two);
    let graph = Graph {
        nodes: vec![
            Node::new("Constant", &[], &["two"])
                .with("value", AttributeValue::Tensor(Box::new(value))),
            Node::new("Mul", &["x", "gain"], &["a"]),
            Node::new("Mul", &["a", "gain"], &["b"]),
            Node::new("Mul", &["b", "two"], &["y"]),
        ],
        initializers: vec![Tensor::new("gain", ElementType::F32, &[2], &gain)],
        inputs: ["x", "gain"].map(|n| ValueInfo::of(n, ElementType::F32, &[2])).to_vec(),
        outputs: vec![ValueInfo::of("y", ElementType::F32, &[2])],
        ..Graph::default()
    };
    Model::new(graph, 20).to_bytes()
}

fn separated(node: usize, input: usize, name: &str) -> Separated {
    Separated { initializer: "gain".to_owned(), node, input, name: name.to_owned() }
}

#[test]
fn a_shared_initializer_is_separated_and_nothing_else_changes() {
    let file = model_file(&shared());
    let changes = Changes {
        elements: [("gain.2".to_owned(), Elements::F32(vec![3.0, 4.0]))].into(),
        separated: vec![separated(2, 1, "gain.2"), separated(1, 1, "gain.1")],
    };
    let copy = rewritten(&file, &changes).unwrap();
    let model = copy.model().unwrap();
    assert!(copy.order(&model).is_ok());
    assert_eq!(model.graph.nodes[1].inputs, ["x", "gain.1"]);
    assert_eq!(model.graph.nodes[2].inputs, ["a", "gain.2"]);
    let elements = all_elements(&copy);
    assert_eq!(elements["gain"], Elements::F32(vec![1.0, 1.0]));
    assert_eq!(elements["gain.1"], Elements::F32(vec![1.0, 1.0]));
    assert_eq!(elements["gain.2"], Elements::F32(vec![3.0, 4.0]));
    let inputs: Vec<&str> = model.graph.inputs.iter().map(|input| input.name).collect();
    assert_eq!(inputs, ["x", "gain", "gain.2", "gain.1"]);
    // Taken back by hand, the copy is the original.
    let mut back = model.clone();
    back.graph.nodes[1].inputs[1] = "gain";
    back.graph.nodes[2].inputs[1] = "gain";
    back.graph.initializers.truncate(1);
    back.graph.inputs.truncate(2);
    assert_eq!(back.to_bytes(), file.bytes);
}

#[test]
fn an_identity_gives_way_to_the_initializer_that_it_made() {
    let gain: Vec<u8> = [1.0_f32; 2].iter().flat_map(|x| x.to_le_bytes()).collect();
    let graph = Graph {
        nodes: vec![
            Node::new("Identity", &["gain"], &["other"]),
            Node::new("Mul", &["x", "gain"], &["a"]),
            Node::new("Mul", &["a", "other"], &["b"]),
            Node::new("Mul", &["b", "other"], &["y"]),
        ],
        initializers: vec![Tensor::new("gain", ElementType::F32, &[2], &gain)],
        inputs: vec![ValueInfo::of("x", ElementType::F32, &[2])],
        outputs: vec![ValueInfo::of("y", ElementType::F32, &[2])],
        ..Graph::default()
    };
    let file = model_file(&Model::new(graph, 20).to_bytes());
    // One use of what was made gets an initializer of its own besides.
    let third = Separated { initializer: "other".to_owned(), ..separated(3, 1, "third") };
    let changes = Changes {
        elements: [("gain".to_owned(), Elements::F32(vec![3.0, 4.0]))].into(),
        separated: vec![third, separated(0, 0, "other")],
    };
    let copy = rewritten(&file, &changes).unwrap();
    let model = copy.model().unwrap();
    assert!(copy.order(&model).is_ok());
    let inputs: Vec<&[&str]> = model.graph.nodes.iter().map(|node| &*node.inputs).collect();
    assert_eq!(inputs, [["x", "gain"], ["a", "other"], ["b", "third"]]);
    let elements = all_elements(&copy);
    assert_eq!(elements["gain"], Elements::F32(vec![3.0, 4.0]));
    for name in ["other", "third"] {
        assert_eq!(elements[name], Elements::F32(vec![1.0, 1.0]), "{name}");
    }
}

#[test]
fn constants_of_nodes_change_by_the_name_of_their_output() {
    let file = model_file(&shared());
    let elements = [("two".to_owned(), Elements::F64(vec![5.0]))].into();
    let copy = rewritten(&file, &Changes { elements, ..Changes::default() }).unwrap();
    let model = copy.model().unwrap();
    let tensor = model.graph.nodes[0].attribute("value").unwrap().tensor().unwrap();
    assert_eq!(copy.elements(tensor).unwrap(), Elements::F32(vec![5.0]));
    // 2 is 0x4000_0000, 5 is 0x40A0_0000.
    assert_eq!(differing(&file.bytes, &copy.bytes).len(), 1);
}

#[track_caller]
fn check(changes: &Changes, expected: &str) {
    let error = rewritten(&model_file(&shared()), changes).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn mistakes_are_told_before_anything_is_written() {
    let elements = |name: &str, values: Elements| Changes {
        elements: [(name.to_owned(), values)].into(),
        ..Changes::default()
    };
    let apart = |separated| Changes { separated: vec![separated], ..Changes::default() };
    check(
        &elements("gian", Elements::F32(vec![])),
        "unknown initializer `gian`; did you mean `gain`",
    );
    check(&elements("gain", Elements::F32(vec![1.0])), "found 1 elements, expected 2 for float[2]");
    check(&elements("gain", Elements::I64(vec![1, 2])), "found elements that float does not hold");
    check(&elements("gain", Elements::F64(vec![1e300, 0.0])), "which float does not hold");
    check(&apart(separated(9, 0, "new")), "found node 9, expected an index below 4");
    check(&apart(separated(1, 0, "new")), "expected an input that uses the initializer");
    check(&apart(separated(1, 1, "y")), "found \"y\", which the graph has");
}

/// A model in a folder with two weights in a file beside it.
fn with_external() -> (tempfile::TempDir, PathBuf, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.onnx");
    let weight = |name, offset| Tensor {
        name,
        dims: vec![2],
        element_type: ElementType::F32,
        data: Data::External(super::super::External {
            location: "old.onnx.data",
            offset,
            length: 8,
        }),
        ..Tensor::default()
    };
    let graph = Graph {
        nodes: vec![Node::new("Mul", &["a", "b"], &["y"]), Node::new("Neg", &["b"], &["z"])],
        initializers: vec![weight("a", 4), weight("b", 16)],
        ..Graph::default()
    };
    fs::write(&path, Model::new(graph, 20).to_bytes()).unwrap();
    let data: Vec<u8> = (0..7).flat_map(|x| (x as f32).to_le_bytes()).collect();
    fs::write(folder.path().join("old.onnx.data"), &data).unwrap();
    (folder, path, data)
}

fn new_b() -> Changes {
    let elements = [("b".to_owned(), Elements::F32(vec![8.0, 9.0]))].into();
    Changes { elements, ..Changes::default() }
}

#[test]
fn files_beside_the_model_keep_their_names_in_another_folder() {
    let (_folder, path, data) = with_external();
    let other = tempfile::tempdir().unwrap();
    let target = other.path().join("new.onnx");
    let file = OnnxFile::read(&path).unwrap();
    file.rewrite(&Changes::default(), &target, Existing::Keep).unwrap();
    assert_eq!(fs::read(&target).unwrap(), file.bytes);
    assert_eq!(fs::read(other.path().join("old.onnx.data")).unwrap(), data);
    assert!(file.rewrite(&new_b(), &target, Existing::Keep).is_err());
    file.rewrite(&new_b(), &target, Existing::Replace).unwrap();
    assert_eq!(fs::read(&target).unwrap(), file.bytes);
    let changed = fs::read(other.path().join("old.onnx.data")).unwrap();
    let expected: Vec<u8> =
        [0.0, 1.0, 2.0, 3.0, 8.0, 9.0, 6.0_f32].iter().flat_map(|x| x.to_le_bytes()).collect();
    assert_eq!(changed, expected);
}

#[test]
fn a_copy_in_the_same_folder_leaves_the_original_as_it_is() {
    let (folder, path, data) = with_external();
    let target = folder.path().join("a_longer_name.onnx");
    let file = OnnxFile::read(&path).unwrap();
    file.rewrite(&new_b(), &target, Existing::Keep).unwrap();
    assert_eq!(fs::read(&path).unwrap(), file.bytes);
    assert_eq!(fs::read(folder.path().join("old.onnx.data")).unwrap(), data);
    let copy = OnnxFile::read(&target).unwrap();
    let elements = all_elements(&copy);
    assert_eq!(elements["a"], Elements::F32(vec![1.0, 2.0]));
    assert_eq!(elements["b"], Elements::F32(vec![8.0, 9.0]));
    assert!(folder.path().join("a_longer_name.onnx.data").exists());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4);
}

#[test]
fn a_model_can_replace_itself_with_its_files() {
    let (folder, path, _) = with_external();
    let file = OnnxFile::read(&path).unwrap();
    assert!(file.rewrite(&new_b(), &path, Existing::Keep).is_err());
    file.rewrite(&new_b(), &path, Existing::Replace).unwrap();
    let copy = OnnxFile::read(&path).unwrap();
    assert_eq!(all_elements(&copy)["b"], Elements::F32(vec![8.0, 9.0]));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn a_separated_initializer_leaves_the_file_beside_the_model() {
    let (_folder, path, data) = with_external();
    let other = tempfile::tempdir().unwrap();
    let target = other.path().join("new.onnx");
    let apart = Separated { initializer: "b".into(), node: 1, input: 0, name: "b.1".into() };
    let changes = Changes { separated: vec![apart], ..Changes::default() };
    OnnxFile::read(&path).unwrap().rewrite(&changes, &target, Existing::Keep).unwrap();
    let copy = OnnxFile::read(&target).unwrap();
    assert_eq!(all_elements(&copy)["b.1"], Elements::F32(vec![4.0, 5.0]));
    assert_eq!(fs::read(other.path().join("old.onnx.data")).unwrap(), data);
    assert_eq!(copy.model().unwrap().graph.nodes[1].inputs, ["b.1"]);
}

#[test]
fn a_failure_leaves_no_file() {
    let (_folder, path, _) = with_external();
    let other = tempfile::tempdir().unwrap();
    let target = other.path().join("new.onnx");
    fs::write(other.path().join("old.onnx.data"), b"mine").unwrap();
    let file = OnnxFile::read(&path).unwrap();
    assert!(file.rewrite(&new_b(), &target, Existing::Keep).is_err());
    assert_eq!(fs::read_dir(other.path()).unwrap().count(), 1);
    assert_eq!(fs::read(other.path().join("old.onnx.data")).unwrap(), b"mine");
}

#[test]
fn elements_that_two_tensors_share_are_not_changed() {
    let (_folder, path, _) = with_external();
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.windows(2).rposition(|window| window == b"16").unwrap();
    bytes[at..at + 2].copy_from_slice(b"08");
    let file = OnnxFile { path: path.clone(), bytes };
    let other = tempfile::tempdir().unwrap();
    let error = file.rewrite(&new_b(), &other.path().join("new.onnx"), Existing::Keep);
    let error = error.unwrap_err().to_string();
    assert!(error.contains("found bytes that belong to \"a\" as well"), "{error}");
}

#[test]
fn every_tensor_of_a_model_is_found_at_its_place() {
    for (name, bytes) in MODELS {
        let file = model_file(bytes);
        let model = file.model().unwrap();
        let layout = Layout::new(&file).unwrap();
        let attributes = model.graph.nodes.iter().flat_map(|node| &node.attributes);
        let constants = attributes.filter_map(|attribute| attribute.tensor());
        for tensor in model.graph.initializers.iter().chain(constants) {
            let (span, found) = layout.tensors.iter().find(|(_, t)| t.at == tensor.at).unwrap();
            assert_eq!((span.start, found), (tensor.at, tensor), "{name}");
        }
    }
}
