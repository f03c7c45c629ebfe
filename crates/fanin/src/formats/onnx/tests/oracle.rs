//! Another reader of the format says the same.

use rten_onnx::onnx::{GraphProto, ModelProto, TensorProto};

use super::*;
use samples::{MODELS, model_file};

/// Counts, names, shapes, types and elements are the other reader's.
fn check(name: &str, bytes: &[u8]) {
    let file = model_file(bytes);
    let (ours, theirs) = (file.model().unwrap(), ModelProto::parse_buf(bytes).unwrap());
    assert_eq!(Some(ours.ir_version), theirs.ir_version, "{name}");
    assert_eq!(Some(ours.producer_name), theirs.producer_name.as_deref(), "{name}");
    let opsets = theirs.opset_import.iter();
    let opsets: Vec<_> = opsets.map(|o| (o.domain.as_deref().unwrap_or(""), o.version)).collect();
    let own = ours.opset_imports.iter().map(|o| (o.domain, Some(o.version)));
    assert!(own.eq(opsets), "{name}");
    check_graph(name, &file, &ours.graph, theirs.graph.as_ref().unwrap());
}

fn check_graph(name: &str, file: &OnnxFile, ours: &Graph<'_>, theirs: &GraphProto) {
    assert_eq!(ours.nodes.len(), theirs.node.len(), "{name}");
    for (own, other) in ours.nodes.iter().zip(&theirs.node) {
        assert_eq!(Some(own.op_type), other.op_type.as_deref(), "{name}");
        assert_eq!(own.name, other.name.as_deref().unwrap_or(""), "{name}");
        assert_eq!(own.domain, other.domain.as_deref().unwrap_or(""), "{name}");
        assert_eq!(own.inputs, other.input, "{name}");
        assert_eq!(own.outputs, other.output, "{name}");
        assert_eq!(own.attributes.len(), other.attribute.len(), "{name}");
        for (own, other) in own.attributes.iter().zip(&other.attribute) {
            assert_eq!(own.name, other.name.as_deref().unwrap(), "{name}");
            match &own.value {
                AttributeValue::Int(value) => assert_eq!(*value, other.i.unwrap_or(0)),
                AttributeValue::Float(value) => assert_eq!(*value, other.f.unwrap_or(0.0)),
                AttributeValue::String(_) => {
                    assert_eq!(own.string(), Some(other.s.as_deref().unwrap_or("")));
                }
                AttributeValue::Ints(values) => assert_eq!(*values, other.ints),
                AttributeValue::Floats(values) => assert_eq!(*values, other.floats),
                AttributeValue::Strings(_) => assert_eq!(own.strings().unwrap(), other.strings),
                AttributeValue::Tensor(tensor) => {
                    check_tensor(name, file, tensor, other.t.as_ref().unwrap());
                }
                AttributeValue::Graph(graph) => {
                    check_graph(name, file, graph, other.g.as_ref().unwrap());
                }
                other => panic!("{name}: {other:?} is not compared"),
            }
        }
    }
    assert_eq!(ours.initializers.len(), theirs.initializer.len(), "{name}");
    for (own, other) in ours.initializers.iter().zip(&theirs.initializer) {
        check_tensor(name, file, own, other);
    }
    for (own, other) in [
        (&ours.inputs, &theirs.input),
        (&ours.outputs, &theirs.output),
        (&ours.value_infos, &theirs.value_info),
    ] {
        let names: Vec<&str> = other.iter().map(|value| value.name.as_deref().unwrap()).collect();
        assert!(own.iter().map(|value| value.name).eq(names), "{name}");
    }
}

fn check_tensor(name: &str, file: &OnnxFile, ours: &Tensor<'_>, theirs: &TensorProto) {
    assert_eq!(ours.name, theirs.name.as_deref().unwrap_or(""), "{name}");
    assert!(ours.dims.iter().map(|axis| *axis as i64).eq(theirs.dims.iter().copied()), "{name}");
    assert_eq!(ours.element_type.number(), i64::from(theirs.data_type.unwrap().0), "{name}");
    if let Some(raw) = &theirs.raw_data {
        let Data::Raw(own) = ours.data else { panic!("{name}: {:?}", ours.data) };
        assert_eq!(own.bytes, *raw.borrow(), "{name}");
        return;
    }
    match file.elements(ours).unwrap() {
        Elements::F32(values) => assert_eq!(values, theirs.float_data, "{name}"),
        Elements::F64(values) => assert_eq!(values, theirs.double_data, "{name}"),
        Elements::I64(values) if ours.element_type == ElementType::I64 => {
            assert_eq!(values, theirs.int64_data, "{name}");
        }
        Elements::I64(values) => {
            assert!(values.into_iter().eq(theirs.int32_data.iter().map(|x| i64::from(*x))));
        }
        other => panic!("{name}: {other:?} is not compared"),
    }
}

#[test]
fn another_reader_says_the_same_of_every_sample() {
    MODELS.iter().for_each(|(name, bytes)| check(name, bytes));
}

/// Run by `FANIN_MODELS=folder cargo test -p fanin onnx::tests::oracle -- --ignored`.
#[test]
#[ignore = "needs a folder of models"]
fn another_reader_says_the_same_of_a_folder_of_models() {
    let folder = std::env::var_os("FANIN_MODELS").expect("FANIN_MODELS names a folder");
    let mut compared = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "onnx") {
            check(&path.display().to_string(), &std::fs::read(&path).unwrap());
            compared += 1;
        }
    }
    assert!(compared > 0);
}
