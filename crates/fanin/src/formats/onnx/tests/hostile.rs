//! Bytes that lie: always an error with a place or a model, never a panic.

use super::super::encode::{Message, put_varint};
use super::*;
use samples::{MODELS, model_file, small};

/// Reads all that can be read, and follows every promise of a model that was read.
fn exercise(bytes: &[u8]) -> Option<String> {
    let file = model_file(bytes);
    let model = match file.model() {
        Ok(model) => model,
        Err(error) => return Some(error.to_string()),
    };
    for tensor in &model.graph.initializers {
        let elements = file.elements(tensor);
        assert!(elements.is_err() || elements.is_ok_and(|e| e.len() == tensor.len()));
    }
    if file.order(&model).is_ok() {
        follow_changes(&file, &model);
    }
    let written = model.to_bytes();
    assert!(model_file(&written).model().is_ok(), "what was written is not read");
    None
}

/// A copy without changes has the same bytes; one with changes is a model that has them.
fn follow_changes(file: &OnnxFile, model: &Model<'_>) {
    let mut same = Changes::default();
    let mut other = Changes::default();
    for tensor in &model.graph.initializers {
        let Ok(elements) = file.elements(tensor) else { continue };
        if let (Elements::F32(values), false) = (&elements, matches!(tensor.data, Data::Missing)) {
            let halved = Elements::F32(values.iter().map(|x| x * 0.5).collect());
            other.elements.insert(tensor.name.to_owned(), halved);
        }
        if !matches!(tensor.data, Data::Missing) {
            same.elements.insert(tensor.name.to_owned(), elements);
        }
    }
    assert_eq!(file.rewritten(&same).unwrap(), file.bytes);
    let copy = model_file(&file.rewritten(&other).unwrap());
    let changed = copy.model().unwrap();
    for (tensor, old) in changed.graph.initializers.iter().zip(&model.graph.initializers) {
        assert_eq!((tensor.name, &tensor.dims), (old.name, &old.dims));
        if let Some(wanted) = other.elements.get(tensor.name) {
            let fitting = wanted.to_bytes(tensor.element_type).unwrap();
            let found = copy.elements(tensor).unwrap().to_bytes(tensor.element_type).unwrap();
            assert_eq!(found, fitting);
        }
    }
}

#[track_caller]
fn check_place(error: &str) {
    assert!(error.starts_with("model.onnx: byte "), "{error}");
    assert!(error.contains(": found ") && error.contains(", expected "), "{error}");
}

/// Where fields of the whole message end: a file cut there is a message as well.
fn field_ends(bytes: &[u8]) -> Vec<usize> {
    let fields = wire::Fields::new(Span { bytes, start: 0 });
    fields.map(|field| field.unwrap().end()).collect()
}

#[test]
fn a_model_cut_at_any_byte_is_refused_unless_a_field_ends_there() {
    let small = small();
    for bytes in [&small[..], samples::SKLEARN] {
        let ends = field_ends(bytes);
        for length in 0..bytes.len() {
            match exercise(&bytes[..length]) {
                Some(error) => check_place(&error),
                None => assert!(ends.contains(&length), "cut after {length} bytes"),
            }
        }
        assert_eq!(exercise(bytes), None);
    }
}

#[test]
fn a_model_with_any_byte_changed_is_read_or_refused() {
    let small = small();
    let mut refused = 0;
    for bytes in [&small[..], samples::SKLEARN] {
        for at in 0..bytes.len() {
            for change in [0x01, 0x04, 0x80, 0xFF] {
                let mut changed = bytes.to_vec();
                changed[at] ^= change;
                if let Some(error) = exercise(&changed) {
                    check_place(&error);
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 1000, "{refused}");
}

/// Bytes that look drawn at random, the same ones every time.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        self.0 >> 33
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }
}

#[test]
fn random_bytes_are_refused() {
    let mut noise = Noise(7);
    for length in 1..2000 {
        let bytes = noise.bytes(length % 200 + 1);
        if let Some(error) = exercise(&bytes) {
            check_place(&error);
        }
    }
}

/// Some changes at random: bytes flipped, removed, doubled, or numbers made huge.
fn mutated(bytes: &[u8], noise: &mut Noise) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=noise.next() % 4 {
        if bytes.is_empty() {
            break;
        }
        let at = noise.next() as usize % bytes.len();
        let end = (at + noise.next() as usize % 16).min(bytes.len());
        match noise.next() % 5 {
            0 => bytes[at] = noise.next() as u8,
            1 => drop(bytes.drain(at..end)),
            2 => {
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy);
            }
            3 => {
                let huge = 1 << (noise.next() % 64);
                let mut varint = Vec::new();
                put_varint(&mut varint, huge);
                bytes.splice(at..=at, varint);
            }
            _ => bytes.truncate(at),
        }
    }
    bytes
}

fn mutate(seed: u64, rounds: usize) {
    let mut noise = Noise(seed);
    let small = small();
    let samples: Vec<&[u8]> = MODELS.iter().map(|(_, bytes)| *bytes).chain([&small[..]]).collect();
    for _ in 0..rounds {
        let sample = samples[noise.next() as usize % samples.len()];
        if let Some(error) = exercise(&mutated(sample, &mut noise)) {
            check_place(&error);
        }
    }
}

#[test]
fn mutated_models_are_read_or_refused() {
    mutate(1, 2000);
}

/// Run by `cargo test --release -p fanin --lib onnx::tests::hostile -- --ignored`.
#[test]
#[ignore = "long: a million mutated models"]
fn a_million_mutated_models_are_read_or_refused() {
    mutate(2, 1_000_000);
}

/// A model whose graph has this one field.
fn model_with(number: u32, message: &[u8]) -> Vec<u8> {
    let mut graph = Message::default();
    graph.bytes(number, message);
    model_of(&graph.0)
}

fn model_of(graph: &[u8]) -> Vec<u8> {
    let mut model = Message::default();
    model.bytes(7, graph);
    model.bytes(8, &[0x10, 20]);
    model.0
}

#[track_caller]
fn check(bytes: &[u8], expected: &str) {
    let error = model_file(bytes).model().unwrap_err().to_string();
    check_place(&error);
    assert!(error.contains(expected), "{error}");
}

#[test]
fn a_file_of_another_kind_is_told_and_a_cut_model_is_not_taken_for_one() {
    const HINT: &str = "(this file does not begin as ONNX models do)";
    check(b"root:x:0:0:root:/root:/bin/bash", HINT);
    let cut = model_file(&small()[..40]).model().unwrap_err().to_string();
    assert!(!cut.contains(HINT), "{cut}");
}

fn tensor(dims: &[i64], raw: &[u8]) -> Vec<u8> {
    let mut tensor = Message::default();
    dims.iter().for_each(|axis| tensor.int(1, *axis));
    tensor.int(2, 1);
    tensor.bytes(9, raw);
    tensor.0
}

#[test]
fn senseless_shapes_are_told() {
    let shaped = |dims: &[i64]| model_with(5, &tensor(dims, &[]));
    check(&shaped(&[2, -1]), "graph.initializer[0].dims[1]: found -1, expected a length of 0");
    check(&shaped(&[i64::MAX, i64::MAX]), "dims[1]: found 9223372036854775807, expected axes");
    check(&shaped(&[1 << 62, 2]), "dims[1]: found 2, expected axes whose product is below 2⁶³");
    check(&shaped(&[1 << 40]), "raw_data: found 0 bytes, expected 4398046511104 bytes for float[");
    check(&shaped(&[0, i64::MAX, 2]), "dims[2]: found 2");
}

#[test]
fn elements_that_do_not_fit_the_shape_are_told() {
    check(&model_with(5, &tensor(&[2], &[0; 7])), "found 7 bytes, expected 8 bytes for float[2]");
    let mut typed = Message::default();
    typed.int(1, 3);
    typed.int(2, 7);
    typed.bytes(7, &[1, 2]);
    check(&model_with(5, &typed.0), "int64_data: found 2 numbers, expected as many as int64[3]");
    let mut wrong = Message::default();
    wrong.int(1, 1);
    wrong.int(2, 1);
    wrong.bytes(7, &[1]);
    check(&model_with(5, &wrong.0), "int64_data: found elements of type float, expected them in");
    let mut two = Message(tensor(&[1], &[0; 4]));
    two.bytes(4, &[0; 4]);
    check(&model_with(5, &two.0), "found elements in several fields, expected in one");
}

#[test]
fn lying_lengths_and_wrong_wire_types_are_told_with_their_byte() {
    check(&[0x3A, 0x05, 0x00], "byte 2: found a length of 5 bytes, expected at most the 1 that");
    check(&[0x3A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], "found a length of");
    check(&[0x38, 0x05], "byte 0, graph: found a number of variable length, expected bytes");
    check(&[0x3F], "byte 0: found wire type 7");
    check(&[0x00], "byte 0: found field number 0");
    check(&[0x80; 11], "byte 0: found more than 10 bytes");
    check(&[], "byte 0: found no graph, expected an ONNX model");
    let mut node = Message::default();
    node.bytes(4, &[0xFF, 0xFE]);
    check(&model_with(1, &node.0), "graph.node[0].op_type: found bytes that are no UTF-8");
    check(&model_with(1, &[]), "graph.node[0].op_type: found no operator");
    let mut group = model_of(&[]);
    group.extend([0xD3, 0x3E]);
    check(&group, "found the end");
    group.extend([0xDC, 0x3E]);
    check(&group, "found wire type 4");
}

#[test]
fn messages_nested_too_deep_are_told() {
    let mut graph = Vec::new();
    for _ in 0..40 {
        let mut attribute = Message::default();
        attribute.bytes(6, &graph);
        let mut node = Message::default();
        node.text(4, "If");
        node.bytes(5, &attribute.0);
        let mut outer = Message::default();
        outer.bytes(1, &node.0);
        graph = outer.0;
    }
    check(&model_of(&graph), "found messages nested deeper, expected at most 100 levels");
    let groups = [0xD3, 0x3E].repeat(200_000);
    check(&groups, "found groups nested deeper");
}

#[test]
fn a_file_of_countless_messages_is_refused_before_memory_runs_out() {
    // Empty inputs and sparse initializers: two bytes each in the file, a hundred and more in memory.
    for tag in [0x5A, 0x7A] {
        let graph = [tag, 0x00].repeat(1 << 19);
        check(&model_of(&graph), "found messages that need more memory, expected no more than 32");
    }
}

#[test]
fn elements_that_are_nowhere_are_told() {
    let mut bare = Message::default();
    bare.int(1, 2);
    bare.int(2, 1);
    bare.text(8, "w");
    let file = model_file(&model_with(5, &bare.0));
    let model = file.model().unwrap();
    let error = file.elements(&model.graph.initializers[0]).unwrap_err().to_string();
    check_place(&error);
    assert!(error.contains("tensor \"w\": found no elements, expected 2 elements"), "{error}");
}
