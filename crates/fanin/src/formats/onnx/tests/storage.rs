//! Elements of every type, in every way that they may be stored.

use super::super::encode::{Message, put_varint};
use super::*;

fn tensor_file(bytes: Vec<u8>) -> OnnxFile {
    OnnxFile { path: "input_0.pb".into(), bytes }
}

/// A tensor of two axes, its elements in one field.
fn message(element_type: i64, dims: &[i64], number: u32, payload: &[u8]) -> Vec<u8> {
    let mut message = Message::default();
    dims.iter().for_each(|axis| message.int(1, *axis));
    message.int(2, element_type);
    message.bytes(number, payload);
    message.0
}

#[track_caller]
fn check(bytes: Vec<u8>, expected: &Elements) {
    let file = tensor_file(bytes);
    assert_eq!(file.elements(&file.tensor().unwrap()).unwrap(), *expected);
}

fn varints(values: &[i64]) -> Vec<u8> {
    let mut packed = Vec::new();
    values.iter().for_each(|value| put_varint(&mut packed, *value as u64));
    packed
}

#[test]
fn raw_elements_of_every_type_are_read() {
    let floats = Elements::F32(vec![1.5, -0.25]);
    check(message(1, &[2], 9, &[0, 0, 0xC0, 0x3F, 0, 0, 0x80, 0xBE]), &floats);
    check(message(10, &[2], 9, &[0x00, 0x3E, 0x00, 0xB4]), &floats);
    check(message(16, &[2], 9, &[0xC0, 0x3F, 0x80, 0xBE]), &floats);
    check(message(11, &[1], 9, &1.5_f64.to_le_bytes()), &Elements::F64(vec![1.5]));
    check(message(2, &[2], 9, &[1, 255]), &Elements::I64(vec![1, 255]));
    check(message(3, &[2], 9, &[1, 255]), &Elements::I64(vec![1, -1]));
    check(message(4, &[1], 9, &[0xFE, 0xFF]), &Elements::I64(vec![65534]));
    check(message(5, &[1], 9, &[0xFE, 0xFF]), &Elements::I64(vec![-2]));
    check(message(6, &[1], 9, &(-3_i32).to_le_bytes()), &Elements::I64(vec![-3]));
    check(message(7, &[1], 9, &i64::MIN.to_le_bytes()), &Elements::I64(vec![i64::MIN]));
    check(message(9, &[3], 9, &[0, 1, 2]), &Elements::Bool(vec![false, true, true]));
    check(message(12, &[1], 9, &[255; 4]), &Elements::I64(vec![i64::from(u32::MAX)]));
    check(message(13, &[1], 9, &[255; 8]), &Elements::U64(vec![u64::MAX]));
    // The first element lies in the lowest bits.
    check(message(21, &[3], 9, &[0xF1, 0x02]), &Elements::I64(vec![1, 15, 2]));
    check(message(22, &[3], 9, &[0xF1, 0x07]), &Elements::I64(vec![1, -1, 7]));
    check(message(25, &[3], 9, &[0b11_10_01]), &Elements::I64(vec![1, 2, 3]));
    check(message(26, &[3], 9, &[0b11_10_01]), &Elements::I64(vec![1, -2, -1]));
}

#[test]
fn typed_elements_of_every_type_are_read() {
    let floats = Elements::F32(vec![1.5, -0.25]);
    check(message(1, &[2], 4, &[0, 0, 0xC0, 0x3F, 0, 0, 0x80, 0xBE]), &floats);
    check(message(10, &[2], 5, &varints(&[0x3E00, 0xB400])), &floats);
    check(message(16, &[2], 5, &varints(&[0x3FC0, 0xBE80])), &floats);
    check(message(11, &[1], 10, &1.5_f64.to_le_bytes()), &Elements::F64(vec![1.5]));
    check(message(2, &[2], 5, &varints(&[1, 255])), &Elements::I64(vec![1, 255]));
    check(message(3, &[2], 5, &varints(&[1, -1])), &Elements::I64(vec![1, -1]));
    check(message(4, &[1], 5, &varints(&[65534])), &Elements::I64(vec![65534]));
    check(message(5, &[1], 5, &varints(&[-2])), &Elements::I64(vec![-2]));
    check(message(6, &[1], 5, &varints(&[-3])), &Elements::I64(vec![-3]));
    check(message(7, &[1], 7, &varints(&[i64::MIN])), &Elements::I64(vec![i64::MIN]));
    check(message(9, &[2], 5, &varints(&[0, 1])), &Elements::Bool(vec![false, true]));
    check(message(12, &[1], 11, &varints(&[0xFFFF_FFFF])), &Elements::I64(vec![0xFFFF_FFFF]));
    check(message(13, &[1], 11, &varints(&[-1])), &Elements::U64(vec![u64::MAX]));
    check(message(22, &[3], 5, &varints(&[0xF1, 0x07])), &Elements::I64(vec![1, -1, 7]));
    check(message(8, &[1], 6, b"text"), &Elements::Strings(vec![b"text".to_vec()]));
}

#[test]
fn packed_and_single_numbers_read_alike_and_may_be_mixed() {
    let mut mixed = Message::default();
    mixed.bytes(1, &[3]);
    mixed.int(2, 7);
    mixed.int(7, 1);
    mixed.bytes(7, &varints(&[-2]));
    mixed.int(7, 3);
    check(mixed.0, &Elements::I64(vec![1, -2, 3]));
}

#[test]
fn tensors_without_elements_and_scalars_are_read() {
    check(message(1, &[0, i64::MAX], 9, &[]), &Elements::F32(vec![]));
    check(message(7, &[2, 0], 7, &[]), &Elements::I64(vec![]));
    check(message(1, &[], 9, &[0; 4]), &Elements::F32(vec![0.0]));
}

#[test]
fn unknown_fields_types_and_groups_are_let_be() {
    let mut bytes = message(1, &[1], 9, &[0; 4]);
    let mut unknown = Message::default();
    unknown.bytes(1000, b"later");
    unknown.int(1001, 5);
    bytes.extend(unknown.0);
    // A group of field 1002 with a number and a group of 1003 in it; fixed numbers of both sizes.
    bytes.extend([0xD3, 0x3E, 0x08, 0x01, 0xDB, 0x3E, 0xDC, 0x3E, 0xD4, 0x3E]);
    bytes.extend([0xE5, 0x3E, 0, 0, 0, 0, 0xE9, 0x3E, 0, 0, 0, 0, 0, 0, 0, 0]);
    check(bytes, &Elements::F32(vec![0.0]));
    let file = tensor_file(message(99, &[1], 9, &[1, 2, 3]));
    let tensor = file.tensor().unwrap();
    assert_eq!(tensor.element_type, ElementType::Unknown(99));
    let error = file.elements(&tensor).unwrap_err().to_string();
    assert!(error.contains("found elements of type element type 99"), "{error}");
}

#[test]
fn types_that_are_not_read_are_named() {
    let file = tensor_file(message(17, &[2], 9, &[1, 2]));
    let error = file.elements(&file.tensor().unwrap()).unwrap_err().to_string();
    assert!(error.contains("float8e4m3fn") && error.contains("bfloat16"), "{error}");
}

#[test]
fn numbers_become_others_only_where_nothing_is_lost() {
    assert_eq!(Elements::I64(vec![1 << 53]).to_f64(), Some(vec![9_007_199_254_740_992.0]));
    assert_eq!(Elements::I64(vec![(1 << 53) + 1]).to_f64(), None);
    assert_eq!(Elements::Bool(vec![true]).to_i64(), Some(vec![1]));
    assert_eq!(Elements::U64(vec![u64::MAX]).to_i64(), None);
    assert_eq!(Elements::F32(vec![1.0]).to_i64(), None);
    assert!(Elements::I64(vec![128]).to_bytes(ElementType::I8).is_err());
    assert_eq!(Elements::I64(vec![-128]).to_bytes(ElementType::I8).unwrap(), [0x80]);
    assert_eq!(Elements::I64(vec![1, -1, 7]).to_bytes(ElementType::I4).unwrap(), [0xF1, 0x07]);
    // 65520 lies halfway between the largest number of half precision and the next there would be.
    assert!(Elements::F32(vec![65520.0]).to_bytes(ElementType::F16).is_err());
    assert_eq!(Elements::F32(vec![65519.0]).to_bytes(ElementType::F16).unwrap(), [0xFF, 0x7B]);
    assert!(Elements::F64(vec![1e300]).to_bytes(ElementType::F32).is_err());
    let infinite = Elements::F32(vec![f32::INFINITY]).to_bytes(ElementType::F16).unwrap();
    assert_eq!(infinite, [0x00, 0x7C]);
}

#[test]
fn numbers_of_every_type_have_their_onnx_number_and_name() {
    for number in 0..=26 {
        let kind = ElementType::from_number(number);
        assert_eq!(kind.number(), number);
        assert_ne!(kind.name(), "unknown");
    }
    assert_eq!(ElementType::from_number(-7).number(), -7);
}

#[test]
fn attributes_follow_their_type_even_where_the_value_is_left_out() {
    let mut zero = Message::default();
    zero.text(1, "axis");
    zero.int(20, 2);
    let mut old = Message::default();
    old.text(1, "axes");
    old.bytes(8, &varints(&[1, -1]));
    let mut reference = Message::default();
    reference.text(1, "alpha");
    reference.text(21, "outer");
    reference.int(20, 1);
    let mut node = Message::default();
    node.text(4, "Op");
    [&zero, &old, &reference].iter().for_each(|attribute| node.bytes(5, &attribute.0));
    let mut graph = Message::default();
    graph.bytes(1, &node.0);
    let mut model = Message::default();
    model.bytes(7, &graph.0);
    model.bytes(8, &[0x10, 20]);
    let file = samples::model_file(&model.0);
    let model = file.model().unwrap();
    let node = &model.graph.nodes[0];
    assert_eq!(node.attribute("axis").unwrap().int(), Some(0));
    assert_eq!(node.attribute("axes").unwrap().ints(), Some(&[1, -1][..]));
    assert_eq!(node.attribute("alpha").unwrap().value, AttributeValue::Reference("outer"));
}
